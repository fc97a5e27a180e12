/**
 * Status reports over HTTP, with the arguments that the RPC of Neutron's plugin takes (`report_state`;
 * `update_device_up` and its like as one `update_device`).
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import type { Config } from "../config_types.ts";
import { discard, request } from "../openstack/http.ts";
import type { AgentReport, PortUpdate, StatusReporter } from "./reporter.ts";

/** oslo's time: UTC with six digits and no zone. */
export function osloTime(ms: number): string {
  return new Date(ms).toISOString().replace(/(\.\d{3})Z$/, "$1000");
}

/** Posts to `config.status.reportUrl`. */
export class HttpReporter implements StatusReporter {
  constructor(readonly config: Pick<Config, "status" | "openstack">, readonly clock: Clock) {}

  async reportAgent({ host, start }: AgentReport, signal: AbortSignal): Promise<void> {
    const agent_state = {
      agent_type: "Calico per-host agent (felix)",
      binary: "calico-felix",
      host,
      topic: "N/A",
      configurations: {},
      ...(start ? { start_flag: true } : {}),
    };
    const time = osloTime(this.clock.now());
    await this.#post("report_state", { agent_state: { agent_state }, time }, signal);
  }

  async reportPort({ host, port, status }: PortUpdate, signal: AbortSignal): Promise<void> {
    const body = { device: port, agent_id: `calico-felix-${host}`, host, status };
    await this.#post("update_device", body, signal);
  }

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
