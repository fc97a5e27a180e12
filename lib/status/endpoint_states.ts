/**
 * The newest status of every endpoint, by its key, what is known of it on Neutron's side, and which of them wait for
 * room in the queue of reports; packed: some 95 bytes each, whether it waits or not.
 *
 * What was found when a term began is unsure: nobody knows yet whether Neutron shows it. Once it is released, it
 * waits as well, after all else.
 *
 * @module
 */
import { PackedIndex } from "../packed/packed_index.ts";
import type { PortStatus } from "./felix_status.ts";
import { NewestRows } from "./newest_rows.ts";
import { PortRows } from "./port_rows.ts";
import { Tries } from "./tries.ts";

const NAMES: readonly PortStatus[] = ["ACTIVE", "DOWN", "ERROR"];
/** The number of a key that is gone, which still has to be reported. */
const GONE = NAMES.length;
/** Bits of what is known of a row. */
const [UNSURE, HERE, FAULT_DIFFERS] = [1, 2, 4] as const;
/** Moments are kept in so many ms, rounded up. */
const TICK_MS = 10;
/** Rows that wait no longer may stand among those that do, as long as there are not many more of them. */
const MAX_STALE = 1000;

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

/** A `Map` from keys to statuses, which also counts. Rows are its own numbers of keys, good until the next change. */
export class EndpointStates {
  readonly #index = new PackedIndex(2);
  readonly #ofPort = new PortRows(this.#index);
  /** Index of the status in NAMES, or GONE. */
  readonly #numbers = this.#index.column(Uint8Array);
  /** Since when it waits, ms since the epoch; negative: seen in a snapshot; 0: it does not wait. */
  readonly #since = this.#index.column(Float64Array);
  /** etcd's mod revision. */
  readonly #revisions = this.#index.column(Float64Array);
  /** When Neutron took the last report, in ticks since `#epoch`; 0: it has taken none. */
  readonly #taken = this.#index.column(Uint32Array);
  readonly #marks = this.#index.column(Uint8Array);
  /** How often in a row a comparison has shown that it differs. */
  readonly #tries = new Tries(this.#index.column(Uint8Array));
  readonly #counts = [...NAMES.map(() => 0), 0];
  readonly #newest = new NewestRows();
  #waiting = 0;
  #unsure = 0;
  /** Since when what is unsure is released, ms since the epoch; null: it is not. */
  #releasedAt: number | null = null;
  /** The row at which the next unsure one is looked for. */
  #cursor = 0;

  /** @param epoch before which nothing is reported, ms since the epoch */
  constructor(readonly epoch = 0) {}

  get size(): number {
    return this.#index.size - this.#counts[GONE]!;
  }

  /** How many keys wait, released ones included. */
  get waiting(): number {
    return this.#waiting + (this.#releasedAt === null ? 0 : this.#unsure);
  }

  /** How many keys are unsure, released or not. */
  get unsure(): number {
    return this.#unsure;
  }

  /** How many keys differ from Neutron, which has taken reports of them and was asked again since. */
  get persisting(): number {
    return this.#tries.persisting;
  }

  /** Since when the oldest that waits may do so because it is released, ms since the epoch; null: none does. */
  get releasedAt(): number | null {
    return this.#unsure > 0 ? this.#releasedAt : null;
  }

