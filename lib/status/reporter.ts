/** The interface of what reports status to Neutron, and what all reports have in common. @module */
import type { Blocked } from "../bus/link.ts";
import type { PortStatus } from "./felix_status.ts";
import type { Gate } from "./work_queue.ts";

/** One agent's report. */
export interface AgentReport {
  readonly host: string;
  /** The agent has just started. */
  readonly start: boolean;
  /** How long ago the agent said that it lives, ms. @default 0 */
  readonly ageMs?: number;
}

/** One port's status at one host. */
export interface PortUpdate {
  readonly host: string;
  readonly port: string;
  readonly status: PortStatus;
  /** The endpoint has vanished from etcd: its VM was deleted, stopped or migrated. It is no error. */
  readonly gone?: boolean;
  /** No list has shown yet whether Neutron calls the port faulty. @default false */
  readonly isUnseen?: boolean;
}

/** What Neutron is told of an endpoint's status: it takes no ERROR from outside, nor "gone". */
export function toldStatus(status: string): "ACTIVE" | "DOWN" {
  return status === "ACTIVE" ? "ACTIVE" : "DOWN";
}

/** Reports to Neutron; each call has a deadline. */
export interface StatusReporter extends AsyncDisposable {
  /** Closed while Neutron cannot be reached, so that reports wait and do not fail. */
  readonly gate: Gate;
  /** Why the gate is closed, or null. */
  readonly trouble: string | null;
  /** Not null while the broker takes no messages: an alarm of its own, which closes the gate. */
  readonly blocked: Blocked | null;
  /** Reports one agent. @throws the report did not arrive. */
  reportAgent(report: AgentReport, signal: AbortSignal): Promise<void>;
  /**
   * Reports ports of one host, each once. Resolves to the errors of those that were not taken, by port.
   *
   * @throws no report arrived.
   */
  reportPorts(
    host: string,
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>>;
  /**
   * A list that was asked for at `askedAt` (ms since the epoch) or later shows whether Neutron calls that port faulty.
   * Whether that stays so until its status is reported: false when a report has changed it since, or cannot. Left
   * out: nobody is told of faults but by the status.
   */
  noteFault?(port: string, isFaulty: boolean, askedAt: number): boolean;
}

/** Felix as Neutron lists it among its agents. */
const FELIX_AGENT = {
  agent_type: "Calico per-host agent (felix)",
  binary: "calico-felix",
  topic: "N/A",
  configurations: {},
} as const;

/** A time (ms since the epoch) as oslo writes it: UTC with six digits and no zone. */
export function osloTime(ms: number): string {
  return new Date(ms).toISOString().replace(/(\.\d{3})Z$/, "$1000");
}

/**
 * The arguments of `report_state`. `now` is the moment of sending, ms. Neutron ignores what was said before it was
 * started itself.
 */
export function reportStateArguments({ host, start, ageMs = 0 }: AgentReport, now: number) {
  const agent_state = { ...FELIX_AGENT, host, ...(start ? { start_flag: true } : {}) };
  return { agent_state: { agent_state }, time: osloTime(now - ageMs) };
}

/** The `agent_id` of a host's Felix in the plugin's RPC. */
export function agentId(host: string): string {
  return `calico-felix-${host}`;
}
