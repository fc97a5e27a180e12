/** Loops, and questions, that live and end together. @module */

/**
 * Waits until all loops have ended. When one fails, `stop` aborts the others, whose signal comes from it.
 *
 * @throws what the first one failed with, once all have ended.
 */
export async function joinLoops(
  loops: readonly Promise<void>[],
  stop: AbortController,
): Promise<void> {
  const failures: unknown[] = [];
  await Promise.all(loops.map((loop) =>
    loop.catch((error) => {
      failures.push(error);
      // Not with the failure as its reason, which who is aborted by it would take for a failure of its own.
      stop.abort();
    })
  ));
  if (failures.length > 0) throw failures[0];
}

/**
 * What these come to, done side by side. When one fails, the signal that each is given is aborted, as it is with
 * `signal`; so nobody goes on with what is of no use any more, beside the next try of all of it.
 *
 * @throws what the first one failed with, once all have ended.
 */
export async function joinAll<T extends readonly unknown[] | []>(
  signal: AbortSignal,
  acts: { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
): Promise<T> {
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const results: unknown[] = [];
  const loops = acts.map(async (act, i) => {
    results[i] = await act(both);
  });
  await joinLoops(loops, stop);
  return results as unknown as T;
}
