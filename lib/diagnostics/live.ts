/**
 * Live updates as server-sent events: one loop renders for all open streams, each view that somebody
 * follows once, at most once per interval; a stream gets a rendering when it differs from what that
 * stream got last. A reader that is too slow misses renderings in between, never the newest, and
 * costs no more memory than one of them. Trusts the runtime's timers only.
 *
 * Events: `main` (data: HTML), `beat` (data: server time in ms since the epoch).
 *
 * @module
 */

import { isLoopback } from "./peer.ts";
import { clientOf } from "./rate_limit.ts";

/** What a stream follows. */
export interface Followed {
  /** The same for all that look the same. */
  readonly key: string;
}

/** What the streams need. */
export interface LiveOptions<View extends Followed> {
  /** The main part of each of these views now, by key; does not throw. */
  readonly renderAll: (views: readonly View[]) => Promise<ReadonlyMap<string, string>>;
  /** Milliseconds since the epoch, sent in beats. */
  readonly now: () => number;
  /** Ends all streams. */
  readonly signal: AbortSignal;
  readonly maxStreams: number;
  readonly intervalMs: number;
}

interface Stream<View> {
  readonly client: string;
  readonly view: View;
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  sent: string | null;
  /** Intervals in which the reader took nothing. */
  stalled: number;
}

/** A view as it is now. */
interface Rendering {
  readonly html: string;
  /** The event, made when the first stream needs it and shared by all. */
  bytes: Uint8Array | null;
}

/** So many streams are written to before requests get their turn. */
const BATCH = 8;
const BATCH_PAUSE_MS = 10;
/** A beat this often; a page that hears none for three of them calls its connection lost. */
const BEAT_INTERVALS = 5;
/** A reader that takes nothing for so many intervals is let go. */
const MAX_STALLED = 60;
/** Streams of one client. */
const MAX_OF_CLIENT = 32;
const encoder = new TextEncoder();

/** One server-sent event; every line of the data gets its own field. */
export function formatEvent(event: string, data: string): string {
  const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`);
  return `event: ${event}\n${lines.join("")}\n`;
}

/** The open streams of one server. */
export class LiveStreams<View extends Followed> {
  readonly #options: LiveOptions<View>;
  readonly #streams = new Set<Stream<View>>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  #turns = 0;

  constructor(options: LiveOptions<View>) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#closeAll(), { once: true });
  }

  /** Number of open streams. */
  get size(): number {
    return this.#streams.size;
  }

  /**
   * A new stream of a view, or null when there are too many (of that client, unless it is this machine, where a
   * proxy may stand for many), or the server stops.
   */
  open(address: string, view: View): ReadableStream<Uint8Array> | null {
    const { maxStreams, signal, now } = this.#options;
    if (this.#streams.size >= maxStreams || signal.aborted) return null;
    const client = clientOf(address);
    if (!isLoopback(address) && this.#of(client) >= MAX_OF_CLIENT) return null;
    let stream: Stream<View>;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        stream = { client, view, controller, sent: null, stalled: 0 };
        this.#streams.add(stream);
        const greeting = `retry: 2000\n\n${formatEvent("beat", String(now()))}`;
        this.#send(stream, encoder.encode(greeting));
        this.#schedule(0);
      },
      cancel: () => this.#drop(stream),
    }, { highWaterMark: 2 });
  }

  #of(client: string): number {
    return [...this.#streams].filter((stream) => stream.client === client).length;
  }

  #schedule(delayMs: number): void {
    if (this.#busy || this.#options.signal.aborted || this.#streams.size === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), delayMs);
  }

  async #turn(): Promise<void> {
    this.#busy = true;
    const started = performance.now();
    try {
      const views = new Map([...this.#streams].map(({ view }) => [view.key, view]));
      const rendered = await this.#options.renderAll([...views.values()]);
      this.#turns++;
      const events = new Map([...rendered].map(([key, html]) => [key, { html, bytes: null }]));
      await this.#updateAll(events);
    } finally {
      this.#busy = false;
      const spent = performance.now() - started;
      this.#schedule(Math.max(this.#options.intervalMs - spent, this.#options.intervalMs / 2));
    }
  }

  /** A turn's writes to many streams are not to keep requests waiting. */
  async #updateAll(events: ReadonlyMap<string, Rendering>): Promise<void> {
    const streams = [...this.#streams];
    for (const [i, stream] of streams.entries()) {
      const rendering = events.get(stream.view.key);
      if (rendering) this.#update(stream, rendering); // else the stream has come meanwhile
      if (i % BATCH !== BATCH - 1) continue;
      await new Promise((resolve) => setTimeout(resolve, BATCH_PAUSE_MS));
    }
  }

  #update(stream: Stream<View>, rendering: Rendering): void {
    if (!this.#streams.has(stream)) return;
    const { html } = rendering;
    if ((stream.controller.desiredSize ?? 0) <= 0) {
      if (++stream.stalled > MAX_STALLED) this.#close(stream);
      return;
    }
    stream.stalled = 0;
    if (stream.sent !== html) {
      stream.sent = html;
      rendering.bytes ??= encoder.encode(formatEvent("main", html));
      this.#send(stream, rendering.bytes);
    } else if (this.#turns % BEAT_INTERVALS === 0) {
      this.#send(stream, encoder.encode(formatEvent("beat", String(this.#options.now()))));
    }
  }

  #send(stream: Stream<View>, bytes: Uint8Array): void {
    try {
      stream.controller.enqueue(bytes);
    } catch {
      this.#drop(stream); // the reader has gone
    }
  }

  #close(stream: Stream<View>): void {
    this.#drop(stream);
    try {
      stream.controller.close();
    } catch { /* closed already */ }
  }

  #drop(stream: Stream<View>): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) clearTimeout(this.#timer);
  }

  #closeAll(): void {
    for (const stream of [...this.#streams]) this.#close(stream);
    clearTimeout(this.#timer);
  }
}
