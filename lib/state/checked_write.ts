/**
 * Writes that depend on what was read before, in a file that other processes write at the same time.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { systemClock } from "../base/clock.ts";
import { isBusy } from "./sqlite_errors.ts";

/** As long as a claim of mastership is tried, see `mastership_claim.ts`, ms. */
const BUSY_MS = 5000;
const MAX_PAUSE_MS = 30;

/**
 * Reads and writes again and again until nobody else has written in between: `write` reads, writes with a
 * check, and says whether the check held. False: others have written all the time, for `busyMs`.
 *
 * @throws what `write` throws, but for a file that is busy.
 */
export async function writeChecked(
  write: () => Promise<boolean>,
  busyMs = BUSY_MS,
  maxPauseMs = MAX_PAUSE_MS,
): Promise<boolean> {
  const pause: Backoff = { firstMs: 3, maxMs: maxPauseMs, jitter: "full" };
  const endsAt = performance.now() + busyMs;
  for (let i = 0; performance.now() < endsAt; i++) {
    try {
      if (await write()) return true;
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    await systemClock.sleep(backoffMs(pause, i));
  }
  return false;
}
