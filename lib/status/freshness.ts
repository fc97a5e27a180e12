/**
 * How fresh an agent's status is. Felix writes it every few seconds; Neutron calls an agent dead after
 * its own timeout (75 s by default), and the page calls it stale after 5 min. Ages are between the
 * host's clock and this node's. Pure.
 *
 * @module
 */
import type { Agent, FreshnessCounts } from "../state/records.ts";

/** Older than this is late, ms: Neutron's default timeout. */
export const LATE_AGENT_MS = 75_000;
/** Older than this is stale, ms. */
export const STALE_AGENT_MS = 300_000;

/** The groups, the best first. */
export const FRESHNESS = ["fresh", "late", "stale", "unreadable"] as const;
export type Freshness = typeof FRESHNESS[number];

/** The same, and hosts without a status: it was there, or only endpoints are. */
export const AGENT_STATES = [...FRESHNESS, "gone", "unserved"] as const;
export type AgentState = typeof AGENT_STATES[number];

/** How the agent of a host is. */
export function agentState({ absent, time }: Pick<Agent, "absent" | "time">, now: number) {
  return absent ?? freshness(time, now);
}

/** How many hosts each state has. */
export function countStates(
  agents: Iterable<Pick<Agent, "absent" | "time">>,
  now: number,
): Record<AgentState, number> {
  const counts = { ...noCounts(), gone: 0, unserved: 0 };
  for (const agent of agents) counts[agentState(agent, now)]++;
  return counts;
}

/** The group of a status time (ms since the epoch; null: it could not be read). */
export function freshness(time: number | null, now: number): Freshness {
  if (time === null) return "unreadable";
  if (now - time > STALE_AGENT_MS) return "stale";
  return now - time > LATE_AGENT_MS ? "late" : "fresh";
}

/** Whether nobody may rely on that agent. */
export function isStale(time: number | null, now: number): boolean {
  return time === null || now - time > STALE_AGENT_MS;
}

/** How many agents each group has. */
export function countFreshness(
  agents: Iterable<Pick<Agent, "time">>,
  now: number,
): FreshnessCounts {
  const counts = noCounts();
  for (const { time } of agents) counts[freshness(time, now)]++;
  return counts;
}

function noCounts(): FreshnessCounts {
  return { fresh: 0, late: 0, stale: 0, unreadable: 0 };
}
