/** The last of many things, in a bounded memory. @module */

/** Keeps the last `capacity` items, the oldest first. */
export class Ring<T> implements Iterable<T> {
  /** As a circle once it is full: the oldest item is at `#start`. */
  #items: T[] = [];
  #start = 0;

  /** @param capacity at least 1 */
  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#items.length;
  }

  /** Adds the newest item; the oldest goes when there are too many. */
  push(item: T): void {
    if (this.#items.length < this.capacity) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#start] = item;
    this.#start = (this.#start + 1) % this.capacity;
  }

  /** Takes the oldest items out, `count` of them or as many as there are. */
  take(count: number = Infinity): T[] {
    const items = [...this];
    this.#items = items.splice(count);
    this.#start = 0;
    return items;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let i = 0; i < this.#items.length; i++) {
      yield this.#items[(this.#start + i) % this.#items.length]!;
    }
  }
}
