/** How long comparing rests after each slice, so that it takes no more than its share of Neutron. Pure. @module */
import { median } from "../../base/median.ts";

/** Slices of one sort that are remembered to know how long one usually takes. */
const REMEMBERED = 15;
/** So many are needed before one is called slow. */
const ENOUGH = 5;
/** Slower than so many times the median, and Neutron has more to do than usual. */
const SLOW = 2;
/**
 * When Neutron is slow rests become longer up to this, ms, where the share alone does not need more. Whatever burdens it
 * may soon be over, and as long as comparing rests what nobody announces stays unseen.
 */
const MAX_BACKOFF_MS = 120_000;
/** The longest rest that one slice needs, ms: a budget of 1 % after one of 10 s. What is owed is added, up to as much. */
const MAX_REST_MS = 1_000_000;
/**
 * The longest rest after a failure while nothing is owed, ms: one request that was lost on its way is no reason to
 * compare nothing for a quarter of an hour.
 */
export const FAILURE_REST_MS = 60_000;

/** What a slice has cost. */
export interface Cost {
  /** For how long its requests were under way, ms. */
  readonly busyMs: number;
  /** Objects that were listed. */
  readonly objects: number;
  /** Slices that are alike, such as those of one collection. */
  readonly sort: string;
}

/** Rests for one budget. */
export class Pace {
  readonly #usual = new Map<string, number[]>();
  /** What rests after failures were shorter than the share needs, ms. */
  #owedMs = 0;

  /** @param budgetPercent share of one API worker's time, in (0, 100]. */
  constructor(readonly budgetPercent: number) {}

  /** How long to rest after a slice, ms: longer than the share needs, when it was slower than such slices are. */
  restMs({ busyMs, objects, sort }: Cost): number {
    const each = busyMs / (objects + 1);
    const usual = this.#usual.get(sort) ?? [];
    const typical = usual.length > 0 ? median(usual) : each;
    this.#usual.set(sort, [...usual, each].slice(-REMEMBERED));
    const leastMs = this.#leastRestMs(busyMs);
    const isSlow = usual.length >= ENOUGH && each > SLOW * typical;
    const restMs = isSlow
      ? Math.max(leastMs, Math.min(MAX_BACKOFF_MS, leastMs * each / typical))
      : leastMs;
    const paidMs = Math.min(this.#owedMs, restMs);
    this.#owedMs -= paidMs;
    return restMs + paidMs;
  }

  /**
   * How long to rest after a slice that failed and whose requests took so long, ms. What the share needs beyond that is
   * owed: the slices that follow rest twice as long until it is paid, and failures the longer, the more is owed, so
   * that a Neutron which goes on failing is not asked more often than its share allows.
   */
  restAfterFailureMs(busyMs: number): number {
    const dueMs = this.#owedMs + this.#leastRestMs(busyMs);
    const restMs = Math.min(dueMs, Math.max(FAILURE_REST_MS, this.#owedMs / 2));
    this.#owedMs = Math.min(2 * MAX_REST_MS, dueMs - restMs);
    return restMs;
  }

  /** How long to rest after requests that took so long, ms, to stay within the share. */
  #leastRestMs(busyMs: number): number {
    return Math.min(MAX_REST_MS, busyMs * (100 / this.budgetPercent - 1));
  }
}
