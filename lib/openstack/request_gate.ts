/**
 * The door to Neutron: at most so many requests of this process are under way at a time, and what cannot wait goes
 * before what can. It also adds up for how long Neutron has been busy with them.
 *
 * @module
 */

/** Lets requests through, a few at a time. */
export class RequestGate {
  /** For how long requests were under way, all added up, ms. */
  busyMs = 0;
  #underWay = 0;
  readonly #urgent: (() => void)[] = [];
  readonly #others: (() => void)[] = [];

  /** @param limit requests under way at a time. */
  constructor(readonly limit: number, readonly monotonic: () => number = () => performance.now()) {}

  /** Does it when it is its turn. @throws the signal's reason while it waits, or what `request` throws. */
  async run<T>(urgent: boolean, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
    await this.#enter(urgent, signal);
    const from = this.monotonic();
    try {
      return await request();
    } finally {
      this.busyMs += this.monotonic() - from;
      this.#leave();
    }
  }

  async #enter(urgent: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#underWay < this.limit) {
      this.#underWay++;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const queue = urgent ? this.#urgent : this.#others;
    const onAbort = () => {
      queue.splice(queue.indexOf(resolve), 1);
      reject(signal.reason);
    };
    queue.push(resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await promise; // whoever leaves hands its place over
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  #leave(): void {
    const next = this.#urgent.shift() ?? this.#others.shift();
    if (next) next();
    else this.#underWay--;
  }
}
