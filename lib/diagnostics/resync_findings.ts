/** What is wrong with the resyncs of a master, in the order in which to look at it. Pure. @module */
import type { Guard, Resync } from "../state/records.ts";
import { guardSentence, isConcern, leftOutSentence } from "../sync/report/held_text.ts";
import { clip, plural } from "./format.ts";
import { heldNow } from "./held.ts";
import { trimEnd, withoutNoise } from "./sentence.ts";
import type { Facts, Finding, Level } from "./status_schema.ts";

/** See the module. */
export function resyncFindings(facts: Facts): Finding[] {
  return [...lastFindings(facts), ...heldFindings(facts)];
}

/** How grave it is that a guard holds: all but what the next resync asks again waits for somebody. */
export function guardLevel({ why }: Pick<Guard, "why">): Exclude<Level, "ok"> {
  return why === "unconfirmed" ? "warn" : "error";
}

/** How etcd is compared with Neutron, as far as nothing is wrong with it. */
export function syncedText(facts: Facts): string {
  const { watching } = heldNow(facts);
  if (watching) {
    return watching.differences === null
      ? "watching only: nothing is compared yet and nothing written"
      : `watching only: ${plural(watching.differences, "difference")}, nothing is written`;
  }
  return "everything in sync";
}

function lastFindings({ resyncs, node }: Facts): Finding[] {
  const writing = resyncs.filter(({ dryRun }) => !dryRun);
  const runs = writing.some(({ whole, endedAt }) => whole && endedAt === null);
  if (runs && writing.every(({ endedAt }) => endedAt === null)) {
    return [{ level: "warn", text: "The first resync is running." }];
  }
  const last = resyncs.find((resync) => resync.endedAt !== null);
  if (last) return judgeResync(last);
  return node.startupResync === "never"
    ? []
    : [{ level: "warn", text: "The first resync has not started yet." }];
}

function judgeResync(resync: Resync): Finding[] {
  const link = `/resyncs/${resync.id}`;
  if (resync.error !== null) {
    const why = trimEnd(withoutNoise(clip(resync.error, 300)));
    const text =
      `The last resync failed: ${why}. Check Neutron and etcd; it is tried again by itself.`;
    return [{ level: "error", text, link }];
  }
  const [first, ...rest] = resync.warnings;
  if (first === undefined) return [];
  const more = rest.length > 0 ? ` (and ${rest.length} more)` : "";
  return [{
    level: "warn",
    text: `The last resync warns: ${trimEnd(clip(first, 300))}${more}.`,
    link,
  }];
}

function heldFindings(facts: Facts): Finding[] {
  const { guards, leftOut } = heldNow(facts);
  return [
    ...guards.map((guard): Finding => ({
      level: guardLevel(guard),
      text: guardSentence(guard),
      link: `/resyncs/${guard.resync}`,
    })),
    ...leftOut.filter(isConcern).map((left): Finding => ({
      level: "warn",
      text: leftOutSentence(left),
      link: `/resyncs/${left.resync}`,
    })),
  ];
}
