/** Finds the rows of endpoints' keys by the port that they end with, at some 10 bytes a row. @module */
import type { Column, PackedIndex } from "../packed/packed_index.ts";

const MIN_CHAINS = 64;

/** Rows of an index whose texts are status keys, chained by a hash of their ports. */
export class PortRows {
  /** The first row of each chain, plus one; 0: it is empty. Their number is a power of two. */
  #chains = new Uint32Array(MIN_CHAINS);
  /** The row that comes after this one in its chain, plus one. */
  readonly #next: Column<Uint32Array>;
  #size = 0;

  constructor(readonly index: PackedIndex) {
    this.#next = index.column(Uint32Array);
  }

  /** Takes up a new row. */
  add(row: number): void {
    if (++this.#size > this.#chains.length) this.#grow();
    this.#link(row);
  }

  /** To be called before the row is removed from the index. */
  remove(row: number): void {
    this.#size--;
    const chain = this.#chainOf(portOf(this.index.text(row)));
    const next = this.#next.values;
    let at = this.#chains[chain]!;
    if (at === row + 1) {
      this.#chains[chain] = next[row]!;
      return;
    }
    while (at > 0 && next[at - 1] !== row + 1) at = next[at - 1]!;
    if (at > 0) next[at - 1] = next[row]!;
  }

  /** The rows whose keys end with that port. */
  find(port: string): number[] {
    const found: number[] = [];
    const next = this.#next.values;
    for (let at = this.#chains[this.#chainOf(port)]!; at > 0; at = next[at - 1]!) {
      if (portOf(this.index.text(at - 1)) === port) found.push(at - 1);
    }
    return found;
  }

  #link(row: number): void {
    const chain = this.#chainOf(portOf(this.index.text(row)));
    this.#next.values[row] = this.#chains[chain]!;
    this.#chains[chain] = row + 1;
  }

  #grow(): void {
    const rows: number[] = [];
    for (const first of this.#chains) {
      for (let at = first; at > 0; at = this.#next.values[at - 1]!) rows.push(at - 1);
    }
    this.#chains = new Uint32Array(2 * this.#chains.length);
    for (const row of rows) this.#link(row);
  }

  /** FNV-1a. */
  #chainOf(port: string): number {
    let hash = 0x811c9dc5;
    for (let i = 0; i < port.length; i++) {
      hash = Math.imul(hash ^ port.charCodeAt(i), 0x01000193);
    }
    return (hash ^ (hash >>> 15)) & (this.#chains.length - 1);
  }
}

/** What a status key ends with. */
function portOf(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}
