/** How often in a row comparisons have shown that an endpoint differs, and when that is a reason to tell it. @module */
import type { Column } from "../packed/packed_index.ts";

const MAX_TRIES = 255;
/** After the most that can be counted it goes on from here, so that it is told now and then for ever. */
const AGAIN = 128;

/** Counts by row, a byte each. */
export class Tries {
  #persisting = 0;

  constructor(readonly counts: Column<Uint8Array>) {}

  /** How many rows have differed more than once in a row. */
  get persisting(): number {
    return this.#persisting;
  }

  of(row: number): number {
    return this.counts.values[row]!;
  }

  /** A comparison has shown whether the row differs; how often in a row it has done so. */
  note(row: number, differs: boolean): number {
    const before = this.of(row);
    const next = before === MAX_TRIES ? AGAIN : before + 1;
    const tries = differs ? next : 0;
    this.counts.values[row] = tries;
    if (before > 1) this.#persisting--;
    if (tries > 1) this.#persisting++;
    return tries;
  }
}

/** The first, second, fourth, eighth … time in a row, and each 128th. */
export function isDue(tries: number): boolean {
  return (tries & (tries - 1)) === 0;
}
