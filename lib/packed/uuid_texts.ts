/**
 * Texts that hold UUIDs, taken apart: the UUIDs as numbers, and the rest, which many texts share, kept
 * once. `…/host--1-openstack-<uuid>-<uuid>` becomes 32 bytes and a number that stands for the rest.
 * Without loss: what goes in comes out, whatever it is.
 *
 * @module
 */

/** A UUID as Neutron writes it, or with every dash doubled as in an endpoint's name. */
const UUID = /[0-9a-f]{8}(--?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}/g;
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
    for (let i = 0; i < 36; i++) {
      const code = text.charCodeAt(i);
      const dash = i === 8 || i === 13 || i === 18 || i === 23;
      if (dash ? code !== DASH : code > 127 || NIBBLES[code] === 255) return false;
    }
    this.words.fill(0);
    this.#parse(text, 1, 0);
    return true;
  }

  #split(text: string, width: number): string {
    this.words.fill(0);
    if (MARK.test(text)) return WHOLE + text;
    let found = 0;
    return text.replaceAll(UUID, (uuid: string, dash: string) => {
      if (found === width) return uuid;
      this.#parse(uuid, dash.length, WORDS * found++);
      return dash.length === 1 ? PLAIN : DOUBLED;
    });
  }

  #parse(text: string, dash: number, at: number): void {
    const { words } = this;
    let digits = 0;
    for (let i = 0; digits < 32; i++) {
      if (digits === 8 || digits === 12 || digits === 16 || digits === 20) i += dash;
      const word = at + (digits >> 3);
      words[word] = (words[word]! << 4) | NIBBLES[text.charCodeAt(i)]!;
      digits++;
    }
  }
}

function uuidText(words: Uint32Array, at: number, dash: string): string {
  const hex = (word: number) => words[at + word]!.toString(16).padStart(8, "0");
  const [a, b, c, d] = [hex(0), hex(1), hex(2), hex(3)];
  const groups = [a, b.slice(0, 4), b.slice(4), c.slice(0, 4), c.slice(4) + d];
  return groups.join(dash);
}
