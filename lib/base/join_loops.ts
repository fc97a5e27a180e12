/** Loops that live and end together. @module */

/**
 * Waits until all loops have ended. When one fails, `stop` aborts the others, whose signal comes from it.
 *
 * @throws what the first one failed with, once all have ended.
 */
export async function joinLoops(
  loops: readonly Promise<void>[],
  stop: AbortController,
): Promise<void> {
  let failed = false;
  await Promise.all(loops.map((loop) =>
    loop.catch((error) => {
      failed = true;
      stop.abort(error); // the first reason stays
    })
  ));
  if (failed) throw stop.signal.reason;
}
