/** The share of one worker's time that requests have taken lately. Pure; times are ms of the monotonic clock. @module */

/** What is looked back on, ms. */
const WINDOW_MS = 600_000;
const MAX_ENTRIES = 2000;

/** Adds up what was taken. */
export class Share {
  #taken: { readonly from: number; readonly busyMs: number }[] = [];

  /** Requests since `from` were under way for so long. */
  add(from: number, busyMs: number): void {
    this.#taken = [...this.#taken.filter((entry) => entry.from > from - WINDOW_MS), {
      from,
      busyMs,
    }]
      .slice(-MAX_ENTRIES);
  }

  /** Per cent, until then, such as the end of the rest that goes on; null: nothing was taken. */
  percent(until: number): number | null {
    const lately = this.#taken.filter(({ from }) => from > until - WINDOW_MS);
    const first = lately[0];
    if (!first || until <= first.from) return null;
    const busyMs = lately.reduce((sum, entry) => sum + entry.busyMs, 0);
    return Math.round(1000 * busyMs / (until - first.from)) / 10;
  }
}
