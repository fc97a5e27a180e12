/**
 * How old a status is that a host has written, though its clock may differ from ours. The least delay at which one
 * was seen is taken for the difference of the clocks. A greater one counts once two updates, apart in time, show it:
 * when a clock has been set, or etcd has become slow, that is so with the next one, so that a host that goes on
 * writing is taken for old once at most; when updates come late in one go, as after a gap of the watch, it is not.
 *
 * @module
 */

/** Updates that are nearer to each other may have come in one go, ms. */
const APART_MS = 5000;
/** Delays that differ by no more are the same, ms. */
const SAME_MS = 5000;

/** One host's clock as its updates show it. */
export class HostClock {
  #least = Infinity;
  #last: { readonly lagMs: number; readonly at: number } | null = null;

  /**
   * The age of a status, ms; Infinity when nothing tells. `lagMs`: our time less the host's, null when that cannot
   * be read; `live`: seen as it was written; `at`: now, monotonic ms.
   */
  ageOf(lagMs: number | null, live: boolean, at: number): number {
    if (lagMs === null) return live ? 0 : Infinity;
    if (!live) {
      const age = lagMs - (Number.isFinite(this.#least) ? this.#least : 0);
      this.#least = Math.min(this.#least, lagMs);
      return Math.max(0, age);
    }
    const last = this.#last;
    this.#last = { lagMs, at };
    const isApart = last !== null && at - last.at >= APART_MS;
    const isSame = isApart && Math.abs(lagMs - last.lagMs) <= SAME_MS;
    this.#least = isSame ? lagMs : Math.min(isApart ? last.lagMs : this.#least, lagMs);
    return lagMs - this.#least;
  }
}
