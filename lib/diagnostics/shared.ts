/**
 * One making of a thing shared by all who ask for it within a short time, so that the cost of many
 * readers is that of one. A failure is shared like a success. Memory is bounded: the things that were
 * made first are forgotten first. Trusts the runtime's monotonic clock.
 *
 * @module
 */

interface Made<T> {
  readonly value: Promise<T>;
  /** When its making began, ms. */
  readonly at: number;
}

/** Things by name, each good for a while. */
export class Shared<T> {
  readonly #freshMs: number;
  readonly #maxItems: number;
  readonly #made = new Map<string, Made<T>>();

  /** @param freshMs how long after its making began a thing is shared, ms. */
  constructor(freshMs: number, maxItems = 64) {
    this.#freshMs = freshMs;
    this.#maxItems = maxItems;
  }

  /** The thing of that name, made now when there is none that is fresh. */
  get(name: string, make: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const found = this.#made.get(name);
    if (found && now - found.at < this.#freshMs) return found.value;
    this.#made.delete(name);
    const value = make();
    value.catch(() => {}); // whoever asked hears of it
    this.#made.set(name, { value, at: now });
    for (const oldest of this.#made.keys()) {
      if (this.#made.size <= this.#maxItems) break;
      this.#made.delete(oldest);
    }
    return value;
  }
}
