/**
 * Judges the facts: what is wrong, worst first, and what to do. Pure functions of the facts and the
 * time in them. The sentences hold no running times, so that a screen reader is told of a change of
 * state and not of every second.
 *
 * @module
 */
import { isStale } from "../status/freshness.ts";
import { LONG_QUEUE } from "../status/newest_queue.ts";
import { isCrashLoop } from "../node/restart_policy.ts";
import type { Alive, RoleState } from "../state/records.ts";
import { heldNow } from "./held.ts";
import { resyncFindings, syncedText } from "./resync_findings.ts";
import { trimEnd, withoutNoise } from "./sentence.ts";
import type { Facts, Finding, Level, RoleStatus, Status } from "./status_schema.ts";
import { clip, formatCount, formatDuration, plural, utcTime } from "./format.ts";

/** A running role must have shown a heartbeat within this time. */
export const SILENT_MS = 10_000;

/** Agent status that is seen later than this is a backlog; ms. */
export const LAG_MS = 60_000;

/** The facts and all that follows from them. */
export function judge(facts: Facts): Status {
  const all = findings(facts);
  const notReady = notReadyReasons(facts);
  return {
    ...facts,
    verdict: all[0] ?? { level: "ok", text: allWell(facts) },
    findings: all,
    held: heldNow(facts),
    ready: notReady.length === 0,
    notReady,
  };
}

/** All that is wrong, errors first, each in the order in which to look at it. */
export function findings(facts: Facts): Finding[] {
  const all = [
    ...roleFindings(facts.roles),
    ...electionFindings(facts),
    ...(facts.isMaster ? masterFindings(facts) : []),
  ];
  return [...all.filter((f) => f.level === "error"), ...all.filter((f) => f.level === "warn")];
}

/** Why the node is not ready; empty when it is. */
export function notReadyReasons(facts: Facts): string[] {
  const reasons = facts.roles.filter((role) => !isUp(role))
    .map((role) => `${role.name} is not running or gives no heartbeat`);
  if (facts.leader === null) reasons.push("no election leader is known");
  const resynced = facts.resyncs.some((r) => r.endedAt !== null && r.error === null);
  if (facts.isMaster && !resynced && facts.node.startupResync === "always") {
    reasons.push("no resync has succeeded yet");
  }
  return reasons;
}

/** Roles that end again and again, whether they wait for the next start or are being tried, and why. */
export function crashLoops(roles: readonly Pick<RoleStatus, "name" | "process">[]): string[] {
  return roles.filter(({ process }) => isCrashLoop(process)).map(({ name, process }) => {
    const last = process?.lastEnd ? ` (${clip(process.lastEnd, 200)})` : "";
    return `${name} ends again and again${last}`;
  });
}

/** Whether a role is running and alive. */
export function isUp(role: RoleStatus): boolean {
  return role.process?.state === "running" && role.silentMs !== null && role.silentMs <= SILENT_MS;
}

/** How a role is, and what is wrong with it. */
export function judgeRole(
  process: RoleState | null,
  alive: Alive | null,
  now: number,
): { level: Level; problem: string | null } {
  if (!process) return { level: "warn", problem: "not started yet" };
  const last = process.lastEnd ? `: ${clip(process.lastEnd, 200)}` : "";
  // Until it has been healthy for a while, a start is one more try.
  const loops = { level: "warn", problem: `ends again and again${last}` } as const;
  switch (process.state) {
    case "backoff":
      return { level: "error", problem: `ended and waits for its restart${last}` };
    case "stopped":
      return { level: "warn", problem: `stopped${last}` };
    case "starting":
      if (isCrashLoop(process)) return loops;
      return now - (process.startedAt ?? now) <= SILENT_MS
        ? { level: "ok", problem: null }
        : { level: "warn", problem: "still starting after more than 10 s" };
    case "running":
      if (!alive || now - alive.at > SILENT_MS) {
        return { level: "error", problem: "no heartbeat for more than 10 s" };
      }
      if (alive.problem) return { level: "error", problem: clip(alive.problem, 300) };
      return isCrashLoop(process) ? loops : { level: "ok", problem: null };
  }
}

function roleFindings(roles: readonly RoleStatus[]): Finding[] {
  // Without a record of any role the node has just been started: one sentence, not five.
  if (roles.every((role) => role.process === null)) {
    return [{ level: "warn", text: "The roles are not started yet; this takes some seconds." }];
  }
  return roles.filter((role) => role.level !== "ok").map((role) => ({
    level: role.level,
    text: roleSentence(role),
    link: `/roles/${role.name}`,
  }));
}

function roleSentence(role: RoleStatus): string {
  const what = `${role.name}: ${trimEnd(withoutNoise(role.problem ?? ""))}`;
  const state = role.process?.state;
  if (state === "backoff") return `${what}. Look at its last log lines first.`;
  if (state === "running" && role.alive?.problem !== null) {
    return role.silentMs !== null && role.silentMs <= SILENT_MS
      ? `${what}.`
      : `${what}. The supervisor restarts it; look at its last log lines.`;
  }
  if (state === "running") {
    return `${what}. The supervisor restarts it; look at its last log lines.`;
  }
  if (state === "stopped") return `${what}. Start the node again if this was not wanted.`;
  return `${what}. If it stays so, look at its log.`;
}

