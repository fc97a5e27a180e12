/**
 * How densely keys lie, learnt from the keys that were read, to guess where the next so many of them end. A
 * key counts as a number between 0 and 1 whose digits are its bytes; each position has an alphabet of its own,
 * the bytes that were seen there. A wrong guess may only cost time.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** One key in so many of a page is looked at: alphabets are small. */
const SAMPLE = 16;
/** Steps that a number between 0 and 1 tells apart. */
const PRECISION = 2 ** 48;
const [ZERO, NINE] = ["0".charCodeAt(0), "9".charCodeAt(0)];

/** The bytes of one position, and the rank of each. */
class Alphabet {
  #bytes: number[] = [];
  readonly #has = new Set<number>();

  add(byte: number): void {
    if (this.#has.has(byte)) return;
    // Where one digit stands, the others are to be expected: counters have not come that far yet.
    if (byte >= ZERO && byte <= NINE) {
      for (let digit = ZERO; digit <= NINE; digit++) this.#has.add(digit);
    } else this.#has.add(byte);
    this.#bytes = [...this.#has].sort((a, b) => a - b);
  }

  get size(): number {
    return this.#bytes.length;
  }

  /** How many of its bytes are smaller. */
  rank(byte: number): number {
    const rank = this.#bytes.findIndex((own) => own >= byte);
    return rank < 0 ? this.size : rank;
  }

  byte(rank: number): number {
    return this.#bytes[rank]!;
  }
}

/** The alphabets of the keys that were read, by position. */
export class KeySpace {
  readonly #alphabets: Alphabet[] = [];

  /** Learns from keys, at least one, in their order; how far apart the first and the last are. */
  learn(keys: readonly Uint8Array[]): number {
    for (let i = 0; i < keys.length; i += SAMPLE) this.#add(keys[i]!);
    this.#add(keys.at(-1)!);
    return this.#number(keys.at(-1)!) - this.#number(keys[0]!);
  }

  /** A key about so far behind that one; null: none can be told. */
  after(key: Uint8Array, width: number): Buffer | null {
    const number = this.#number(key) + width;
    if (!(width > 0) || number >= 1) return null;
    const end = this.#key(number);
    return Buffer.compare(end, key) > 0 ? end : null;
  }

  #add(key: Uint8Array): void {
    for (let i = 0; i < key.length; i++) (this.#alphabets[i] ??= new Alphabet()).add(key[i]!);
  }

  #number(key: Uint8Array): number {
    let [number, steps] = [0, 1];
    for (const [i, alphabet] of this.#alphabets.entries()) {
      if (i === key.length || steps >= PRECISION) break;
      steps *= alphabet.size;
      number += alphabet.rank(key[i]!) / steps;
    }
    return number;
  }

  #key(number: number): Buffer {
    const bytes: number[] = [];
    let [rest, steps] = [number, 1];
    for (const alphabet of this.#alphabets) {
      if (steps >= PRECISION) break;
      steps *= alphabet.size;
      rest *= alphabet.size;
      const rank = Math.min(Math.floor(rest), alphabet.size - 1);
      rest -= rank;
      bytes.push(alphabet.byte(rank));
    }
    return Buffer.from(bytes);
  }
}
