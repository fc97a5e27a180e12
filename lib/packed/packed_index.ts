/**
 * Rows of numbers found by a text, in typed arrays: what a `Map` of objects needs some 500 bytes for
 * takes about 60. The texts are such as hold UUIDs (`uuid_texts.ts`); any other text works too, at the
 * price of its own length. A row keeps its number until it is removed.
 *
 * An index may be made beside another: they are as independent as two, but what they have in common they
 * keep once (`shared_rows.ts`).
 *
 * @module
 */
import { SharedRows } from "./shared_rows.ts";

type Numbers = Float64Array | Uint32Array | Uint8Array;

/** A number for every row; 0 in a new one. */
export class Column<T extends Numbers = Numbers> {
  constructor(readonly of: new (length: number) => T, public values: T) {}

  /** More room, the values kept. */
  resize(length: number): void {
    const values = new this.of(length);
    values.set(this.values);
    this.values = values;
  }
}

/** A table of numbers, one row a text. */
export class PackedIndex {
  #rows: SharedRows;
  readonly #columns: Column[] = [];
  /** 1 in the rows that are this one's. */
  readonly #has: Column<Uint8Array>;
  #size = 0;

  /** `width`: UUIDs of a text that become numbers, 1 or 2. `beside`: one of the same width. */
  constructor(readonly width: 1 | 2, beside?: PackedIndex) {
    this.#rows = beside ? beside.#rows : new SharedRows(width);
    this.#rows.users.add(this);
    this.#has = this.column(Uint8Array);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes of the arrays. */
  get byteLength(): number {
    return this.ownBytes + this.#rows.byteLength;
  }

  /** Bytes of those that it does not share. */
  get ownBytes(): number {
    return this.#columns.reduce((sum, { values }) => sum + values.byteLength, 0);
  }

  /** One more number for every row. */
  column<T extends Numbers>(of: new (length: number) => T): Column<T> {
    const column = new Column(of, new of(this.#rows.capacity));
    this.#columns.push(column as Column);
    return column;
  }

  /** Whether the row is this one's. */
  has(row: number): boolean {
    return this.#has.values[row] === 1;
  }

  /** The row of a text, or −1. */
  find(text: string): number {
    return this.#own(this.#rows.find(text));
  }

  /** The row here of what another index of the same width has in that row, or −1. */
  findSame(other: PackedIndex, row: number): number {
    return this.#own(this.#rows.findSame(other.#rows, row));
  }

  /** The row of a text, a new one if need be. */
  add(text: string): number {
    const row = this.#rows.add(text);
    if (this.has(row)) return row;
    for (const { values } of this.#columns) values[row] = 0;
    this.#has.values[row] = 1;
    this.#size++;
    return row;
  }

  /** Removes a row; its number may be used again. */
  remove(row: number): void {
    this.#has.values[row] = 0;
    this.#size--;
    this.#rows.removeUnused(row);
  }

  /** The text of a row. */
  text(row: number): string {
    return this.#rows.text(row);
  }

  /** Rows from the oldest on; those added meanwhile may be missed. */
  *rows(): Generator<number> {
    for (let row = 0; row < this.#rows.length; row++) if (this.has(row)) yield row;
  }

  /** The texts of every so many rows, from the oldest on. */
  *everyText(step: number): Generator<string> {
    let at = 0;
    let chosen = 0;
    for (let row = 0; row < this.#rows.length; row++) {
      if (!this.has(row)) continue;
      // By chance: what is in the order of something else, such as twenty to a host, has a beat of its own.
      if (at % step === 0) chosen = at + Math.floor(Math.random() * step);
      if (at++ === chosen) yield this.text(row);
    }
  }

  /** Empties it; from now on it shares nothing. */
  close(): void {
    const rows = this.#rows;
    rows.users.delete(this);
    if (rows.users.size > 0) { for (const row of this.rows()) rows.removeUnused(row); }
    this.#rows = new SharedRows(this.width);
    this.#rows.users.add(this);
    this.#size = 0;
    for (const column of this.#columns) column.values = new column.of(this.#rows.capacity);
  }

  /** The rows that it shares have become more. */
  resize(length: number): void {
    for (const column of this.#columns) column.resize(length);
  }

  #own(row: number): number {
    return row >= 0 && this.has(row) ? row : -1;
  }
}
