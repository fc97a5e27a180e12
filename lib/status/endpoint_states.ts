/**
 * The newest status of every endpoint, by its key, and which of them wait for room in the queue of reports;
 * packed: some 70 bytes each, whether it waits or not.
 *
 * @module
 */
import { PackedIndex } from "../packed/packed_index.ts";
import type { PortStatus } from "./felix_status.ts";

const NAMES: readonly PortStatus[] = ["ACTIVE", "DOWN", "ERROR"];
/** The number of a key that is gone, which still has to be reported. */
const GONE = NAMES.length;

/** A key that has waited. */
export interface WaitingState {
  readonly key: string;
  /** Undefined: the key is gone. */
  readonly status: PortStatus | undefined;
  /** Since when, ms since the epoch. */
  readonly since: number;
  /** It was seen as it happened, rather than in a snapshot. */
  readonly live: boolean;
}

/** A `Map` from keys to statuses, which also counts. */
export class EndpointStates {
  readonly #index = new PackedIndex(2);
  /** Index of the status in NAMES, or GONE. */
  readonly #numbers = this.#index.column(Uint8Array);
  /** Since when it waits, ms since the epoch; negative: seen in a snapshot; 0: it does not wait. */
  readonly #since = this.#index.column(Float64Array);
  readonly #counts = [...NAMES.map(() => 0), 0];
  #waiting = 0;
  /** The row at which the next one that waits is looked for. */
  #cursor = 0;

  get size(): number {
    return this.#index.size - this.#counts[GONE]!;
  }

  /** How many keys wait. */
  get waiting(): number {
    return this.#waiting;
  }

  get(key: string): PortStatus | undefined {
    const row = this.#index.find(key);
    return row < 0 ? undefined : NAMES[this.#numbers.values[row]!];
  }

  set(key: string, status: PortStatus): void {
    this.#set(key, NAMES.indexOf(status));
  }

  /** Forgets the key, also that it waits. */
  delete(key: string): void {
    const row = this.#index.find(key);
    if (row >= 0) this.#remove(row);
  }

  /** Lets the key wait, if it does not yet. It may be gone. */
  wait(key: string, now: number, live: boolean): void {
    const found = this.#index.find(key);
    const row = found < 0 ? this.#set(key, GONE) : found;
    if (this.#since.values[row] !== 0) return;
    this.#since.values[row] = live ? now : -now;
    this.#waiting++;
  }

  /** Lets the key wait no longer; what it was, or null when it did not wait. */
  take(key: string): WaitingState | null {
    const row = this.#index.find(key);
    return row >= 0 && this.#since.values[row] !== 0 ? this.#take(row) : null;
  }

  /** The same for the next ones, at most `max`: keys that are neighbours in a snapshot come together. */
  takeNext(max: number): WaitingState[] {
    const taken: WaitingState[] = [];
    const { length } = this.#since.values;
    for (let left = length; left > 0 && this.#waiting > 0 && taken.length < max; left--) {
      const row = this.#cursor % length;
      this.#cursor = row + 1;
      if (this.#since.values[row] !== 0) taken.push(this.#take(row));
    }
    return taken;
  }

  /** How many endpoints have which status; a status that none has is left out. */
  byStatus(): Record<string, number> {
    const counted = NAMES.map((name, i) => [name, this.#counts[i]!] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  #set(key: string, number: number): number {
    const known = this.#index.find(key);
    const row = known < 0 ? this.#index.add(key) : known;
    if (known >= 0) this.#counts[this.#numbers.values[row]!]!--;
    this.#numbers.values[row] = number;
    this.#counts[number]!++;
    return row;
  }

  #take(row: number): WaitingState {
    const since = this.#since.values[row]!;
    const number = this.#numbers.values[row]!;
    const state = {
      key: this.#index.text(row),
      status: NAMES[number],
      since: Math.abs(since),
      live: since > 0,
    };
    if (number === GONE) this.#remove(row);
    else this.#goOn(row);
    return state;
  }

  #remove(row: number): void {
    this.#goOn(row);
    this.#counts[this.#numbers.values[row]!]!--;
    this.#index.remove(row);
  }

  #goOn(row: number): void {
    if (this.#since.values[row] !== 0) this.#waiting--;
    this.#since.values[row] = 0;
  }
}
