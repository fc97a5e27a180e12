/** Rows of a table in the order of a revision of each, the newest first: a binary heap. @module */

/** Takes rows in any order and gives back the newest. A row may be added again, and is then given twice. */
export class NewestRows {
  readonly #rows: number[] = [];
  readonly #revisions: number[] = [];

  get length(): number {
    return this.#rows.length;
  }

  /** Adds a row. */
  add(row: number, revision: number): void {
    let at = this.#rows.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#revisions[parent]! >= revision) break;
      this.#put(at, this.#rows[parent]!, this.#revisions[parent]!);
      at = parent;
    }
    this.#put(at, row, revision);
  }

  /** Takes the row of the highest revision; undefined: there is none. */
  take(): number | undefined {
    const newest = this.#rows[0];
    const [row, revision] = [this.#rows.pop(), this.#revisions.pop()];
    if (row === undefined || revision === undefined || this.#rows.length === 0) return newest;
    const { length } = this.#rows;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      const other = child + 1;
      if (other < length && this.#revisions[other]! > this.#revisions[child]!) child = other;
      if (this.#revisions[child]! <= revision) break;
      this.#put(at, this.#rows[child]!, this.#revisions[child]!);
      at = child;
    }
    this.#put(at, row, revision);
    return newest;
  }

  clear(): void {
    this.#rows.length = 0;
    this.#revisions.length = 0;
  }

  #put(at: number, row: number, revision: number): void {
    this.#rows[at] = row;
    this.#revisions[at] = revision;
  }
}
