/** The status for a terminal: what `status` prints. Pure. @module */
import type { Status } from "./status.ts";

/** Lines for people; times are in seconds before `status.at`. */
export function formatStatus(status: Status): string {
  const ago = (at: number) => `${Math.max(0, Math.round((status.at - at) / 1000))} s ago`;
  const lines = [
    `${status.verdict.level.toUpperCase()}: ${status.verdict.text}`,
    "",
    `node    ${status.node.name}, version ${status.node.version}`,
    `master  ${status.isMaster ? "this node" : status.leader ?? "nobody"}`,
    `ready   ${status.ready ? "yes" : `no: ${status.notReady.join("; ")}`}`,
    "",
    "role                      state      pid      restarts  last sign of life",
  ];
  for (const { name, process, alive, problem } of status.roles) {
    const cells = [
      name.padEnd(26),
      (process?.state ?? "unknown").padEnd(11),
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
  const resync = status.resyncs[0];
  if (resync) {
    const total = (name: "created" | "updated" | "deleted" | "correct") =>
      Object.values(resync.kinds).reduce((sum, counts) => sum + counts[name], 0);
    const outcome = resync.endedAt === null ? "running" : resync.error ??
      `${total("correct")} correct, ${total("created")} created, ${total("updated")} updated, ` +
        `${total("deleted")} deleted in ${resync.endedAt - resync.startedAt} ms`;
    lines.push("", `resync  ${ago(resync.startedAt)} (${resync.reason}): ${outcome}`);
  }
  if (status.agents) {
    lines.push(`agents  ${status.agents.total}, ${status.agents.reported} reports`);
  }
  if (status.ports) {
    lines.push(`ports   ${status.ports.total}, ${status.ports.queued} reports waiting`);
  }
  return lines.join("\n");
}
