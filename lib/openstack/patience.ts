/**
 * A list that is read goes on at the page that failed, when the service is back: for long walks, of which a short
 * outage shall cost no more than that page.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { OpenstackError } from "./http.ts";

const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };
/** Whoever waits says at least this often that it lives, ms. */
const BEAT_MS = 1000;
/** So long is waited for in all before it fails, ms; while several pages wait at a time, that counts once. */
const LIMIT_MS = 5 * 60_000;

/** What a {@linkcode Patience} needs. */
export interface PatienceOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Called when it begins to wait, with why, a sentence, and before each further try; null: it goes on. */
  onTrouble(why: string | null): void;
  /** Called about once a second while it waits. */
  onBeat(): void;
  /** How long it waits in all, ms. @default 5 minutes */
  readonly limitMs?: number;
}

/** Reads pages again that failed for what may pass: no answer, 429 and 5xx. */
export class Patience {
  readonly #over = new AbortController();
  /** Pages that have failed and are to be read again. */
  #failing = 0;
  /** Pages that wait now, and since when some do, by the monotonic clock, ms. */
  #waiting = 0;
  #waitingSince = 0;
  /** How long was waited for before that, ms. */
  #waitedMs = 0;

  constructor(readonly options: PatienceOptions) {}

  /** Nothing is waited for any more: what fails from now on, or is waited for, fails at once. */
  stop(): void {
    this.#over.abort();
  }

  /** What `read` gives. @throws what it threw last, and the signal's reason. */
  async run<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let failures = 0;; failures++) {
      try {
        const page = await read();
        if (failures > 0 && --this.#failing === 0) this.options.onTrouble(null);
        return page;
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error)) throw error;
        if (failures === 0) this.#failing++;
        if (!await this.#wait(error, failures, signal)) throw error;
      }
    }
  }

  /** Waits before the next try; false: there is none. */
  async #wait(error: unknown, failures: number, signal: AbortSignal): Promise<boolean> {
    const { clock, onTrouble, onBeat, limitMs = LIMIT_MS } = this.options;
    const pauseMs = Math.round(backoffMs(BACKOFF, failures));
    const from = clock.monotonic();
    const waitedMs = this.#waitedMs + (this.#waiting > 0 ? from - this.#waitingSince : 0);
    if (this.#over.signal.aborted || waitedMs + pauseMs > limitMs) return false;
    onTrouble(
      `Neutron fails in the middle of a list (${describeError(error)}); it goes on at the same ` +
        `page, next try in ${Math.round(pauseMs / 1000)} s`,
    );
    const either = AbortSignal.any([signal, this.#over.signal]);
    if (this.#waiting++ === 0) this.#waitingSince = from;
    try {
      for (let leftMs = pauseMs; leftMs > 0; leftMs -= BEAT_MS) {
        onBeat();
        await clock.sleep(Math.min(BEAT_MS, leftMs), either);
      }
    } catch {
      signal.throwIfAborted();
      return false;
    } finally {
      if (--this.#waiting === 0) this.#waitedMs += clock.monotonic() - this.#waitingSince;
    }
    return true;
  }
}

/** Whether it may pass by itself. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof OpenstackError)) return false;
  const { status } = error;
  return status === null || status === 429 || status >= 500;
}
