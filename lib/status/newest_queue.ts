/**
 * A queue of keys in which the newest value of a key replaces the one that still waits. Values that were
 * seen live come first, then those of a snapshot, then retries; within each, first come, first served.
 * What is not live is taken group by group (a group is a host), so that one message can carry many. The
 * queue is bounded by the number of keys.
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

/** A queue longer than this is worth a warning. */
export const LONG_QUEUE = 1000;

/** A key and its newest value. */
export interface Entry<T> {
  readonly key: string;
  readonly value: T;
}

interface Waiting<T> {
  value: T;
  priority: Priority;
  /** The group that it waits with in its lane. */
  group: string;
}
/** Groups in the order in which they came, each with its keys. */
type Lane = Map<string, Set<string>>;

/** Keys that wait, each with its newest value. */
export class NewestQueue<T> {
  readonly #entries = new Map<string, Waiting<T>>();
  readonly #lanes: readonly [Lane, Lane, Lane] = [new Map(), new Map(), new Map()];

  /** `groupOf` names the group of a value. */
  constructor(readonly groupOf: (value: T) => string) {}

  get size(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Adds or replaces a value; a key that waits with a better priority keeps its place. */
  put(key: string, value: T, priority: Priority): void {
    const waiting = this.#entries.get(key);
    if (waiting && waiting.priority <= priority) {
      waiting.value = value;
      return;
    }
    if (waiting) this.#leave(key, waiting);
    const group = priority === LIVE ? key : this.groupOf(value);
    const lane = this.#lanes[priority];
    const keys = lane.get(group);
    if (keys) keys.add(key);
    else lane.set(group, new Set([key]));
    this.#entries.set(key, { value, priority, group });
  }

  /** Takes the next keys of one group that are not `busy`, at most `max`; none: an empty list. */
  take(busy: (key: string) => boolean, max: number): Entry<T>[] {
    for (const lane of this.#lanes) {
      for (const keys of lane.values()) {
        const taken: Entry<T>[] = [];
        for (const key of keys) {
          if (taken.length === max) break;
          if (!busy(key)) taken.push({ key, value: this.#entries.get(key)!.value });
        }
        if (taken.length === 0) continue;
        for (const { key } of taken) {
          this.#leave(key, this.#entries.get(key)!);
          this.#entries.delete(key);
        }
        return taken;
      }
    }
    return [];
  }

  #leave(key: string, { priority, group }: Waiting<T>): void {
    const lane = this.#lanes[priority];
    const keys = lane.get(group)!;
    keys.delete(key);
    if (keys.size === 0) lane.delete(group);
  }
}
