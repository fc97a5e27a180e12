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
  readonly #staleMs: number;
  readonly #maxItems: number;
  readonly #made = new Map<string, Made<T>>();
  /** What is being made to take the place of what is no longer fresh. */
  readonly #renewed = new Set<string>();

  /**
   * @param freshMs how long after its making began a thing is shared, ms.
   * @param staleMs until then, ms, it is still given to those who ask while a new one is made, so that
   * nobody waits for what is slow to read.
   */
  constructor(freshMs: number, staleMs = freshMs, maxItems = 64) {
    this.#freshMs = freshMs;
    this.#staleMs = staleMs;
    this.#maxItems = maxItems;
  }

  /** The thing of that name, made now when there is none that is fresh. */
  get(name: string, make: () => Promise<T>): Promise<T> {
    const now = performance.now();
    const found = this.#made.get(name);
    if (found && now - found.at < this.#freshMs) return found.value;
    if (found && now - found.at < this.#staleMs) {
      this.#renew(name, make, now);
      return found.value;
    }
    return this.#make(name, make, now);
  }

  /** Puts a new one in the place of the old one when it is made; a failure leaves the old one. */
  async #renew(name: string, make: () => Promise<T>, at: number): Promise<void> {
    if (this.#renewed.has(name)) return;
    this.#renewed.add(name);
    try {
      const value = await make();
      this.#made.set(name, { value: Promise.resolve(value), at });
    } catch {
      /* whoever asks when it is stale hears of that */
    } finally {
      this.#renewed.delete(name);
    }
  }

  #make(name: string, make: () => Promise<T>, now: number): Promise<T> {
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
