/**
 * The sentence of a node with which nothing is wrong. It says "everything in sync" only where Neutron, etcd and
 * Felix are known to agree and nothing waits; a standby says what it sees. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import { formatDuration, plural, utcMinute } from "../base/format.ts";
import { type Agents, comparedAll, type Ports } from "../state/records.ts";
import { areJudged } from "./agent_findings.ts";
import type { Facts } from "./facts.ts";
import { MAX_HEADLINE_CHARS } from "./headline.ts";
import { heldNow } from "./held.ts";
import { SILENT_MS } from "./limits.ts";
import { runsOfTerm } from "./resync_findings.ts";
import { isUp } from "./roles.ts";
import { agentsNow, portsNow, roundsNow } from "./status_now.ts";

/** "2026-11-24 14:02 UTC", with what stands before it. */
const SINCE_CHARS = " since 2026-11-24 14:02 UTC".length;
/** A name keeps at least so much. */
const LEAST_NAME_CHARS = 8;

/** The sentence in parts: the page shows its time in the local zone. */
export function calm(facts: Facts): { subject: string; since: number | null; rest: string } {
  const { isMaster, node, leader, roles, since, cluster } = facts;
  const allRun = roles.every(isUp);
  if (isMaster) {
    const rest = allRun ? syncedText(facts) : "its roles are starting";
    return { subject: `${nameIn(node.name, rest.length)} leads`, since, rest };
  }
  const running = allRun ? `all ${roles.length} roles run here` : "the roles here are starting";
  const term = cluster?.terms[0];
  const known = term && term.end === null && term.id === leader ? term.start : null;
  const half = Math.floor((MAX_HEADLINE_CHARS - SINCE_CHARS - running.length) / 2) - 14;
  const rest = `${clip(node.name, half)} stands by, ${running}`;
  return { subject: `${clip(leader ?? "nobody", half)} leads`, since: known, rest };
}

/** The same in one piece, with the time in UTC. */
export function calmText(facts: Facts): string {
  const { subject, since, rest } = calm(facts);
  const when = since === null ? "" : ` since ${utcMinute(since, facts.at)}`;
  const text = `${subject}${when}; ${rest}`;
  const lagMs = agentsNow(facts)?.lagMs ?? null;
  const lag = lagMs === null ? "" : `; status lag ${formatDuration(lagMs)}`;
  return text.length + lag.length < MAX_HEADLINE_CHARS ? `${text}${lag}.` : `${text}.`;
}

function nameIn(name: string, restChars: number): string {
  const room = MAX_HEADLINE_CHARS - restChars - SINCE_CHARS - " leads; .".length;
  return clip(name, Math.max(LEAST_NAME_CHARS, room));
}

/** How Neutron, etcd and Felix agree, as far as nothing is wrong. */
function syncedText(facts: Facts): string {
  const { watching } = heldNow(facts);
  if (watching !== null) return watchedText(facts, watching.differences);
  const runs = runsOfTerm(facts);
  const hasRound = (roundsNow(facts)?.endedAt ?? null) !== null;
  if (!hasRound && !runs.some((run) => comparedAll(run) && !run.dryRun)) {
    return "Neutron and etcd are not compared yet";
  }
  if (!knowsStatus(facts)) return "Neutron and etcd are in sync, Felix's status is not read yet";
  const waits = waitingWork(facts);
  return waits.length === 0 ? "everything in sync" : `in sync but for ${listed(waits)} on the way`;
}

function listed(names: readonly string[]): string {
  const last = names.at(-1)!;
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

function watchedText(facts: Facts, differences: number | null): string {
  const asked = runsOfTerm(facts).some(({ dryRun, endedAt }) => !dryRun && endedAt !== null);
  const written = asked ? "only what was asked for is written" : "nothing is written";
  if (differences !== null) {
    return `watching only: ${plural(differences, "difference")}, ${written}`;
  }
  return asked
    ? `watching only: nothing is compared yet, ${written}`
    : "watching only: nothing is compared yet and nothing written";
}

/** Whether this term's watchers have read what Felix says, and see what changes. */
function knowsStatus(facts: Facts): boolean {
  const [agents, ports] = [agentsNow(facts), portsNow(facts)];
  return agents !== null && agents.seenSince !== null && ports !== null && ports.seen !== false;
}

/** What Neutron has told and etcd does not show yet, and the other way round; without counts, which change. */
function waitingWork({ agents, ports, notifications, at }: Facts): string[] {
  const waits: string[] = [];
  if (notifications && at - notifications.at <= SILENT_MS && notifications.pending > 0) {
    waits.push("announced changes");
  }
  if (ports && portsAreAwaited(ports)) waits.push("port status");
  if (agents && areAwaited(agents, at)) waits.push("hosts' status");
  return waits;
}

/** Whether Neutron has yet to take a port's status, or nobody knows whether it shows it. */
function portsAreAwaited({ queued, differing = 0, comparison }: Ports): boolean {
  return queued > 0 || differing > 0 || (comparison?.unsure ?? 0) > 0;
}

/** Whether hosts have not written yet since etcd is seen: nobody says so soon that they are late or gone. */
function areAwaited(agents: Agents, at: number): boolean {
  const { late, stale, unreadable } = agents.byFreshness;
  const old = areJudged(agents, at) ? 0 : late + stale + unreadable;
  return old + (agents.absent?.awaited ?? 0) > 0;
}
