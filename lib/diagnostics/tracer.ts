/**
 * Traces for the page: asked for one at a time, few may wait, and no client may ask often. What was found is kept
 * for a while, so that a page that is followed live shows it again and asks for nothing. Trusts the monotonic
 * clock.
 *
 * @module
 */
import { describeError } from "../base/log.ts";
import type { Trace } from "../trace/trace.ts";
import { RateLimit } from "./rate_limit.ts";

/** Asks this node's resource syncer. @throws it does not answer, or the trace has failed. */
export type AskTrace = (query: string, by: string) => Promise<Trace>;

/** What came of a trace. */
export type Traced = { readonly trace: Trace } | {
  readonly refused: string;
  /** `busy`: try again later; `unanswered`: whoever should answer does not. */
  readonly why: "busy" | "unanswered";
};

/** So long, ms, one trace answers everybody who asks for the same. */
const FRESH_MS = 5000;
/** So long, ms, a page that is followed goes on showing it. */
const KEPT_MS = 900_000;
const MAX_KEPT = 8;
/** Traces that wait or run. */
const MAX_WAITING = 4;

interface Kept {
  readonly traced: Promise<Traced>;
  /** What it came to; null: it is not over. */
  over: Traced | null;
  readonly at: number;
}

/** Asks for traces and keeps the last of them. */
export class Tracer {
  readonly #kept = new Map<string, Kept>();
  /** What was refused last; apart, so that asking often makes nothing be forgotten. */
  #busy: { readonly query: string; readonly traced: Traced } | null = null;
  readonly #rate: RateLimit;
  #waiting = 0;
  #last: Promise<unknown> = Promise.resolve();

  /** @param perSecond traces per second of one client; 0: any. @param monotonic milliseconds */
  constructor(
    readonly askTrace: AskTrace,
    perSecond: number,
    readonly monotonic: () => number,
  ) {
    this.#rate = new RateLimit(perSecond, monotonic);
  }

  /** A trace of now, or of some seconds ago; does not throw. `client`: its address. */
  async ask(query: string, client: string, by: string): Promise<Traced> {
    const now = this.monotonic();
    const kept = this.#kept.get(query);
    if (kept && (kept.over === null || now - kept.at < FRESH_MS)) return await kept.traced;
    const wait = this.#rate.take(client);
    if (wait > 0) return this.#refuse(query, `You ask for many traces: try again in ${wait} s.`);
    if (this.#waiting >= MAX_WAITING) {
      return this.#refuse(query, "Other traces wait already: try again later.");
    }
    const traced = this.#ask(query, by);
    const own: Kept = { traced, over: null, at: now };
    this.#kept.delete(query);
    this.#kept.set(query, own);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    return own.over = await traced;
  }

  /** What is kept of a query; null: nothing. */
  kept(query: string): Traced | null {
    const kept = this.#kept.get(query);
    if (kept && this.monotonic() - kept.at < KEPT_MS) return kept.over;
    return this.#busy?.query === query ? this.#busy.traced : null;
  }

  #refuse(query: string, refused: string): Traced {
    const traced = { refused, why: "busy" as const };
    this.#busy = { query, traced };
    return traced;
  }

  async #ask(query: string, by: string): Promise<Traced> {
    this.#waiting++;
    const turn = this.#last.then(() => this.askTrace(query, by));
    this.#last = turn.catch(() => {});
    try {
      return { trace: await turn };
    } catch (error) {
      const refused = describeError(error, false);
      return { refused: `${refused[0]?.toUpperCase()}${refused.slice(1)}.`, why: "unanswered" };
    } finally {
      this.#waiting--;
    }
  }
}
