/**
 * Texts with a row each, for one or more indexes that use them: a row exists as long as one of them has
 * it. An open-addressing hash table of row numbers.
 *
 * @module
 */
import { UuidTexts } from "./uuid_texts.ts";

const EMPTY = -1;
const FREE = 0xffffffff;
const WORDS = 4;
const MIN_ROWS = 64;
/** Room grows by a quarter, so that at most a fifth of it is unused. */
const GROWTH = 1.25;
const MAX_LOAD = 0.7;

/** Who uses the rows. */
interface User {
  has(row: number): boolean;
  resize(length: number): void;
}

/** The rows and their texts. */
export class SharedRows {
  readonly users = new Set<User>();
  #slots = new Int32Array(2 * MIN_ROWS).fill(EMPTY);
  #rests = new Uint32Array(MIN_ROWS);
  #words: Uint32Array;
  readonly #free: number[] = [];
  readonly #step: number;
  #rows = 0;
  #used = 0;
  readonly #texts = new UuidTexts();

  constructor(readonly width: 1 | 2) {
    this.#step = WORDS * width;
    this.#words = new Uint32Array(MIN_ROWS * this.#step);
  }

  /** Rows that there is room for. */
  get capacity(): number {
    return this.#rests.length;
  }

  /** No row has this number or a higher one. */
  get length(): number {
    return this.#rows;
  }

  /** Bytes of the arrays. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#rests.byteLength + this.#words.byteLength;
  }

  /** The row of a text, or −1. */
  find(text: string): number {
    const rest = this.#texts.find(text, this.width);
    return rest < 0 ? -1 : this.#slots[this.#slotOf(rest, this.#texts.words, 0)]!;
  }

  /** The row here of what others of the same width have in that row, or −1. */
  findSame(other: SharedRows, row: number): number {
    if (other === this) return row;
    const rest = this.#texts.findRest(other.#texts, other.#rests[row]!);
    return rest < 0 ? -1 : this.#slots[this.#slotOf(rest, other.#words, row * this.#step)]!;
  }

  /** The row of a text, a new one if need be. */
  add(text: string): number {
    const rest = this.#texts.hold(text, this.width);
    const slot = this.#slotOf(rest, this.#texts.words, 0);
    const found = this.#slots[slot]!;
    if (found !== EMPTY) {
      this.#texts.release(rest);
      return found;
    }
    const row = this.#free.pop() ?? this.#newRow();
    this.#rests[row] = rest;
    const { words } = this.#texts;
    for (let i = 0; i < this.#step; i++) this.#words[row * this.#step + i] = words[i]!;
    this.#slots[slot] = row;
    if (++this.#used > MAX_LOAD * this.#slots.length) this.#rehash();
    return row;
  }

  /** Removes a row that no user has any more; its number may be used again. */
  removeUnused(row: number): void {
    for (const user of this.users) if (user.has(row)) return;
    const rest = this.#rests[row]!;
    let gap = this.#slotOf(rest, this.#words, row * this.#step);
    const slots = this.#slots;
    const mask = slots.length - 1;
    // What would not be found past the gap moves into it.
    for (let slot = (gap + 1) & mask; slots[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = this.#home(slots[slot]!);
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = slots[slot]!;
      gap = slot;
    }
    slots[gap] = EMPTY;
    this.#rests[row] = FREE;
    this.#free.push(row);
    this.#used--;
    this.#texts.release(rest);
  }

  /** The text of a row. */
  text(row: number): string {
    return this.#texts.join(this.#rests[row]!, this.#words, row * this.#step);
  }

  #newRow(): number {
    const row = this.#rows++;
    if (row === this.#rests.length) {
      const length = Math.ceil(row * GROWTH);
      const [rests, words] = [this.#rests, this.#words];
      this.#rests = new Uint32Array(length);
      this.#rests.set(rests);
      this.#words = new Uint32Array(length * this.#step);
      this.#words.set(words);
      for (const user of this.users) user.resize(length);
    }
    return row;
  }

  /** Where the text stands or would stand. */
  #slotOf(rest: number, words: Uint32Array, at: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(rest, words, at, this.#step) & mask;
    while (slots[slot] !== EMPTY && !this.#equal(slots[slot]!, rest, words, at)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #equal(row: number, rest: number, words: Uint32Array, at: number): boolean {
    if (this.#rests[row] !== rest) return false;
    const from = row * this.#step;
    for (let i = 0; i < this.#step; i++) {
      if (this.#words[from + i] !== words[at + i]) return false;
    }
    return true;
  }

  #home(row: number): number {
    const at = row * this.#step;
    return hash(this.#rests[row]!, this.#words, at, this.#step) & (this.#slots.length - 1);
  }

  #rehash(): void {
    this.#slots = new Int32Array(2 * this.#slots.length).fill(EMPTY);
    const mask = this.#slots.length - 1;
    for (let row = 0; row < this.#rows; row++) {
      if (this.#rests[row] === FREE) continue;
      let slot = this.#home(row);
      while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask;
      this.#slots[slot] = row;
    }
  }
}

/** UUIDs are random, but a device's may be chosen by a user: all words count. */
function hash(rest: number, words: Uint32Array, at: number, count: number): number {
  let h = Math.imul(rest + 1, 0x9e3779b1);
  for (let i = 0; i < count; i++) {
    h = Math.imul(h ^ words[at + i]!, 0x85ebca6b);
    h ^= h >>> 15;
  }
  return (h ^ (h >>> 13)) >>> 0;
}
