/** What is wrong with Felix's agents and the hosts that should have one. Pure. @module */
import { freshness, isStale, LATE_AGENT_MS } from "../status/freshness.ts";
import type { Agents } from "../state/records.ts";
import type { Facts } from "./facts.ts";
import type { Finding } from "./findings.ts";
import { LAG_MS } from "./limits.ts";
import { agentsNow } from "./status_now.ts";

/** Hosts that a sentence names. */
const NAMED = 3;
/** From this share of all hosts on, and not for one or two of a small cloud, absent ones are an error. */
const GRAVE_SHARE = 0.1;
const GRAVE_HOSTS = 3;

/** All that is wrong with agents: what needs somebody soonest first. */
export function agentFindings(all: Facts): Finding[] {
  const facts = { ...all, agents: agentsNow(all) };
  return [
    ...lagFindings(facts),
    ...goneFindings(facts),
    ...unservedFindings(facts),
    ...staleFindings(facts),
    ...overdueFindings(facts),
    ...strandedFindings(facts),
  ];
}

/** What every agent says comes late: the watcher is behind. */
function lagFindings({ agents }: Facts): Finding[] {
  const lagMs = agents?.lagMs ?? 0;
  return lagMs > LAG_MS ? [{ kind: "agents-late", level: "warn", lagMs }] : [];
}

function goneFindings({ agents }: Facts): Finding[] {
  const { gone = 0, goneEndpoints: endpoints = 0, hosts = [] } = agents?.absent ?? {};
  if (gone === 0) return [];
  const total = agents!.total + gone;
  return [{
    kind: "agents-gone",
    level: levelOf(gone, agents!),
    gone,
    total,
    endpoints,
    hosts: hosts.filter(({ absent }) => absent === "gone").slice(0, NAMED).map(({ host }) => host),
  }];
}

function unservedFindings({ agents }: Facts): Finding[] {
  const { unserved = 0, unservedEndpoints: endpoints = 0, hosts = [] } = agents?.absent ?? {};
  if (unserved === 0) return [];
  return [{
    kind: "hosts-unserved",
    level: levelOf(unserved, agents!),
    unserved,
    endpoints,
    hosts: hosts.filter(({ absent }) => absent === "unserved").slice(0, NAMED)
      .map(({ host, near = [] }) => ({ host, like: near[0] ?? null })),
  }];
}

function levelOf(count: number, { total, absent }: Agents): "warn" | "error" {
  const all = total + (absent?.gone ?? 0) + (absent?.unserved ?? 0);
  return count >= GRAVE_HOSTS && count >= all * GRAVE_SHARE ? "error" : "warn";
}

function staleFindings({ agents, at }: Facts): Finding[] {
  if (!agents || !areJudged(agents, at)) return [];
  const stale = agents.byFreshness.stale + agents.byFreshness.unreadable;
  if (stale === 0) return [];
  const hosts = agents.agents.filter(({ time }) => isStale(time, at)).slice(0, NAMED)
    .map(({ host }) => host);
  return [{ kind: "agents-stale", level: "warn", stale, total: agents.total, hosts }];
}

/** Neutron calls these dead. When all come late, that is not the agents' fault, and is said already. */
function overdueFindings({ agents, at }: Facts): Finding[] {
  if (!agents || !areJudged(agents, at) || (agents.lagMs ?? 0) > LAG_MS) return [];
  const { late } = agents.byFreshness;
  if (late === 0) return [];
  const hosts = agents.agents.filter(({ time }) => freshness(time, agents.at) === "late")
    .slice(0, NAMED).map(({ host }) => host);
  return [{ kind: "agents-overdue", level: "warn", late, total: agents.total, hosts }];
}

/**
 * Whether the age of a status says something: not while etcd cannot be seen, nor until every agent had time
 * to write again, since the agents may not have seen it either.
 */
function areJudged({ seenSince }: Agents, at: number): boolean {
  if (seenSince === undefined) return true;
  return seenSince !== null && at - seenSince > LATE_AGENT_MS;
}

function strandedFindings({ agents, at }: Facts): Finding[] {
  const { total, first: [oldest] } = agents?.absent?.stranded ?? { total: 0, first: [] };
  return oldest ? [{ kind: "migrations-stranded", level: "warn", total, oldest, at }] : [];
}
