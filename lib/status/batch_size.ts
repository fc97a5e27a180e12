/**
 * How many keys one write may carry. Whoever takes them may take long for each, and a write that takes too long
 * fails as a whole: so it begins with few, twice as many follow a full write that was quick, and half as many one
 * that was slow or failed.
 *
 * @module
 */

const FIRST = 8;
/** A write that takes no longer is quick, ms; well below the deadline of a call (a minute by default). */
const QUICK_MS = 10_000;
/** One that takes longer is slow, ms. */
const SLOW_MS = 20_000;

/** The size for one queue. */
export class BatchSize {
  #limit: number;

  /** @param max what one write may carry at all */
  constructor(readonly max: number) {
    this.#limit = Math.min(max, FIRST);
  }

  /** Keys in the next write at most. */
  get limit(): number {
    return this.#limit;
  }

  /** A write of so many keys has taken so long, ms; `failed`: as a whole. */
  learn(size: number, ms: number, failed: boolean): void {
    if (size > 1 && (failed || ms > SLOW_MS)) {
      this.#limit = Math.max(1, Math.floor(Math.min(this.#limit, size) / 2));
    } else if (!failed && ms <= QUICK_MS && size >= this.#limit) {
      this.#limit = Math.min(this.max, this.#limit * 2);
    }
  }
}
