/**
 * Keys that etcd holds, and what a full resync knows of them: at which mod revision they were seen,
 * whether Neutron wants them, whether they were right. No values.
 *
 * @module
 */
import { PackedIndex } from "../../packed/packed_index.ts";

/** Something in Neutron stands behind the key. */
const WANTED = 1;
/** At the mod revision that is noted, the key held what it should. */
const RIGHT = 2;

/** The keys of one kind. A row, of {@linkcode index}, stands for its key until that is dropped. */
export class KeyTable {
  readonly index: PackedIndex;
  readonly #revisions;
  readonly #states;

  /** `uuids`: how many a key has. `beside`: of another index, see {@linkcode PackedIndex}. */
  constructor(uuids: 1 | 2, beside?: KeyTable) {
    this.index = new PackedIndex(uuids, beside?.index);
    this.#revisions = this.index.column(Float64Array);
    this.#states = this.index.column(Uint8Array);
  }

  get size(): number {
    return this.index.size;
  }

  /** The row of a key; −1: it was not seen. */
  find(key: string): number {
    return this.index.find(key);
  }

  /** Notes a key as etcd shows it (mod revision, decimal); its row. */
  seen(key: string, modRevision: string): number {
    const row = this.index.add(key);
    this.#revisions.values[row] = Number(modRevision);
    this.#states.values[row] = 0;
    return row;
  }

  /** The mod revision at which it was seen, decimal; `"0"` when it is only wanted. */
  modRevision(row: number): string {
    return String(this.#revisions.values[row]);
  }

  /** Something stands behind the key of that row (−1: there is none). */
  want(row: number): void {
    if (row >= 0) this.#states.values[row]! |= WANTED;
  }

  /** It holds what it should, at the mod revision at which it was seen or another. */
  right(row: number, modRevision = this.modRevision(row)): void {
    this.#revisions.values[row] = Number(modRevision);
    this.#states.values[row] = WANTED | RIGHT;
  }

  /** It has to be compared again. */
  doubt(key: string): void {
    const row = this.index.find(key);
    if (row >= 0) this.#states.values[row]! &= ~RIGHT;
  }

  /** Whether something in Neutron stands behind that key, as far as this table has been told. */
  isWanted(key: string): boolean {
    const row = this.index.find(key);
    return row >= 0 && (this.#states.values[row]! & WANTED) !== 0;
  }

  isRight(row: number): boolean {
    return (this.#states.values[row]! & RIGHT) !== 0;
  }

  /** Keys that were seen in etcd and that nothing stands behind. Keys may be dropped meanwhile. */
  *unwanted(): Generator<[key: string, modRevision: string]> {
    for (const row of this.index.rows()) {
      const seen = this.#revisions.values[row] !== 0;
      if (seen && this.#states.values[row] === 0) {
        yield [this.index.text(row), this.modRevision(row)];
      }
    }
  }

  /** Whether a key has a lower mod revision than an earlier table knew: etcd is a backup that was restored since. */
  wentBackSince(earlier: KeyTable): boolean {
    for (const row of earlier.index.rows()) {
      const here = this.index.findSame(earlier.index, row);
      if (here >= 0 && this.#revisions.values[here]! < earlier.#revisions.values[row]!) return true;
    }
    return false;
  }

  /** The row here of a key that another table knew as right, if it has not changed since; else −1. */
  findUnchanged(other: KeyTable, row: number): number {
    if (!other.isRight(row)) return -1;
    const here = this.index.findSame(other.index, row);
    const same = here >= 0 && this.#revisions.values[here] === other.#revisions.values[row];
    return same ? here : -1;
  }
}
