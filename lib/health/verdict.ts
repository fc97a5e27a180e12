/**
 * Judges the facts: what is wrong, worst first. Pure functions of the facts and the time in them.
 *
 * @module
 */
import { agentFindings } from "./agent_findings.ts";
import { busFindings } from "./bus_findings.ts";
import { calmText } from "./calm.ts";
import { electionFindings } from "./election_findings.ts";
import { configurationFindings } from "./configurations.ts";
import { databaseFindings } from "./etcd_databases.ts";
import { memberFindings } from "./etcd_members.ts";
import type { Facts, Level, RoleStatus } from "./facts.ts";
import type { Finding, NotReady } from "./findings.ts";
import { heldNow } from "./held.ts";
import { SILENT_MS } from "./limits.ts";
import { worstFirst } from "./order.ts";
import { portFindings } from "./port_findings.ts";
import { sendsNone } from "../state/records.ts";
import { resyncFindings } from "./resync_findings.ts";
import { endingAgain, isUp, problemOf, ROLE_LEVELS } from "./roles.ts";
import type { Status } from "./status.ts";
import { endsAgainText, notReadyText, problemText, stated } from "./text.ts";

/** The facts and all that follows from them. */
export function judge(facts: Facts): Status {
  const all = findAll(facts).map(stated);
  const notReady = notReadyReasons(facts).map(notReadyText);
  return {
    ...facts,
    verdict: all[0] ?? { kind: "all-well", level: "ok", text: calmText(facts) },
    findings: all,
    held: heldNow(facts),
    ready: notReady.length === 0,
    notReady,
  };
}

/** How a role is, and what is wrong with it in words. */
export function judgeRole(
  process: RoleStatus["process"],
  alive: RoleStatus["alive"],
  now: number,
): { level: Level; problem: string | null } {
  const found = problemOf(process, alive, now);
  if (found === null) return { level: "ok", problem: null };
  return { level: ROLE_LEVELS[found.is], problem: problemText(found) };
}

/** Roles that end again and again, and why: only starting the node again may help. */
export function crashLoops(roles: readonly Pick<RoleStatus, "name" | "process">[]): string[] {
  return endingAgain(roles).map(endsAgainText);
}

/** Whether nothing is wrong for which somebody has to come. */
export function isHealthy({ verdict, roles }: Pick<Status, "verdict" | "roles">): boolean {
  return verdict.level !== "error" && endingAgain(roles).length === 0;
}

/** All that is wrong: errors first, each in the order in which to look at it. */
function findAll(facts: Facts): Finding[] {
  const all = [
    ...roleFindings(facts),
    ...electionFindings(facts),
    ...memberFindings(facts),
    ...databaseFindings(facts),
    ...configurationFindings(facts),
  ];
  if (facts.isMaster) all.push(...MASTER_FINDINGS.flatMap((find) => find(facts)));
  return worstFirst(all);
}

/** Why the node is not ready; empty when it is. */
function notReadyReasons(facts: Facts): NotReady[] {
  const reasons: NotReady[] = facts.roles.filter((role) => !isUp(role))
    .map(({ name }) => ({ is: "role-down", role: name }));
  if (facts.leader === null) reasons.push({ is: "no-leader" });
  const resynced = facts.resyncs.some((r) => r.endedAt !== null && r.error === null);
  if (facts.isMaster && !resynced && facts.node.startupResync === "always") {
    reasons.push({ is: "no-resync" });
  }
  return reasons;
}

function roleFindings({ roles, at }: Facts): Finding[] {
  // Without a record of any role the node has just been started: one sentence, not five.
  if (roles.every((role) => role.process === null)) {
    return [{ kind: "roles-not-started", level: "warn" }];
  }
  return roles.flatMap(({ name: role, process, alive }): Finding[] => {
    const problem = problemOf(process, alive, at);
    if (problem === null) return [];
    return [{ kind: "role", level: ROLE_LEVELS[problem.is], role, problem }];
  });
}

/** What is looked at on the master alone. */
const MASTER_FINDINGS = [
  resyncFindings,
  notificationFindings,
  busFindings,
  agentFindings,
  portFindings,
];

/** A subscription may take so long, ms. */
const SUBSCRIBE_MS = 30_000;

/** What Neutron announces is not heard: changes are only found by comparing. */
function notificationFindings({ notifications, at, since }: Facts): Finding[] {
  // An earlier term's record says nothing.
  if (!notifications || at - notifications.at > SILENT_MS) return [];
  const { trouble, silent: changes } = notifications;
  if (trouble !== null && at - (since ?? at) > SUBSCRIBE_MS) {
    return [{ kind: "notifications-unheard", level: "warn", trouble }];
  }
  if (!sendsNone(notifications)) return [];
  return [{ kind: "notifications-unsent", level: "warn", changes }];
}
