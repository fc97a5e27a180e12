/** The account of a resync: its record in the history, its line in the log, its signs of life. @module */
import type { Config } from "../config_types.ts";
import { describeError } from "../log.ts";
import type { JobContext, Term } from "../master_context.ts";
import type { Resync } from "../state_records.ts";
import type { DifferenceLog } from "./difference_log.ts";
import type { ResyncResult } from "./pass.ts";

const TURN_MS = 1000;
/** Beyond a request's own deadline, no progress for so long means that something hangs, ms. */
const SLACK_MS = 5000;

/** What {@linkcode recorded} notes of a resync. */
export interface RecordedOptions {
  readonly reason: string;
  /** What the resync's deps were given too. */
  readonly differences: DifferenceLog;
  /** Where differences are kept. */
  readonly stateDir: string;
  /** When it began, if that was before; ms since the epoch. */
  readonly startedAt?: number;
}

/** Runs a resync with its record in the history and its line in the log. */
export async function recorded<T extends ResyncResult>(
  { clock, log, store }: JobContext,
  term: Term,
  { reason, differences, stateDir, startedAt = clock.now() }: RecordedOptions,
  resync: () => Promise<T>,
): Promise<T> {
  const record: Resync = {
    id: Math.floor(startedAt).toString(36),
    startedAt,
    endedAt: null,
    reason,
    error: null,
    kinds: {},
    warnings: [],
  };
  await store.writeResync(record);
  try {
    const result = await resync();
    Object.assign(record, { kinds: result.kinds, warnings: result.warnings });
    for (const warning of result.warnings) log.warn("resync", { warning });
    log.info("resync done", { ms: clock.now() - startedAt, reason, ...totals(result) });
    return result;
  } catch (error) {
    record.error = term.signal.aborted ? "mastership ended" : describeError(error).slice(0, 500);
    if (!term.signal.aborted) {
      const message = `resync failed: ${record.error}`;
      await store.addEvent("resource-syncer", { at: clock.now(), level: "error", message });
    }
    throw error;
  } finally {
    const endedAt = clock.now();
    const known = (await store.readResyncs()).map(({ id }) => id);
    await differences.save(stateDir, record.id, known, { log });
    const [found, kept] = [differences.total, differences.objects.length];
    await store.writeResync({ ...record, endedAt, differences: found, differencesKept: kept });
  }
}

/** Counts of all kinds together. */
export function totals({ kinds }: ResyncResult): Record<string, number> {
  const names = ["correct", "created", "updated", "deleted", "conflicts"] as const;
  return Object.fromEntries(
    names.map((
      name,
    ) => [name, Object.values(kinds).reduce((sum, counts) => sum + counts[name], 0)]),
  );
}

/**
 * Says that the resync lives: with each step, and once a second while it waits for an answer whose
 * deadline has not passed. A wait beyond every deadline goes silent, which the supervisor notices.
 */
export function showProgress(
  context: JobContext,
  config: Config,
  problem: string | null,
  onStep: (doing: string) => void = () => {},
) {
  const deadlineMs = config.openstack.requestTimeoutMs + SLACK_MS;
  let doing = "resync";
  let steppedAt = context.clock.now();
  const timer = setInterval(() => {
    if (context.clock.now() - steppedAt < deadlineMs) context.alive(doing, problem);
  }, TURN_MS);
  return {
    progress(what: string) {
      doing = what;
      steppedAt = context.clock.now();
      context.alive(doing, problem);
      onStep(what);
    },
    [Symbol.dispose]() {
      clearInterval(timer);
    },
  };
}
