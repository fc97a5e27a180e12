/** When the resyncs of a term are due. Pure; all times are ms of the monotonic clock. @module */
import type { Config } from "../config/config_types.ts";
import type { RunReason } from "./report/record.ts";
import { FAILURE_REST_MS } from "./rounds/pace.ts";

/** Something that is due at some time. */
interface Turn {
  readonly at: number;
  /** Only its interval has passed: it waits while comparing goes round, and while Neutron rests. */
  readonly isPeriodic: boolean;
}

/** What a run over all has taken. */
export interface Taken {
  /** Monotonic ms. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** For how long its requests were under way, all added up, ms. */
  readonly busyMs: number;
  readonly failed: boolean;
}

/** So many times what comparing took of one worker's time has to pass before it begins again. */
const REST = 2;

/**
 * What is due next. While comparing goes round, slice by slice, that is a slice; a full or an incremental run
 * then is due only when something asks for it, not because its interval has passed.
 */
export class Schedule {
  /** Why the next full resync runs. */
  reason: RunReason = "startup";
  #full: Turn;
  #incremental: Turn = { at: Infinity, isPeriodic: true };
  /** Something may have been missed since the last comparison began. */
  #compareAsked = false;
  /** Something may have been missed before the one that was tried last, which has not succeeded. */
  #compareTried = false;
  /** Periodic runs do not begin before that. */
  #restsUntil = -Infinity;

  constructor(
    readonly sync: Pick<
      Config["sync"],
      "resyncIntervalSeconds" | "incrementalIntervalSeconds" | "resyncMaxIntervalSeconds"
    >,
    now: number,
  ) {
    this.#full = { at: now, isPeriodic: false };
  }

  /** Whether something may have been missed, and not everything is compared since. */
  get hasGap(): boolean {
    return this.#compareAsked || this.#compareTried;
  }

  /** What is due; null: nothing. `sliceAt`: when a slice is; null: comparing goes by the intervals. */
  due(now: number, sliceAt: number | null = null): "full" | "incremental" | "slice" | null {
    if (now >= this.#timeOf(this.#full, sliceAt)) return "full";
    if (now >= this.#timeOf(this.#incremental, sliceAt)) return "incremental";
    return sliceAt !== null && now >= sliceAt ? "slice" : null;
  }

  /** How long nothing is due, ms. */
  waitMs(now: number, sliceAt: number | null = null): number {
    const turns = [this.#full, this.#incremental].map((turn) => this.#timeOf(turn, sliceAt));
    return Math.min(...turns, sliceAt ?? Infinity) - now;
  }

  #timeOf({ at, isPeriodic }: Turn, sliceAt: number | null): number {
    if (!isPeriodic) return at;
    return sliceAt === null ? Math.max(at, this.#restsUntil) : Infinity;
  }

  /** A comparison of all is wanted; it is due once {@linkcode planIncremental} is called. */
  askCompare(): void {
    this.#compareAsked = true;
  }

  /** A comparison of all begins. */
  comparing(): void {
    this.#compareTried ||= this.#compareAsked;
    this.#compareAsked = false;
  }

  /** The one that began last has succeeded. */
  compared(): void {
    this.#compareTried = false;
  }

  /**
   * A run has taken that much of one worker's time: listing is never to take more than half of it, so that the next
   * one that only its interval asks for begins twice as long after that one did. Most of what a failure took may be
   * waits for answers that never came: after one that is a minute later at most. And it is never later than when it
   * would be warned of.
   */
  noteBusy({ startedAt, endedAt, busyMs, failed }: Taken): void {
    const { resyncIntervalSeconds, resyncMaxIntervalSeconds } = this.sync;
    const longestMs = 1000 * Math.max(resyncIntervalSeconds, resyncMaxIntervalSeconds);
    const mostMs = failed ? FAILURE_REST_MS : longestMs;
    const until = Math.min(startedAt + REST * busyMs, endedAt + mostMs);
    this.#restsUntil = Math.max(this.#restsUntil, until);
  }

  /** Comparing goes by the intervals again: ids and revisions are listed at once, and all after its interval. */
  endRounds(now: number): void {
    if (this.#full.isPeriodic) this.planFull(now);
    const { at, isPeriodic } = this.#incremental;
    if (isPeriodic && at < Infinity) this.#incremental = { at: Math.min(now, at), isPeriodic };
  }

  /** Plans the next full resync at its interval. */
  planFull(now: number): void {
    this.#full = { at: now + this.sync.resyncIntervalSeconds * 1000, isPeriodic: true };
  }

  /** There is what only a full resync can deal with. */
  askFull(now: number): void {
    this.#full = { at: now, isPeriodic: false };
  }

  /** A full resync failed: the next one takes nothing for granted. */
  retryFull(at: number): void {
    this.reason = "retry";
    this.#full = { at, isPeriodic: false };
    this.#incremental = { ...this.#incremental, at: Math.max(this.#incremental.at, at) };
  }

  /** An incremental resync failed. */
  retryIncremental(at: number): void {
    this.#incremental = { at, isPeriodic: false };
  }

  /** Plans the next incremental resync. Where Neutron counts no revisions only a full one finds changes. */
  planIncremental(now: number, hasRevisions: boolean): void {
    const everyMs = this.sync.incrementalIntervalSeconds * 1000;
    if (!hasRevisions) {
      this.#incremental = { at: Infinity, isPeriodic: true };
      if (this.#compareAsked) this.#full = { at: now, isPeriodic: false };
    } else if (this.#compareAsked) this.#incremental = { at: now, isPeriodic: false };
    else this.#incremental = { at: everyMs === 0 ? Infinity : now + everyMs, isPeriodic: true };
  }
}