function electionFindings({ election, isMaster, mastership, roles }: Facts): Finding[] {
  if (!election) {
    return [{
      level: "warn",
      text: "The election is not known yet: the manager has not reported.",
    }];
  }
  const found: Finding[] = [];
  const said = roles.some(({ name, problem }) => name === "manager" && problem !== null);
  if (election.problem && !said) { // the manager says the same
    found.push({
      level: "error",
      text: `Election: ${trimEnd(withoutNoise(clip(election.problem, 300)))}.`,
      link: "/election",
    });
  }
  if (election.state === "leader" && !isMaster) {
    const text = mastership
      ? "This node holds the election key, but its mastership has run out and it does no work: " +
        "check etcd and the machine's clock."
      : "This node holds the election key, but has not published its mastership: " +
        "look at the manager's log.";
    found.push({ level: "error", text, link: "/election" });
  }
  if (election.leader === null && !election.problem) {
    found.push(
      election.state === "starting"
        ? { level: "warn", text: "The election has just started; no node leads yet." }
        : {
          level: "error",
          text: "No node leads, so nothing is synchronised: check etcd and the managers' logs.",
          link: "/election",
        },
    );
  }
  return found;
}

function masterFindings(facts: Facts): Finding[] {
  return [
    ...resyncFindings(facts),
    ...notificationFindings(facts),
    ...agentFindings(facts),
    ...portFindings(facts),
  ];
}

function agentFindings(facts: Facts): Finding[] {
  return [...backlogFindings(facts), ...staleFindings(facts)];
}

/** What every agent says comes late: the watcher is behind. */
function backlogFindings({ agents }: Facts): Finding[] {
  const lagMs = agents?.lagMs ?? 0;
  if (lagMs <= LAG_MS) return [];
  return [{
    level: "warn",
    text: `Agent status is seen ${formatDuration(lagMs)} late: the watcher falls behind, or the ` +
      "clocks differ; check etcd's load first.",
  }];
}

function staleFindings({ agents, at }: Facts): Finding[] {
  if (!agents) return [];
  const { stale, unreadable } = agents.byFreshness;
  const count = stale + unreadable;
  if (count === 0) return [];
  const named = agents.agents.filter(({ time }) => isStale(time, at)).slice(0, 3);
  const names = named.map(({ host }) => clip(host, 63)).join(", ");
  const more = count > named.length ? ", …" : "";
  return [{
    level: "warn",
    text:
      `${formatCount(count)} of ${plural(agents.total, "agent")} gave no status for more than ` +
      `5 min (${names}${more}): check Felix on these hosts first.`,
    link: "/agents",
  }];
}

/** Changes that no notification has told of, while none at all has come: Neutron sends none. */
const MANY_SILENT = 20;
/** A subscription may take so long, ms. */
const SUBSCRIBE_MS = 30_000;

/** What Neutron announces is not heard: changes are only found by comparing. */
function notificationFindings({ notifications, at, since }: Facts): Finding[] {
  // An earlier term's record says nothing.
  if (!notifications || at - notifications.at > SILENT_MS) return [];
  const { trouble, received, silent } = notifications;
  const link = "/resyncs";
  if (trouble !== null && at - (since ?? at) > SUBSCRIBE_MS) {
    const text = `Neutron's notifications are not heard, so changes take longer: ` +
      `${trimEnd(clip(trouble, 300))}.`;
    return [{ level: "warn", text, link }];
  }
  if (received > 0 || silent < MANY_SILENT) return [];
  const text = `${plural(silent, "change")} came without a notification: Neutron sends none; ` +
    "set driver = messagingv2 in [oslo_messaging_notifications] of its neutron.conf.";
  return [{ level: "warn", text, link }];
}

function portFindings({ ports }: Facts): Finding[] {
  if (!ports || ports.queued <= LONG_QUEUE) return [];
  return [{
    level: "warn",
    text: `${ports.queued} port status reports are waiting: Neutron takes them too slowly.`,
    link: "/ports",
  }];
}

/** The sentence of a node with which all is well, in parts: the page shows its time in the local zone. */
export function calm(facts: Facts): { subject: string; since: number | null; rest: string } {
  const { isMaster, node, leader, roles, since, cluster } = facts;
  const allRun = roles.every(isUp);
  if (!isMaster) {
    const running = allRun ? `all ${roles.length} roles run here` : "the roles here are starting";
    const term = cluster?.terms[0];
    const known = term && term.end === null && term.id === leader ? term.start : null;
    const rest = `${node.name} stands by, ${running}`;
    return { subject: `${leader} leads`, since: known, rest };
  }
  const synced = syncedText(facts);
  const rest = allRun ? synced : `its roles are starting, ${synced}`;
  return { subject: `${node.name} leads`, since, rest };
}

function allWell(facts: Facts): string {
  const { subject, since, rest } = calm(facts);
  const when = since === null
    ? ""
    : ` since ${utcTime(since, facts.at).replace(/:\d\d UTC$/, " UTC")}`;
  const lagMs = facts.isMaster ? facts.agents?.lagMs ?? null : null;
  const lag = lagMs === null ? "" : `; status lag ${formatDuration(Math.max(0, lagMs))}`;
  return `${subject}${when}; ${rest}${lag}.`;
}
