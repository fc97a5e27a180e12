/** A lock on an open file that the kernel lets go when its holder ends, however that was. @module */
import { deadline } from "./deadline.ts";

/** How long a runtime without `tryLock` (before Deno 2.5) waits before a lock counts as held, ms. */
const WAIT_MS = 300;

/**
 * Takes the exclusive lock and tells whether it was free. Where the runtime can only wait for a lock, a
 * wait that was given up goes on in the background, and the file takes no other call: it should be left
 * as it is then.
 */
export async function tryLock(file: Deno.FsFile): Promise<boolean> {
  if ("tryLock" in file) return await file.tryLock(true);
  return await deadline((file as Deno.FsFile).lock(true).then(() => true), WAIT_MS, () => false);
}
