/**
 * A queue of keys in which the newest value of a key replaces what still waits: live before snapshot
 * before retries, first come first served within each. Bounded by the number of keys.
 *
 * @module
 */

/** Lower is sooner. */
export type Priority = 0 | 1 | 2;
/** Seen as it happened. */
export const LIVE: Priority = 0;
/** Found in a snapshot. */
export const SNAPSHOT: Priority = 1;
/** Failed before. */
export const RETRY: Priority = 2;

interface Entry<T> {
  value: T;
  priority: Priority;
}

/** See the module. */
export class NewestQueue<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #order: [Set<string>, Set<string>, Set<string>] = [new Set(), new Set(), new Set()];

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds or replaces; a key that waits at a better priority keeps its place. */
  put(key: string, value: T, priority: Priority): void {
    const waiting = this.#entries.get(key);
    const best = waiting && waiting.priority < priority ? waiting.priority : priority;
    if (waiting && waiting.priority !== best) this.#order[waiting.priority].delete(key);
    this.#order[best].add(key);
    this.#entries.set(key, { value, priority: best });
  }

  /** Takes the next key that is not `busy`; null when there is none. */
  take(busy: (key: string) => boolean): { key: string; value: T } | null {
    for (const keys of this.#order) {
      for (const key of keys) {
        if (busy(key)) continue;
        keys.delete(key);
        const { value } = this.#entries.get(key)!;
        this.#entries.delete(key);
        return { key, value };
      }
    }
    return null;
  }
}
