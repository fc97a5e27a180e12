/** Where status goes: one interface for every way of telling Neutron. @module */
import type { PortStatus } from "./felix_status.ts";

/** One agent's report. */
export interface AgentReport {
  readonly host: string;
  /** The agent has just started. */
  readonly start: boolean;
}

/** One port's status at one host. */
export interface PortUpdate {
  readonly host: string;
  readonly port: string;
  readonly status: PortStatus;
}

/** Rejects when the report did not arrive; each call has a deadline. */
export interface StatusReporter {
  reportAgent(report: AgentReport, signal: AbortSignal): Promise<void>;
  reportPort(update: PortUpdate, signal: AbortSignal): Promise<void>;
}
