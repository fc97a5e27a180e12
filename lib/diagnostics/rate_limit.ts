/**
 * How many requests one client may make: a token bucket per address (per /64 for IPv6), refilled
 * steadily. Trusts the monotonic clock. Memory is bounded: buckets that are full again are forgotten,
 * and when there are too many clients at once, the one that was idle longest is.
 *
 * @module
 */

interface Bucket {
  tokens: number;
  /** When `tokens` was right, ms. */
  at: number;
}

const MAX_CLIENTS = 10_000;

/** Buckets of all clients. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #monotonic: () => number;
  readonly #buckets = new Map<string, Bucket>();

  /**
   * @param perSecond requests per second; 0: no limit.
   * @param monotonic milliseconds
   */
  constructor(perSecond: number, monotonic: () => number) {
    this.#perSecond = perSecond;
    this.#burst = 2 * perSecond;
    this.#monotonic = monotonic;
  }

  /** Number of clients that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one request; the answer is 0, or after how many seconds to come again. */
  take(address: string): number {
    if (this.#perSecond === 0) return 0;
    const now = this.#monotonic();
    const client = clientOf(address);
    const bucket = this.#buckets.get(client) ?? { tokens: this.#burst, at: now };
    const gained = (now - bucket.at) / 1000 * this.#perSecond;
    bucket.tokens = Math.min(this.#burst, bucket.tokens + gained);
    bucket.at = now;
    // The map's order is that of the last request.
    this.#buckets.delete(client);
    this.#buckets.set(client, bucket);
    if (this.#buckets.size > MAX_CLIENTS) this.#forget(now);
    if (bucket.tokens < 1) return Math.ceil((1 - bucket.tokens) / this.#perSecond);
    bucket.tokens--;
    return 0;
  }

  #forget(now: number): void {
    for (const [client, { at }] of this.#buckets) {
      const full = now - at > 1000 * this.#burst / this.#perSecond;
      if (!full && this.#buckets.size <= MAX_CLIENTS) return;
      this.#buckets.delete(client);
    }
  }
}

/** What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has. */
export function clientOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  const missing = 8 - groups.length - (tail ? tail.split(":").length : 0);
  const all = tail === undefined
    ? groups
    : [...groups, ...Array(missing).fill("0"), ...tail.split(":")];
  return `${all.slice(0, 4).map((group) => parseInt(group, 16).toString(16)).join(":")}::/64`;
}
