/**
 * Status reports to the lab, which has no message bus: over HTTP, with the arguments that the RPC of
 * Neutron's plugin takes (`report_state`; `update_device_up` and its like as one `update_device`).
 *
 * @module
 */
import type { Clock } from "../lib/base/clock.ts";
import { discard, OpenstackError, request } from "../lib/openstack/http.ts";
import {
  agentId,
  type AgentReport,
  type PortUpdate,
  reportStateArguments,
  type StatusReporter,
} from "../lib/status/reporter.ts";

const TIMEOUT_MS = 10_000;

/** Posts to the API that `reports_api.ts` serves at `url`. */
export class HttpReporter implements StatusReporter {
  readonly gate = { open: true, whenOpen: () => Promise.resolve() };
  readonly trouble = null;
  readonly blocked = null;

  constructor(readonly url: string, readonly clock: Clock) {}

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
    await request(`${this.url}/${method}`, {
      clock: this.clock,
      signal,
      timeoutMs: TIMEOUT_MS,
      attempts: 1, // who calls keeps the newest state and tries again with that
      init: {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
      },
    }, discard);
  }
}
