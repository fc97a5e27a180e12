/**
 * How long to wait before something is tried again: longer after each failure up to a limit, and by
 * chance, so that many who failed together do not come back together. Pure.
 *
 * @module
 */

/**
 * Where in the pause chance puts the next try: `full`: anywhere; `equal`: in its second half; `around`: from
 * its half to one and a half of it; `none`: at its end, for what only one process tries.
 */
export type Jitter = "full" | "equal" | "around" | "none";

/** The pauses of one kind of trouble. */
export interface Backoff {
  /** After the first failure, ms; doubled after each further one. */
  readonly firstMs: number;
  /** The longest, ms, before chance. */
  readonly maxMs: number;
  readonly jitter: Jitter;
}

/** What a pause is multiplied with, for a random number in [0, 1). */
const FACTOR: Record<Jitter, (random: number) => number> = {
  full: (random) => random,
  equal: (random) => 0.5 + random / 2,
  around: (random) => 0.5 + random,
  none: () => 1,
};

/**
 * The pause before the next try, ms.
 *
 * @param failures in a row before the last one: 0 after the first
 * @param random in [0, 1)
 */
export function backoffMs(
  { firstMs, maxMs, jitter }: Backoff,
  failures: number,
  random: number = Math.random(),
): number {
  return Math.min(maxMs, firstMs * 2 ** failures) * FACTOR[jitter](random);
}