  get(key: string): PortStatus | undefined {
    const row = this.#index.find(key);
    return row < 0 ? undefined : NAMES[this.#numbers.values[row]!];
  }

  /** `revision`: etcd's mod revision of the key. */
  set(key: string, status: PortStatus, revision = 0): void {
    const row = this.#set(key, NAMES.indexOf(status));
    this.#revisions.values[row] = revision;
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
    this.settle(row);
    if (this.#since.values[row] !== 0) return;
    this.#since.values[row] = live ? now : -now;
    this.#waiting++;
    if (this.#newest.length > 2 * this.#waiting + MAX_STALE) this.#sortAnew();
    else this.#newest.add(row, this.#revisions.values[row]!);
  }

  /** Lets the key wait no longer; what it was, or null when it did not wait. */
  take(key: string): WaitingState | null {
    const row = this.#index.find(key);
    if (row < 0) return null;
    this.settle(row);
    return this.#since.values[row] !== 0 ? this.#take(row) : null;
  }

  /**
   * The same for the next ones, at most `max`: the newest first, and at most `few` of them at once, so that what
   * becomes known meanwhile comes in between. Once none is left what is released: keys that are neighbours in a
   * snapshot come together.
   */
  takeNext(max: number, few = max): WaitingState[] {
    const taken: WaitingState[] = [];
    while (this.#waiting > 0 && taken.length < Math.min(max, few)) {
      const row = this.#newest.take();
      if (row === undefined) this.#sortAnew();
      else if (this.#index.has(row) && this.#since.values[row] !== 0) taken.push(this.#take(row));
    }
    if (this.#waiting === 0) this.#newest.clear();
    return taken.length > 0 ? taken : this.#takeReleased(max);
  }

  #takeReleased(max: number): WaitingState[] {
    const taken: WaitingState[] = [];
    const since = this.#releasedAt;
    if (since === null) return taken;
    const { length } = this.#marks.values;
    for (let left = length; left > 0 && this.#unsure > 0 && taken.length < max; left--) {
      const row = this.#cursor % length;
      this.#cursor = row + 1;
      if (!this.#index.has(row) || !this.isUnsure(row)) continue;
      this.settle(row);
      taken.push({ key: this.key(row), status: this.status(row), since, live: false });
    }
    return taken;
  }

  /** Nobody knows yet whether Neutron shows the key's status. */
  doubt(key: string): void {
    const row = this.#index.find(key);
    if (row < 0 || this.isUnsure(row) || this.#since.values[row] !== 0) return;
    this.#marks.values[row]! |= UNSURE;
    this.#unsure++;
  }

  /** From now on (ms since the epoch) what is unsure waits; null: it does not. */
  release(now: number | null): void {
    if (now === null || this.#releasedAt === null) this.#releasedAt = now;
  }

  /**
   * Neutron has taken a report of the key's status now, ms since the epoch. How often in a row comparisons have
   * shown that it differs.
   */
  reported(key: string, now: number): number {
    const row = this.#index.find(key);
    if (row < 0) return 0;
    this.#taken.values[row] = Math.max(1, Math.ceil((now - this.epoch) / TICK_MS));
    return this.#tries.of(row);
  }

  /** The rows of a port's endpoints, by its id. */
  rowsOf(port: string): number[] {
    return this.#ofPort.find(port).filter((row) => this.#numbers.values[row] !== GONE);
  }

  /** The row of a key; −1: there is none. */
  row(key: string): number {
    return this.#index.find(key);
  }

  key(row: number): string {
    return this.#index.text(row);
  }

  status(row: number): PortStatus {
    return NAMES[this.#numbers.values[row]!]!;
  }

  revision(row: number): number {
    return this.#revisions.values[row]!;
  }

  waits(row: number): boolean {
    return this.#since.values[row] !== 0;
  }

  isUnsure(row: number): boolean {
    return (this.#marks.values[row]! & UNSURE) !== 0;
  }

  /** It needs no report, as far as is known: it is not unsure any more. */
  settle(row: number): void {
    if (!this.isUnsure(row)) return;
    this.#marks.values[row]! &= ~UNSURE;
    this.#unsure--;
  }

  /** Whether Neutron took a report of it after that moment, ms since the epoch, or just before. */
  wasReportedSince(row: number, at: number): boolean {
    const taken = this.#taken.values[row]!;
    return taken > 0 && this.epoch + taken * TICK_MS >= at;
  }

  /** Whether Neutron has the port on the host of that row, as far as is known. */
  isHere(row: number): boolean {
    return (this.#marks.values[row]! & HERE) !== 0;
  }

  place(row: number, isHere: boolean): void {
    this.#mark(row, HERE, isHere);
  }

  #mark(row: number, mark: number, is: boolean): void {
    if (is) this.#marks.values[row]! |= mark;
    else this.#marks.values[row]! &= ~mark;
  }

  /** A comparison has shown whether Neutron calls the port faulty against what Felix says; whether that is new. */
  faultDiffers(row: number, differs: boolean): boolean {
    const differed = (this.#marks.values[row]! & FAULT_DIFFERS) !== 0;
    this.#mark(row, FAULT_DIFFERS, differs);
    return differs && !differed;
  }

  /** A comparison has shown whether it differs; how often in a row it has done so. */
  differs(row: number, differs: boolean): number {
    return this.#tries.note(row, differs);
  }

  /** How many endpoints have which status; a status that none has is left out. */
  byStatus(): Record<string, number> {
    const counted = NAMES.map((name, i) => [name, this.#counts[i]!] as const);
    return Object.fromEntries(counted.filter(([, count]) => count > 0));
  }

  #set(key: string, number: number): number {
    const known = this.#index.find(key);
    const row = known < 0 ? this.#index.add(key) : known;
    if (known < 0) this.#ofPort.add(row);
    else {
      const before = this.#numbers.values[row]!;
      this.#counts[before]!--;
      if (before !== number) this.differs(row, false);
    }
    this.#numbers.values[row] = number;
    this.#counts[number]!++;
    return row;
  }

  #take(row: number): WaitingState {
    const since = this.#since.values[row]!;
    const number = this.#numbers.values[row]!;
    const key = this.key(row);
    const state = { key, status: NAMES[number], since: Math.abs(since), live: since > 0 };
    if (number === GONE) this.#remove(row);
    else this.#goOn(row);
    return state;
  }

  #remove(row: number): void {
    this.#goOn(row);
    this.settle(row);
    this.differs(row, false);
    this.#counts[this.#numbers.values[row]!]!--;
    this.#ofPort.remove(row);
    this.#index.remove(row);
  }

  #goOn(row: number): void {
    if (this.#since.values[row] !== 0) this.#waiting--;
    this.#since.values[row] = 0;
  }

  #sortAnew(): void {
    this.#newest.clear();
    for (const row of this.#index.rows()) {
      if (this.#since.values[row] !== 0) this.#newest.add(row, this.#revisions.values[row]!);
    }
  }
}
