/** Which rows of a long list are asked for: agents, ports, one page of either. Pure. @module */
import type { Agent } from "../state/records.ts";
import { type AgentState, agentState } from "../status/freshness.ts";
import type { PortDifference } from "../status/port_differences.ts";

/** By the age of the status, the host, Felix's uptime or the last report. */
export const AGENT_ORDERS = ["age", "host", "up", "reported"] as const;

/** A selection of agents and their order. */
export interface AgentsWanted {
  /** Part of the host's name, in any case; empty: every host. */
  readonly q: string;
  /** Empty: any. */
  readonly state: AgentState | "";
  /** The oldest, smallest or first comes first; what is not known before all others. */
  readonly sort: typeof AGENT_ORDERS[number];
}

/** All that fit, in order; the list given stays as it is. */
export function selectAgents(
  agents: readonly Agent[],
  { q, state, sort }: AgentsWanted,
  now: number,
): Agent[] {
  const wanted = q.toLowerCase();
  const found = agents.filter((agent) =>
    agent.host.toLowerCase().includes(wanted) && (state === "" || agentState(agent, now) === state)
  );
  const by = KEYS[sort];
  return found.sort((a, b) => {
    const [x, y] = [by(a), by(b)];
    if (x !== y) return x < y ? -1 : 1;
    // Absent hosts are in an order of their own: those that somebody can put right first.
    if (sort === "age" && (a.absent || b.absent)) {
      return a.absent && b.absent ? 0 : a.absent ? -1 : 1;
    }
    return a.host < b.host ? -1 : 1;
  });
}

const KEYS: Record<AgentsWanted["sort"], (agent: Agent) => number> = {
  age: ({ time }) => time ?? -Infinity,
  host: () => 0,
  up: ({ uptimeSeconds }) => uptimeSeconds ?? -Infinity,
  reported: ({ reportedAt }) => reportedAt ?? -Infinity,
};

/** The ports of which the id or the host contains `q`, in any case, and that differ for that reason; "": any. */
export function selectPorts(
  ports: readonly PortDifference[],
  { q, why }: { readonly q: string; readonly why: PortDifference["why"] | "" },
): PortDifference[] {
  const wanted = q.toLowerCase();
  return ports.filter((port) =>
    (why === "" || port.why === why) &&
    (port.port.toLowerCase().includes(wanted) || port.host.toLowerCase().includes(wanted))
  );
}
/** The rows of a page; one beyond the end (the list is shorter now) is the last. */
export function pageOfList<T>(
  list: readonly T[],
  wanted: number,
  size: number,
): { rows: T[]; page: number; from: number } {
  const page = Math.max(1, Math.min(wanted, Math.ceil(list.length / size)));
  const from = (page - 1) * size;
  return { rows: list.slice(from, from + size), page, from };
}
