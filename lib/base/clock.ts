/**
 * Time as an argument: everything that waits or stamps takes a {@linkcode Clock}, so that tests and
 * fault suites decide what time it is. The real one trusts the machine's wall clock for `now`, the
 * runtime's timers (monotonic) for `sleep`, and the kernel for `uptime`.
 *
 * @module
 */

/** A source of time. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by the machine's wall clock, which may be stepped. */
  now(): number;
  /** Milliseconds from an origin of this process; never steps, and may stand while the machine sleeps. */
  monotonic(): number;
  /**
   * Whole seconds since the machine started: never steps, goes on while the machine sleeps, and is the
   * same in all processes of the machine, which is what makes it comparable across them.
   */
  uptime(): number;
  /**
   * Waits.
   *
   * @param ms milliseconds; zero or less still yields to other work once.
   * @throws the signal's reason, at once, when `signal` is or becomes aborted.
   */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock; `uptime` needs the permission `sys=osUptime`. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  uptime: () => Deno.osUptime(),
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
