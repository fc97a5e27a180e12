/** What is wrong with the resyncs of a master, in the order in which to look at it. Pure. @module */
import type { Resync } from "../state/records.ts";
import { isConcern } from "../sync/report/held_text.ts";
import { STEPS } from "../sync/apply/step.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { guardLevel, heldNow } from "./held.ts";
import { isUp } from "./roles.ts";
import { runningResync } from "./running_resync.ts";

/** The findings on the resyncs and on what they hold back and leave. */
export function resyncFindings(facts: Facts): Finding[] {
  return [...lastFindings(facts), ...heldFindings(facts)];
}

/** The runs of this term, newest first: those before it say nothing of now. */
export function runsOfTerm({ resyncs, since }: Pick<Facts, "resyncs" | "since">): Resync[] {
  return resyncs.filter(({ startedAt }) => startedAt >= (since ?? 0));
}

/** The run of everything that runs now, in this term and by a role that is up; null: none. */
export function runningNow(facts: Facts): Resync | null {
  const run = runningResync(facts);
  const syncer = facts.roles.find(({ name }) => name === "resource-syncer");
  const runs = run !== null && run.whole && syncer !== undefined && isUp(syncer);
  return runs && run.startedAt >= (facts.since ?? 0) ? run : null;
}

/** How far a running run is; null: none runs. */
export function stepText(run: Pick<Resync, "step"> | null): string | null {
  if (!run) return null;
  const n = STEPS.findIndex((step) => step === run.step);
  return n < 0 ? "begins" : `${STEPS[n]}, step ${n + 1} of ${STEPS.length}`;
}

function lastFindings(facts: Facts): Finding[] {
  const own = runsOfTerm(facts);
  const running = runningNow(facts);
  const writing = own.filter(({ dryRun }) => !dryRun);
  if (running && !running.dryRun && writing.every(({ endedAt }) => endedAt === null)) {
    return [{ kind: "first-resync-running", level: "warn" }];
  }
  const ended = own.filter(({ endedAt }) => endedAt !== null);
  const [last] = ended;
  if (last) {
    // What only looked at a part makes nothing good of what went before.
    const whole = ended.find(({ whole }) => whole);
    return judgeRuns(whole && whole !== last ? [last, whole] : [last], running, facts.at);
  }
  return facts.node.startupResync === "never" ? [] : [{ kind: "first-resync-due", level: "warn" }];
}

function judgeRuns(runs: readonly Resync[], running: Resync | null, at: number): Finding[] {
  const failures = runs.filter(({ error }) => error !== null);
  const failed = failures.find(({ reason }) => reason !== "requested") ?? failures[0];
  if (failed) {
    const { id: resync, error, reason, startedAt } = failed;
    const askedAt = reason === "requested" ? startedAt : null;
    const retries = running && running.startedAt >= failed.startedAt && running.attempt > 1;
    const retry = retries ? running : null;
    const level = askedAt === null ? "error" : "warn";
    return [{ kind: "resync-failed", level, resync, error: error!, askedAt, retry, at }];
  }
  const warned = runs.find(({ warnings }) => warnings.length > 0);
  if (!warned) return [];
  const { id: resync, warnings: [first, ...rest] } = warned;
  return [{ kind: "resync-warned", level: "warn", resync, first: first!, more: rest.length }];
}

function heldFindings(facts: Facts): Finding[] {
  const { guards, leftOut } = heldNow(facts);
  return [
    ...guards.map((guard) => ({ kind: "held-back", level: guardLevel(guard), guard }) as const),
    ...leftOut.filter(isConcern).map((left) =>
      ({ kind: "left-out", level: "warn", left }) as const
    ),
  ];
}
