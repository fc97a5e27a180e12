/**
 * Status reports over HTTP, with the arguments that the RPC of Neutron's plugin takes (`report_state`;
 * `update_device_up` and its like as one `update_device`).
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Config } from "../config/config_types.ts";
import { discard, OpenstackError, request } from "../openstack/http.ts";
import {
  agentId,
  type AgentReport,
  type PortUpdate,
  reportStateArguments,
  type StatusReporter,
} from "./reporter.ts";

/** The part of the configuration that it uses. */
export interface HttpReporterConfig {
  readonly status: Pick<Config["status"], "reportUrl">;
  readonly openstack: Pick<Config["openstack"], "requestTimeoutMs">;
}

/** Posts to `config.status.reportUrl`. */
export class HttpReporter implements StatusReporter {
  readonly gate = { open: true, whenOpen: () => Promise.resolve() };
  readonly trouble = null;

  constructor(readonly config: HttpReporterConfig, readonly clock: Clock) {}

  async reportAgent(report: AgentReport, signal: AbortSignal): Promise<void> {
    await this.#post("report_state", reportStateArguments(report, this.clock.now()), signal);
  }

  async reportPorts(
    host: string,
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const failed = new Map<string, unknown>();
    let silent: unknown = null;
    for (const { port, status } of updates) {
      const body = { device: port, agent_id: agentId(host), host, status };
      try {
        if (silent) throw silent;
        await this.#post("update_device", body, signal);
      } catch (error) {
        failed.set(port, error);
        // Nobody answers: the rest of the batch would only wait as long each.
        if (error instanceof OpenstackError && error.status === null) silent = error;
      }
    }
    return failed;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #post(method: string, body: unknown, signal: AbortSignal): Promise<void> {
    await request(`${this.config.status.reportUrl}/${method}`, {
      clock: this.clock,
      signal,
      timeoutMs: this.config.openstack.requestTimeoutMs,
      attempts: 1, // who calls keeps the newest state and tries again with that
      init: {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      },
    }, discard);
  }
}
