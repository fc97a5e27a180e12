/**
 * A queue of keys in which the newest value of a key replaces the one that still waits. Values that were
 * seen live come first, then those of a snapshot, then retries. A key is taken alone while few wait; once more
 * do, and always when they are not live, the keys of one group (a host) are taken together, so that one message
 * can carry many.
 *
 * Groups take turns, so that one of them does not hold up the others. A key that changes again before all was
 * told waits behind those that change for the first time, and takes turns with what is not live: what flaps keeps
 * nothing else from being told. The queue is bounded by the number of keys.
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
/** Keys of which it is remembered that they were taken: the newest. */
const MAX_REMEMBERED = 10_000;

/** A key and its newest value. */
export interface Entry<T> {
  readonly key: string;
  readonly value: T;
}

/** Which keys may be taken now. */
export interface TakeOptions<T> {
  /** Most keys at once. */
  readonly max: number;
  /** Live keys that may wait and are still taken one by one. @default 0 */
  readonly few?: number;
  /** Left where they are. */
  isBusy(key: string, value: T): boolean;
  /** Never taken with others. @default none */
  isAlone?(key: string): boolean;
}

interface Waiting<T> {
  value: T;
  priority: Priority;
  lane: Lane;
  /** The group that it waits with in its lane. */
  group: string;
}
/** Groups in the order in which it is their turn, each with its keys. */
type Lane = Map<string, Set<string>>;

/** Keys that wait, each with its newest value. */
export class NewestQueue<T> {
  readonly #entries = new Map<string, Waiting<T>>();
  readonly #first: Lane = new Map();
  readonly #again: Lane = new Map();
  readonly #snapshot: Lane = new Map();
  readonly #retries: Lane = new Map();
  /** Live keys that were taken and not forgotten. */
  readonly #taken = new Set<string>();
  #live = 0;
  /** Whether what changes again has had its turn, and all else that waits behind first changes is next. */
  #othersNext = false;

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
    const lane = this.#laneOf(key, priority);
    const group = this.groupOf(value);
    const keys = lane.get(group);
    if (keys) keys.add(key);
    else lane.set(group, new Set([key]));
    if (priority === LIVE) this.#live++;
    this.#entries.set(key, { value, priority, lane, group });
  }

  /** Takes the next keys, of one group; none may be taken: an empty list. */
  take(options: TakeOptions<T>): Entry<T>[] {
    const others = [this.#snapshot, this.#retries];
    const rest = this.#othersNext ? [...others, this.#again] : [this.#again, ...others];
    for (const lane of [this.#first, ...rest]) {
      const taken = this.#takeFrom(lane, options);
      if (taken.length === 0) continue;
      if (lane !== this.#first) this.#othersNext = lane === this.#again;
      return taken;
    }
    return [];
  }

  /** All is told: what changes next does so for the first time. */
  forgetTaken(): void {
    this.#taken.clear();
  }

  #laneOf(key: string, priority: Priority): Lane {
    if (priority === LIVE) return this.#taken.has(key) ? this.#again : this.#first;
    return priority === SNAPSHOT ? this.#snapshot : this.#retries;
  }

  #takeFrom(lane: Lane, options: TakeOptions<T>): Entry<T>[] {
    const isLive = lane === this.#first || lane === this.#again;
    const max = isLive && this.#live <= (options.few ?? 0) ? 1 : options.max;
    for (const [group, keys] of lane) {
      const taken = this.#choose(keys, { ...options, max });
      if (taken.length === 0) continue;
      for (const { key } of taken) {
        this.#leave(key, this.#entries.get(key)!);
        this.#entries.delete(key);
        if (isLive) this.#remember(key);
      }
      if (keys.size > 0) { // the other groups' turn
        lane.delete(group);
        lane.set(group, keys);
      }
      return taken;
    }
    return [];
  }

  #choose(keys: Iterable<string>, { max, isBusy, isAlone }: TakeOptions<T>): Entry<T>[] {
    const taken: Entry<T>[] = [];
    for (const key of keys) {
      const { value } = this.#entries.get(key)!;
      if (isBusy(key, value)) continue;
      const alone = isAlone?.(key) ?? false;
      if (alone && taken.length > 0) continue;
      taken.push({ key, value });
      if (alone || taken.length >= max) break;
    }
    return taken;
  }

  #remember(key: string): void {
    this.#taken.delete(key);
    this.#taken.add(key);
    if (this.#taken.size <= MAX_REMEMBERED) return;
    for (const oldest of this.#taken) {
      this.#taken.delete(oldest);
      break;
    }
  }

  #leave(key: string, { lane, group, priority }: Waiting<T>): void {
    const keys = lane.get(group)!;
    keys.delete(key);
    if (keys.size === 0) lane.delete(group);
    if (priority === LIVE) this.#live--;
  }
}
