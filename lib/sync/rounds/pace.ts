/** How long comparing rests after each slice, so that it takes no more than its share of Neutron. Pure. @module */
import { median } from "../../base/median.ts";

/** Slices of one sort that are remembered to know how long one usually takes. */
const REMEMBERED = 15;
/** So many are needed before one is called slow. */
const ENOUGH = 5;
/** Slower than so many times the median, and Neutron has more to do than usual. */
const SLOW = 2;
/** Rests become longer at most by this factor when Neutron is slow. */
const MAX_BACKOFF = 8;
/** The longest rest, ms: a budget of 1 % after a slice of 10 s. */
const MAX_REST_MS = 1_000_000;

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

  /** @param budgetPercent share of one API worker's time, in (0, 100]. */
  constructor(readonly budgetPercent: number) {}

  /** How long to rest after a slice, ms: longer than the share needs, when it was slower than such slices are. */
  restMs({ busyMs, objects, sort }: Cost): number {
    const each = busyMs / (objects + 1);
    const usual = this.#usual.get(sort) ?? [];
    const typical = usual.length > 0 ? median(usual) : each;
    this.#usual.set(sort, [...usual, each].slice(-REMEMBERED));
    const times = usual.length >= ENOUGH && each > SLOW * typical
      ? Math.min(MAX_BACKOFF, each / typical)
      : 1;
    return Math.min(MAX_REST_MS, times * this.leastRestMs(busyMs));
  }

  /** How long to rest after requests that took so long, ms, to stay within the share. */
  leastRestMs(busyMs: number): number {
    return Math.min(MAX_REST_MS, busyMs * (100 / this.budgetPercent - 1));
  }
}
