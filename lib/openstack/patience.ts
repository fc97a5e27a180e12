/**
 * A list that is read goes on at the page that failed, when the service is back: for long walks, of which a short
 * outage shall cost no more than that page.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { isRefused, OpenstackError } from "./http.ts";

const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };
/** Whoever waits says at least this often that it lives, ms. */
const BEAT_MS = 1000;
/**
 * Outages last no longer than this in all before a list fails, ms: each from its first failure until all pages that
 * failed have come, tries included; however many pages fail at a time.
 */
const LIMIT_MS = 5 * 60_000;

/** What a {@linkcode Patience} needs. */
export interface PatienceOptions {
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  /** Called when it begins to wait, with why, a sentence, and before each further try; null: it goes on. */
  onTrouble(why: string | null): void;
  /** Called about once a second while it waits. */
  onBeat(): void;
  /** How long outages may last in all, ms. @default 5 minutes */
  readonly limitMs?: number;
}

/** The time since a page failed, until all that failed have come. */
interface Outage {
  /** By the monotonic clock, ms. */
  readonly since: number;
  readonly until: number;
  /** Aborted when it has lasted too long. */
  readonly tooLong: AbortController;
  /** Aborted when it is over. */
  readonly over: AbortController;
}

type Read<T> = (signal: AbortSignal) => Promise<T>;

/** Reads pages again that failed for what may pass: no answer, 429 and 5xx. */
export class Patience {
  readonly #stopped = new AbortController();
  /** Pages that have failed and are to be read again. */
  #failing = 0;
  /** The one that lasts while pages are failing. */
  #outage: Outage | null = null;
  /** How long the ones before it lasted, ms. */
  #spentMs = 0;

  constructor(readonly options: PatienceOptions) {}

  /** Nothing is waited for any more: what fails from now on, or is waited for or tried again, fails at once. */
  stop(): void {
    this.#stopped.abort();
  }

  /**
   * What `read` gives; each further try is aborted when the outage lasts too long.
   *
   * @throws what it threw last, and the signal's reason.
   */
  async run<T>(read: Read<T>, signal: AbortSignal): Promise<T> {
    try {
      return await read(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!mayPass(error)) throw error;
      return await this.#again(read, error, signal);
    }
  }

  /** Tries it again and again, after that failure. */
  async #again<T>(read: Read<T>, failure: unknown, signal: AbortSignal): Promise<T> {
    const outage = this.#begin();
    const any = AbortSignal.any([signal, outage.tooLong.signal, this.#stopped.signal]);
    let last = failure;
    let answers = false;
    try {
      for (let failures = 0;; failures++) {
        await this.#wait(outage, last, failures, any);
        try {
          const page = await read(any);
          answers = true;
          return page;
        } catch (error) {
          any.throwIfAborted();
          // Whoever walks a list goes on where a marker is gone; all else ends it.
          answers = isRefused(error, 404);
          if (!mayPass(error)) throw error;
          last = error;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      throw any.aborted ? last : error;
    } finally {
      this.#end(outage, answers);
    }
  }

  /** A page fails. */
  #begin(): Outage {
    this.#failing++;
    if (this.#outage) return this.#outage;
    const { clock, limitMs = LIMIT_MS } = this.options;
    const since = clock.monotonic();
    const leftMs = limitMs - this.#spentMs;
    const [tooLong, over] = [new AbortController(), new AbortController()];
    clock.sleep(leftMs, over.signal).then(() => tooLong.abort(), () => {});
    return this.#outage = { since, until: since + leftMs, tooLong, over };
  }

  /** One that failed does so no more, or is given up. */
  #end({ since, over }: Outage, answers: boolean): void {
    if (--this.#failing > 0) return;
    this.#outage = null;
    this.#spentMs += this.options.clock.monotonic() - since;
    over.abort();
    if (answers) this.options.onTrouble(null);
  }

  /** Waits before the next try. @throws the failure when there is none, the signal's reason. */
  async #wait(
    { until }: Outage,
    failure: unknown,
    failures: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, onTrouble, onBeat } = this.options;
    signal.throwIfAborted();
    const pauseMs = Math.round(backoffMs(BACKOFF, failures));
    if (clock.monotonic() + pauseMs > until) throw failure;
    onTrouble(
      `Neutron fails in the middle of a list (${describeError(failure)}); it goes on at the same ` +
        `page, next try in ${Math.round(pauseMs / 1000)} s`,
    );
    for (let leftMs = pauseMs; leftMs > 0; leftMs -= BEAT_MS) {
      onBeat();
      await clock.sleep(Math.min(BEAT_MS, leftMs), signal);
    }
  }
}

/** Whether it may pass by itself. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof OpenstackError)) return false;
  const { status } = error;
  return status === null || status === 429 || status >= 500;
}
