/**
 * For a loop beside some work: a signal to wait with. Racing with the work's promise in every turn would
 * leave a reaction to it behind each time, which lives as long as the work does.
 *
 * @module
 */

/** Aborts when `signal` does, or when the work has ended, well or not. */
export function whileRunning(work: Promise<unknown>, signal: AbortSignal): AbortSignal {
  const ended = new AbortController();
  const stop = () => ended.abort(new Error("the work has ended"));
  work.then(stop, stop);
  return AbortSignal.any([signal, ended.signal]);
}
