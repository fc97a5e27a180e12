/**
 * What Neutron's answers cost while it is unburdened, by kind of request: ms per record, so that a page of 20
 * and one of 1,000 can be compared. What counts as unburdened are the answers during which the fewest of our
 * requests were under way; those of busier times are held against them and leave them as they are.
 *
 * @module
 */
import { median } from "../base/median.ts";

/** What an answer's size does not change, counted in records: finding a worker, checking the token. */
const FIXED_RECORDS = 20;
/** Unburdened answers that are remembered of a kind. */
const REMEMBERED = 15;
/**
 * With so many of them it is known what is usual. With fewer, quicker ones of busier times count too: the first may
 * have waited for a worker to load what it needs.
 */
const SURE = 3;
/** Kinds of requests; there are some twenty. */
const MAX_KINDS = 100;

/** One answer. */
export interface Answer {
  /** What it is like: only answers of one kind are compared. */
  readonly kind: string;
  readonly records: number;
  readonly ms: number;
  /** Most requests that were under way at a time while it was, itself among them. */
  readonly beside: number;
}

/** What it cost, ms a record. */
export function costOf({ records, ms }: Pick<Answer, "records" | "ms">): number {
  return ms / (records + FIXED_RECORDS);
}

interface Usual {
  /** Requests under way during the answers that are remembered. */
  beside: number;
  /** ms per record, the newest at the end. */
  costs: number[];
}

/** The costs of one Neutron. */
export class AnswerCosts {
  readonly #usual = new Map<string, Usual>();

  /**
   * Notes an answer.
   *
   * @returns how many times as long as usual it took; null: what is usual is not known yet.
   */
  compare({ kind, records, ms, beside }: Answer): number | null {
    const cost = costOf({ records, ms });
    const usual = this.#of(kind, beside);
    const middle = usual.costs.length === 0 ? null : Math.max(median(usual.costs), 1e-6);
    if (beside < usual.beside) {
      usual.beside = beside;
      usual.costs = [];
    }
    const isQuicker = middle !== null && cost < middle && usual.costs.length < SURE;
    if (beside === usual.beside || isQuicker) {
      usual.costs = [...usual.costs, cost].slice(-REMEMBERED);
    }
    return middle === null ? null : cost / middle;
  }

  #of(kind: string, beside: number): Usual {
    const known = this.#usual.get(kind);
    if (known) return known;
    if (this.#usual.size >= MAX_KINDS) this.#usual.clear();
    const usual = { beside, costs: [] };
    this.#usual.set(kind, usual);
    return usual;
  }
}
