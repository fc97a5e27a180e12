/**
 * When a role that ended starts again: at once while it has been calm, then after an exponentially
 * growing delay with jitter, so that a crash loop costs little and several nodes do not beat in
 * time. Pure: the caller keeps the history and the clock.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";

/** Longest delay between two starts, ms. */
export const MAX_DELAY_MS = 30_000;
/** A role that shows heartbeats for so long, ms, is healthy again: its failures are forgotten. */
export const HEALTHY_MS = 60_000;
/** A role that has ended so often in a row does not get better by itself. */
const CRASH_LOOP_FAILURES = 3;
const BACKOFF: Backoff = { firstMs: 500, maxMs: MAX_DELAY_MS, jitter: "equal" };

/** Whether a role ends again and again, from its ends in a row without a healthy minute between them. */
export function isCrashLoop(role: { readonly failures: number } | null): boolean {
  return (role?.failures ?? 0) >= CRASH_LOOP_FAILURES;
}

/**
 * The decision after one end.
 *
 * @param before failures so far
 * @param healthyMs how long the role had shown heartbeats, ms
 * @param random in [0, 1)
 * @returns the delay before the next start, ms, and the failures to pass next time
 */
export function afterEnd(
  before: number,
  healthyMs: number,
  random: number,
): { delayMs: number; failures: number } {
  const failures = (healthyMs >= HEALTHY_MS ? 0 : before) + 1;
  const delayMs = failures === 1 ? 0 : Math.round(backoffMs(BACKOFF, failures - 2, random));
  return { delayMs, failures };
}
