/** What is wrong with the resyncs of a master, in the order in which to look at it. Pure. @module */
import type { Resync } from "../state/records.ts";
import { isConcern } from "../sync/report/held_text.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { guardLevel, heldNow } from "./held.ts";

/** The findings on the resyncs and on what they hold back and leave. */
export function resyncFindings(facts: Facts): Finding[] {
  return [...lastFindings(facts), ...heldFindings(facts)];
}

function lastFindings({ resyncs, node }: Facts): Finding[] {
  const writing = resyncs.filter(({ dryRun }) => !dryRun);
  const runs = writing.some(({ whole, endedAt }) => whole && endedAt === null);
  if (runs && writing.every(({ endedAt }) => endedAt === null)) {
    return [{ kind: "first-resync-running", level: "warn" }];
  }
  const last = resyncs.find((resync) => resync.endedAt !== null);
  if (last) return judgeResync(last);
  return node.startupResync === "never" ? [] : [{ kind: "first-resync-due", level: "warn" }];
}

function judgeResync({ id: resync, error, warnings }: Resync): Finding[] {
  if (error !== null) return [{ kind: "resync-failed", level: "error", resync, error }];
  const [first, ...rest] = warnings;
  if (first === undefined) return [];
  return [{ kind: "resync-warned", level: "warn", resync, first, more: rest.length }];
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
