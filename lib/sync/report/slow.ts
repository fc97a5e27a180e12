/** Whether a run was slow, measured by those before it. Pure. @module */
import type { Resync } from "../../state/records.ts";

/** So many times as long as usual is slow. */
const FACTOR = 3;
/** What takes no longer is never slow, ms. */
export const QUICK_MS = 1000;
/** Fewer runs do not say what is usual. */
const MIN_RUNS = 5;

/**
 * Whether it took more than 3 times as long as most runs of its kind before it: whole or not, and for the same
 * reason, because a first run takes nothing for granted and a periodic one does.
 */
export function isSlow(
  { whole, reason, startedAt, endedAt }:
    & Pick<Resync, "whole" | "reason" | "startedAt">
    & { endedAt: number },
  before: readonly Resync[],
): boolean {
  const tookMs = endedAt - startedAt;
  if (tookMs <= QUICK_MS) return false;
  const lengths = before
    .filter((run) => run.whole === whole && run.reason === reason)
    .filter((run) => run.error === null && run.startedAt !== startedAt)
    .flatMap((run) => run.endedAt === null ? [] : [run.endedAt - run.startedAt])
    .sort((a, b) => a - b);
  if (lengths.length < MIN_RUNS) return false;
  return tookMs > FACTOR * lengths[Math.floor(lengths.length / 2)]!;
}
