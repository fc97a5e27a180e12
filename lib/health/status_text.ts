/** The status for a terminal: what `status` prints. Pure. @module */
import type { Resync } from "../state/records.ts";
import { guardSentence, isConcern, leftOutSentence, namesOf } from "../sync/report/held_text.ts";
import { roundsText } from "../sync/report/rounds_text.ts";
import { clip } from "../base/clip.ts";
import { plural } from "../base/format.ts";
import { comparisonText } from "./comparison_text.ts";
import { whoLeads } from "./election_findings.ts";
import { roleWord } from "./roles.ts";
import type { Status } from "./status.ts";
import { agentsNow, portsNow, roundsNow } from "./status_now.ts";

const EARLIER = " (in an earlier term of this node)";
/** Longest line. */
const MAX_LINE_CHARS = 1000;
/** Names of a guard. */
const SHOWN_NAMES = 3;

/** Lines for people; times are in seconds before `status.at`. */
export function formatStatus(status: Status): string {
  const ago = (at: number) => `${Math.max(0, Math.round((status.at - at) / 1000))} s ago`;
  const lines = [
    `${status.verdict.level.toUpperCase()}: ${status.verdict.text}`,
    ...status.verdict.detail === undefined ? [] : [status.verdict.detail],
    "",
    `node    ${status.node.name}, version ${status.node.version}`,
    `master  ${status.isMaster ? "this node" : whoLeads(status)}`,
    `ready   ${status.ready ? "yes" : `no: ${status.notReady.join("; ")}`}`,
    "",
    "role                      state       pid      restarts  last heartbeat",
  ];
  for (const role of status.roles) {
    const { name, process, alive, problem } = role;
    const cells = [
      name.padEnd(26),
      roleWord(role).padEnd(12),
      String(process?.pid ?? "-").padEnd(9),
      String(process?.restarts ?? 0).padEnd(10),
      alive ? `${ago(alive.at)}, ${alive.doing}` : "none",
    ];
    lines.push(cells.join(""));
    if (problem) lines.push(`  ! ${problem}`);
    if (process?.state === "backoff" && process.nextStartAt !== null) {
      const seconds = Math.max(0, Math.round((process.nextStartAt - status.at) / 1000));
      lines.push(`  ! ended ${process.failures} times in a row, next start in ${seconds} s`);
    }
  }
  lines.push(...resyncLines(status, ago));
  const rounds = roundsNow(status);
  if (rounds) lines.push(`compare ${roundsText(rounds)}`);
  if (status.agents) {
    const { total, reported, absent } = status.agents;
    const without = absent && absent.gone + absent.unserved > 0
      ? `, ${absent.gone} gone, ${plural(absent.unserved, "host")} without one`
      : "";
    const old = agentsNow(status) ? "" : EARLIER;
    lines.push(`agents  ${total}${without}, ${reported} reports${old}`);
  }
  if (status.ports) {
    const { total, queued, comparison } = status.ports;
    lines.push(`ports   ${total}, ${queued} reports waiting${portsNow(status) ? "" : EARLIER}`);
    const compared = portsNow(status) && comparisonText(comparison);
    if (compared) lines.push(`        ${compared}`);
  }
  return lines.map((line) => clip(line, MAX_LINE_CHARS)).join("\n");
}

/** The newest resync, and what holds whichever said it. */
function resyncLines({ resyncs, held }: Status, ago: (at: number) => string): string[] {
  const [resync] = resyncs;
  const { guards, leftOut, watching } = held;
  const lines = resync
    ? ["", `resync  ${ago(resync.startedAt)} (${resync.reason}): ${outcomeOf(resync)}`]
    : [];
  if (watching) {
    if (!resync) lines.push("");
    const found = watching.differences;
    const differences = found === null ? "nothing compared yet" : plural(found, "difference");
    lines.push(`  ! watching only: ${differences}; nothing is written until resync is asked for`);
  }
  for (const guard of guards) {
    lines.push(`  ! ${guardSentence(guard)}`);
    const names = namesOf(guard, SHOWN_NAMES);
    if (names) lines.push(`    ${names}`);
  }
  lines.push(...leftOut.filter(isConcern).map((left) => `  ! ${leftOutSentence(left)}`));
  return lines;
}

function outcomeOf(resync: Resync): string {
  const { kinds, error, startedAt, endedAt, dryRun, differences = 0 } = resync;
  if (endedAt === null) return "running";
  if (error !== null) return error;
  const total = (name: "created" | "updated" | "deleted" | "correct") =>
    Object.values(kinds).reduce((sum, counts) => sum + counts[name], 0);
  const counts = dryRun
    ? `${total("correct")} correct, ${plural(differences, "difference")}, nothing written`
    : `${total("correct")} correct, ${total("created")} created, ${total("updated")} updated, ` +
      `${total("deleted")} deleted`;
  return `${counts} in ${endedAt - startedAt} ms`;
}
