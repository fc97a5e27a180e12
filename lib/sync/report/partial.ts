/**
 * Accounts of runs that look at some objects. There may be one a second, so they are recorded when they are
 * over, and only when there is something to tell; all others are counted.
 *
 * @module
 */
import { FenceLostError } from "../../etcd/client.ts";
import type { JobContext, Term } from "../../role/master_context.ts";
import type { ResyncResult } from "../apply/sync_run.ts";
import { recorded, type RecordedOptions } from "./record.ts";
import { isSlow, QUICK_MS } from "./slow.ts";

/** What came of such a run. */
export interface PartialOutcome {
  readonly result: ResyncResult;
  /** It has changed something, or something new was held back. */
  readonly tells: boolean;
  /** It was a slice of a round, which is counted with that. @default false */
  readonly isPart?: boolean;
  /** It was the end of a round that has compared everything with etcd. @default false */
  readonly whole?: boolean;
}

/** Records a run that is over, as `ended` tells it; `startedAt` in ms since the epoch. @throws what that throws. */
export async function account(
  context: JobContext,
  term: Term,
  options: RecordedOptions & { readonly startedAt: number },
  ended: () => Promise<ResyncResult>,
): Promise<void> {
  await recorded(context, term, { whole: false, ...options }, ended);
}

/**
 * Runs it. It is recorded if it tells something, fails, is slow, or is the try after a failure, which would
 * else be the last word.
 *
 * @throws what the run threw.
 */
export async function runPartial(
  context: JobContext,
  term: Term,
  options: RecordedOptions,
  run: () => Promise<PartialOutcome>,
): Promise<void> {
  const { clock, store } = context;
  const startedAt = clock.now();
  const noted = { ...options, startedAt };
  let outcome: PartialOutcome;
  try {
    outcome = await run();
  } catch (error) {
    // The end of a term is no failure of a run that has written nothing of its own.
    if (term.signal.aborted || error instanceof FenceLostError) throw error;
    return await account(context, term, noted, () => Promise.reject(error));
  }
  const { result, tells, isPart = false, whole = false } = outcome;
  const endedAt = clock.now();
  const isRecorded = tells || (options.attempt ?? 1) > 1 ||
    !isPart && endedAt - startedAt > QUICK_MS &&
      isSlow(
        { whole: false, reason: options.reason, startedAt, endedAt },
        await store.readResyncs(),
      );
  const told = whole ? { ...noted, whole, reason: "periodic" as const } : noted;
  if (isRecorded) await account(context, term, told, () => Promise.resolve(result));
  else if (!isPart) await store.resyncHistory.hours.add({ startedAt, endedAt, outcome: "empty" });
}
