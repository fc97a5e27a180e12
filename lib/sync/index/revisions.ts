/** Revision numbers of Neutron's objects by id, and what a listing shows to be new or gone. @module */
import { PackedIndex } from "../../packed/packed_index.ts";

/** Neutron has it. */
const KNOWN = 1;
/**
 * What has shown it: the listing of a run, which is read in one go; that of a round, which may take an hour
 * and during which others note what they read; or one that an event asks for, beside either. (4 is the port table's.)
 */
const SHOWN = { run: 2, round: 8, event: 32 } as const;
/** Neutron shows it no more, and it is not certain that it is gone. */
const LOST = 16;

/** Whose listing it is; of each there is one at a time, and they do not disturb each other. */
export type Listing = keyof typeof SHOWN;

/** An object with a revision. */
export interface Revised {
  readonly id: string;
  readonly revision_number: number;
}

/** Like a `Map<string, number>` in what it can do; packed. */
export class Revisions {
  readonly index: PackedIndex;
  readonly #revisions;
  protected readonly flags;

  /** `beside`: of another index, see {@linkcode PackedIndex}. */
  constructor(beside?: Revisions) {
    this.index = new PackedIndex(1, beside?.index);
    this.#revisions = this.index.column(Float64Array);
    this.flags = this.index.column(Uint8Array);
  }

  get(id: string): number | undefined {
    const row = this.index.find(id);
    return row < 0 ? undefined : this.revisionAt(row);
  }

  /** Whether it is known as it was after that one was read. */
  hasNewer({ id, revision_number }: Revised): boolean {
    return (this.get(id) ?? -1) > revision_number;
  }

  /** Its row, for this folder's modules. Whoever notes it has seen it: a round does not take it for gone. */
  set(id: string, revision: number): number {
    const row = this.index.add(id);
    this.#revisions.values[row] = revision;
    this.flags.values[row] = this.flags.values[row]! & ~LOST | KNOWN | SHOWN.round;
    return row;
  }

  /**
   * Neutron does not show it, and may have it all the same: its revision tells nothing any more, and each listing
   * that does not show it says again that it looks gone.
   */
  lose(id: string): void {
    this.flags.values[this.index.add(id)] = LOST;
  }

  isLost(id: string): boolean {
    const row = this.index.find(id);
    return row >= 0 && (this.flags.values[row]! & LOST) !== 0;
  }

  delete(id: string): void {
    const row = this.index.find(id);
    if (row >= 0) this.index.remove(row);
  }

  *[Symbol.iterator](): Generator<[id: string, revision: number]> {
    for (const row of this.index.rows()) {
      if (this.#isKnown(row)) yield [this.index.text(row), this.#revisions.values[row]!];
    }
  }

  /** A listing begins: tell {@linkcode listed} of each of its objects, then ask for {@linkcode gone}. */
  startListing(of: Listing): void {
    for (const row of this.index.rows()) this.flags.values[row]! &= ~SHOWN[of];
  }

  /** Whether it is known with that revision. */
  listed(id: string, revision: number, by: Listing): boolean {
    const row = this.index.find(id);
    if (row < 0) return false;
    this.flags.values[row]! |= SHOWN[by];
    return this.#isKnown(row) && this.#revisions.values[row] === revision;
  }

  /** How many Neutron has, as far as is known; with those that it may have. */
  get size(): number {
    let count = 0;
    for (const row of this.index.rows()) {
      if ((this.flags.values[row]! & (KNOWN | LOST)) !== 0) count++;
    }
    return count;
  }

  /** Those that the listing has not shown. */
  gone(of: Listing): string[] {
    const gone: string[] = [];
    for (const row of this.index.rows()) {
      const flags = this.flags.values[row]!;
      const isHad = (flags & (KNOWN | LOST)) !== 0;
      if (isHad && (flags & SHOWN[of]) === 0) gone.push(this.index.text(row));
    }
    return gone;
  }

  protected revisionAt(row: number): number | undefined {
    return this.#isKnown(row) ? this.#revisions.values[row] : undefined;
  }

  #isKnown(row: number): boolean {
    return (this.flags.values[row]! & KNOWN) !== 0;
  }
}
