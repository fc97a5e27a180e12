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
const PAUSE: Backoff = { firstMs: 3, maxMs: 30, jitter: "full" };

/**
 * Reads and writes again and again until nobody else has written in between: `write` reads, writes with a
 * check, and says whether the check held. False: others write all the time.
 *
 * @throws what `write` throws, but for a file that is busy.
 */
export async function writeChecked(write: () => Promise<boolean>): Promise<boolean> {
  const endsAt = performance.now() + BUSY_MS;
  for (let i = 0; performance.now() < endsAt; i++) {
    try {
      if (await write()) return true;
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    await systemClock.sleep(backoffMs(PAUSE, i));
  }
  return false;
}
