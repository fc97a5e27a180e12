/**
 * Texts that hold UUIDs, taken apart: the UUIDs as numbers, and the rest, which many texts share, kept
 * once. `…/host--1-openstack-<uuid>-<uuid>` becomes 32 bytes and a number that stands for the rest.
 * Without loss: what goes in comes out, whatever it is.
 *
 * @module
 */

/** Where a UUID stood, and where one with doubled dashes. */
const [PLAIN, DOUBLED] = ["\u0001", "\u0002"];
/** Begins a rest whose text holds a mark itself, and is kept whole. */
const WHOLE = "\u0003";
// deno-lint-ignore no-control-regex
const MARK = /[\u0001-\u0003]/;
// deno-lint-ignore no-control-regex
const MARKS = /[\u0001\u0002]/g;
const WORDS = 4;

/** Value of a hexadecimal digit by its character; 255 for any other. */
const NIBBLES = new Uint8Array(128).fill(255);
for (let i = 0; i < 16; i++) NIBBLES[i.toString(16).charCodeAt(0)] = i;
const DASH = "-".charCodeAt(0);
/** Digits of a UUID before its first dash. */
const BEFORE_DASH = 8;
/** A UUID is so many times four digits; dashes come before the third to the sixth of them. */
const QUADS = 8;

/** The rests of one index's texts. */
export class UuidTexts {
  /** Numbers of the last text that was taken apart: four words for each UUID, the rest zero. */
  readonly words = new Uint32Array(2 * WORDS);
  readonly #numbers = new Map<string, number>([[PLAIN, 0]]);
  readonly #rests: (string | null)[] = [PLAIN];
  /** How many texts have that rest; what nobody has any more is forgotten. */
  readonly #uses = [1];
  readonly #free: number[] = [];

  /** Rests that are kept. */
  get size(): number {
    return this.#numbers.size;
  }

  /**
   * Takes a text apart into {@linkcode words}, at most `width` UUIDs of it.
   *
   * @returns the number of its rest, or −1 when that is not kept.
   */
  find(text: string, width: number): number {
    return this.#isUuid(text) ? 0 : this.#numbers.get(this.#split(text, width)) ?? -1;
  }

  /** The number here of a rest there, or −1. */
  findRest(other: UuidTexts, number: number): number {
    return this.#numbers.get(other.#rests[number]!) ?? -1;
  }

  /** Like {@linkcode find}, but keeps the rest. Each call wants its {@linkcode release}. */
  hold(text: string, width: number): number {
    if (this.#isUuid(text)) return 0;
    const rest = this.#split(text, width);
    let number = this.#numbers.get(rest);
    if (number === undefined) {
      number = this.#free.pop() ?? this.#rests.length;
      this.#rests[number] = rest;
      this.#uses[number] = 0;
      this.#numbers.set(rest, number);
    }
    this.#uses[number]!++;
    return number;
  }

  /** One text less with that rest. */
  release(number: number): void {
    if (number === 0 || --this.#uses[number]! > 0) return;
    this.#numbers.delete(this.#rests[number]!);
    this.#rests[number] = null;
    this.#free.push(number);
  }

  /** The text again, from its rest and the words from `at` on. */
  join(number: number, words: Uint32Array, at: number): string {
    const rest = this.#rests[number]!;
    if (number === 0) return uuidText(words, at, "-");
    if (rest.startsWith(WHOLE)) return rest.slice(1);
    return rest.replaceAll(MARKS, (mark) => {
      const text = uuidText(words, at, mark === PLAIN ? "-" : "--");
      at += WORDS;
      return text;
    });
  }

  /** The frequent case: a UUID and nothing else. */
  #isUuid(text: string): boolean {
    if (text.length !== 36) return false;
    this.words.fill(0);
    return this.#parse(text, 0, 1, 0);
  }

  /** The rest, with a mark for each UUID that was found: by its first dash, which a regular expression is slower at. */
  #split(text: string, width: number): string {
    this.words.fill(0);
    if (MARK.test(text)) return WHOLE + text;
    let rest = "";
    let from = 0;
    let found = 0;
    let dash = text.indexOf("-", BEFORE_DASH);
    while (dash >= 0 && found < width) {
      const dashes = text.charCodeAt(dash + 1) === DASH ? 2 : 1;
      const at = dash - BEFORE_DASH;
      let next = dash + 1;
      if (this.#parse(text, at, dashes, WORDS * found)) {
        found++;
        rest += text.slice(from, at) + (dashes === 1 ? PLAIN : DOUBLED);
        from = at + 32 + 4 * dashes;
        next = from + BEFORE_DASH;
      } else this.words.fill(0, WORDS * found);
      dash = text.indexOf("-", next);
    }
    return rest + text.slice(from);
  }

  /**
   * Puts the UUID that begins there, with so many dashes in each place where it has some, into the words from
   * `at` on, which are zero. False: there is none, and the words are of no use.
   */
  #parse(text: string, from: number, dashes: number, at: number): boolean {
    const { words } = this;
    let i = from;
    for (let quad = 0; quad < QUADS; quad++) {
      if (quad >= 2 && quad <= 5) {
        for (const end = i + dashes; i < end; i++) if (text.charCodeAt(i) !== DASH) return false;
      }
      let digits = 0;
      for (const end = i + 4; i < end; i++) {
        const nibble = NIBBLES[text.charCodeAt(i)]!; // undefined behind the end
        if (!(nibble < 16)) return false;
        digits = (digits << 4) | nibble;
      }
      const word = at + (quad >> 1);
      words[word] = (words[word]! << 16) | digits;
    }
    return true;
  }
}

function uuidText(words: Uint32Array, at: number, dash: string): string {
  const hex = (word: number) => words[at + word]!.toString(16).padStart(8, "0");
  const [a, b, c, d] = [hex(0), hex(1), hex(2), hex(3)];
  const groups = [a, b.slice(0, 4), b.slice(4), c.slice(0, 4), c.slice(4) + d];
  return groups.join(dash);
}
