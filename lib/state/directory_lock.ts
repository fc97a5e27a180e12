/**
 * The lock of a state directory: the kernel's (`flock`), which ends with its holder however that ended and
 * holds across containers of one machine.
 *
 * @module
 */
import { systemClock } from "../base/clock.ts";

/** Name of the lock file inside the state directory. */
export const LOCK_FILE = "supervisor.lock";

/** Who only looks whether a lock is held, holds it for a moment; a supervisor tries this often, with pauses. */
const ATTEMPTS = 5;
const PAUSE_MS = 20;

/** Takes the lock for this process; false: another has it. */
export async function takeLock(file: Deno.FsFile): Promise<boolean> {
  for (let attempt = 1;; attempt++) {
    if (await file.tryLock(true)) return true;
    if (attempt === ATTEMPTS) return false;
    await systemClock.sleep(PAUSE_MS);
  }
}

/**
 * Whether a supervisor has it; a file that is not there is not locked.
 *
 * @throws when this user may not look.
 */
export async function isLocked(path: string): Promise<boolean> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return false;
    }
    throw error;
  }
  try {
    // Shared: two commands that look do not disturb one another. Closing gives it back.
    return !await file.tryLock(false);
  } finally {
    file.close();
  }
}
