/**
 * A watch that resumes by our own rule: the next revision is that of the last response plus one.
 * npm:etcd3's own resume moves past what it has delivered and loses events, so the watcher is
 * cancelled and made anew at the first sign of trouble.
 *
 * What resuming cannot mend ends the watch, and a snapshot has to be read again: a compaction, a
 * cancellation, another cluster behind the same address, a stream that is silent although a key in its
 * range was written, a reader that is too slow.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { Clock } from "../base/clock.ts";
import { prefixEnd } from "./snapshot.ts";

/** One change; `value` is null for a deletion. Revisions are decimal strings. */
export interface WatchEvent {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly modRevision: string;
}

/** The watch cannot go on without loss: read a snapshot again. The message says why. */
export class WatchLostError extends Error {
  override readonly name = "WatchLostError";
}

/** Options of {@linkcode watchFrom}. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The cluster of the snapshot. */
  readonly clusterId: string;
  /** Keys that are followed; the others are dropped before anything is made of them. */
  wants(key: string): boolean;
  /** A key in the range that is written when the stream is silent, and must come back; null: none. */
  readonly roundTripKey: string | null;
  /** Called when etcd does not answer, with the error; null once it does. */
  onTrouble(error: unknown): void;
  /** Called with each turn, with the longest time until the next one, ms. */
  onTurn?(withinMs: number): void;
  /** The client's deadline of one call, ms, of which that time is made. @default 60000 */
  readonly callTimeoutMs?: number;
  /** Times, for tests. */
  readonly quietMs?: number;
  readonly roundTripMs?: number;
  /** @default 50000 */
  readonly maxQueued?: number;
}

const RETRY_MS = 500;
const CREATE_MS = 5000;
/** Silence after which the round-trip key is written. */
const QUIET_MS = 5000;
/** Time that it has to come back. */
const ROUND_TRIP_MS = 10_000;
/** Events that may wait for the reader. */
const MAX_QUEUED = 50_000;
/** The longest deadline that a call can be given. */
export const MAX_CALL_MS = 60_000;
/** What a turn may take beside waiting and one call: a new stream, a busy machine. */
export const TURN_SLACK_MS = 5000;

interface Batch {
  events: WatchEvent[];
  /** The last revision that this response brought. */
  revision: string;
}
type Item = Batch | Error | "broken" | "quiet";

/**
 * Yields the changes of all keys with a prefix from a revision on, in order, each once.
 *
 * @throws {WatchLostError} read a snapshot again.
 * @throws the signal's reason.
 */
export async function* watchFrom(
  etcd: Etcd3,
  prefix: string,
  fromRevision: string,
  options: WatchOptions,
): AsyncGenerator<WatchEvent[]> {
  const { signal, clock, onTrouble, onTurn } = options;
  const { quietMs = QUIET_MS, callTimeoutMs = MAX_CALL_MS } = options;
  let next = BigInt(fromRevision);
  while (true) {
    signal.throwIfAborted();
    await using stream = new WatchStream(etcd, prefix, String(next), options);
    const roundTrip = new RoundTrip(etcd, options);
    while (true) {
      const waitMs = roundTrip.pending ? roundTrip.leftMs : quietMs;
      onTurn?.(waitMs + callTimeoutMs + TURN_SLACK_MS);
      const item = await stream.take(waitMs);
      signal.throwIfAborted();
      if (item === "broken") break;
      if (item instanceof Error) throw item;
      if (item === "quiet") {
        if (!await roundTrip.check(next)) break;
        continue;
      }
      roundTrip.cameBack();
      onTrouble(null);
      if (item.events.length > 0) yield item.events;
      next = BigInt(item.revision) + 1n;
    }
    await clock.sleep(RETRY_MS, signal);
  }
}

/** The question whether a silent stream still lives. */
class RoundTrip {
  #askedAt: number | null = null;

  constructor(readonly etcd: Etcd3, readonly options: WatchOptions) {}

  get pending(): boolean {
    return this.#askedAt !== null;
  }

