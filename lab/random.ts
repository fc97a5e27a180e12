/** Draws from a seed: the same seed gives the same cloud on every machine. @module */

/** A small generator (mulberry32, public domain by its author Tommy Ettinger); not for secrets. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  /** That many hexadecimal digits. */
  hex(digits: number): string {
    let text = "";
    while (text.length < digits) text += this.below(16).toString(16);
    return text;
  }

  /** In the form of a UUID v4. */
  uuid(): string {
    const h = this.hex(31);
    return [
      h.slice(0, 8),
      h.slice(8, 12),
      `4${h.slice(12, 15)}`,
      `8${h.slice(15, 18)}`,
      h.slice(18, 30),
    ].join("-");
  }
}
