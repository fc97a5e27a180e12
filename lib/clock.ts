/**
 * Time as an argument: everything that waits or stamps takes a {@linkcode Clock}, so that tests and
 * fault suites decide what time it is. The real one trusts the machine's wall clock for `now` and
 * the runtime's timers (monotonic) for `sleep`.
 *
 * @module
 */

/** A source of time. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by the machine's wall clock. */
  now(): number;
  /**
   * Waits.
   *
   * @param ms milliseconds; zero or less still yields to other work once.
   * @throws the signal's reason, at once, when `signal` is or becomes aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        clearTimeout(timer);
        reject(signal!.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
};