  /** Time left for the answer, ms. */
  get leftMs(): number {
    const { clock, roundTripMs = ROUND_TRIP_MS } = this.options;
    return Math.max(1, roundTripMs - (clock.monotonic() - (this.#askedAt ?? clock.monotonic())));
  }

  cameBack(): void {
    this.#askedAt = null;
  }

  /**
   * Writes the key; false when etcd does not take it, so that the stream must be made anew.
   *
   * @throws {WatchLostError} it was written and has not come back, or another etcd answers.
   */
  async check(next: bigint): Promise<boolean> {
    const { clock, clusterId, roundTripKey, onTrouble, signal } = this.options;
    if (roundTripKey === null) return true;
    if (this.pending) {
      throw new WatchLostError("the stream is silent: what was written is not seen");
    }
    try {
      const value = `${clock.now()}:${crypto.randomUUID()}`;
      const { header } = await this.etcd.put(roundTripKey).value(value).exec();
      if (header.cluster_id !== clusterId) throw new WatchLostError("another etcd cluster answers");
      if (BigInt(header.revision) < next) {
        throw new WatchLostError(`etcd is back at revision ${header.revision}: a restored backup`);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof WatchLostError) throw error;
      onTrouble(error);
      return false;
    }
    onTrouble(null);
    this.#askedAt = clock.monotonic();
    return true;
  }
}

/** One watcher as a queue; it is never used again after trouble. */
class WatchStream {
  readonly #queue: Item[] = [];
  readonly #watcher;
  readonly #late: ReturnType<typeof setTimeout>;
  readonly #onAbort = () => this.#put(new Error("aborted"));
  #events = 0;
  #wake = () => {};

  constructor(etcd: Etcd3, prefix: string, revision: string, readonly options: WatchOptions) {
    const { signal, clusterId, wants, maxQueued = MAX_QUEUED } = options;
    const builder = etcd.watch().inRange({ start: prefix, end: prefixEnd(prefix) });
    const watcher = this.#watcher = builder.startRevision(revision).watcher();
    signal.addEventListener("abort", this.#onAbort, { once: true });
    this.#late = setTimeout(() => this.#put("broken"), CREATE_MS);
    watcher.on("connected", () => clearTimeout(this.#late));
    watcher.on("disconnected", () => this.#put("broken"));
    // etcd 3.4 gives no reason when it cancels for a compaction; a snapshot is right for any.
    watcher.on("error", (error) => {
      const cancelled = /compacted|Watcher canceled/.test(error.message);
      this.#put(
        cancelled ? new WatchLostError(`etcd ended the watch: ${error.message}`) : "broken",
      );
    });
    watcher.on("data", ({ header, events }) => {
      if (header && header.cluster_id !== clusterId) {
        return this.#put(new WatchLostError("another etcd cluster answers"));
      }
      const last = events.at(-1);
      if (!last) return;
      const wanted: WatchEvent[] = [];
      for (const { type, kv } of events) {
        const key = kv.key.toString();
        if (!wants(key)) continue;
        const value = type === "Delete" ? null : kv.value;
        wanted.push({ key, value, modRevision: kv.mod_revision });
      }
      this.#putBatch(wanted, last.kv.mod_revision, maxQueued);
    });
  }

  #putBatch(events: WatchEvent[], revision: string, maxQueued: number): void {
    const tail = this.#queue.at(-1);
    if (events.length === 0 && typeof tail === "object" && !(tail instanceof Error)) {
      tail.revision = revision;
      return;
    }
    this.#events += events.length;
    if (this.#events > maxQueued) {
      this.#queue.length = this.#events = 0;
      this.#put(new WatchLostError(`more than ${maxQueued} changes wait to be read`));
    } else this.#put({ events, revision });
  }

  #put(item: Item): void {
    this.#queue.push(item);
    this.#wake();
  }

  /** The next item, or "quiet" when none comes for so long. */
  async take(ms: number): Promise<Item> {
    if (this.#queue.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      const timer = setTimeout(resolve, ms);
      await promise;
      clearTimeout(timer);
    }
    const item = this.#queue.shift() ?? "quiet";
    if (typeof item === "object" && !(item instanceof Error)) this.#events -= item.events.length;
    return item;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#late);
    this.options.signal.removeEventListener("abort", this.#onAbort);
    this.#watcher.on("error", () => {});
    // An abandoned watcher's cancel may wait for a connection that never comes.
    let limit;
    await Promise.race([
      this.#watcher.cancel().catch(() => {}),
      new Promise((resolve) => limit = setTimeout(resolve, 200)),
    ]);
    clearTimeout(limit);
  }
}
