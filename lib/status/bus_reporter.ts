/**
 * Status reports over the message bus: agents as casts of `report_state`, ports as calls of the plugin
 * (`update_device_up`, `update_device_down`, `update_device_list` for several of a host). The versions and
 * arguments are those of Neutron's `PluginReportStateAPI` and `RpcCallbacks`.
 *
 * Neutron takes no status ERROR from outside: such a port is reported as down, and its `data_plane_status`
 * is set where Neutron has that extension.
 *
 * @module
 */
import { BusConnection } from "../bus/connection.ts";
import type { Blocked } from "../bus/link.ts";
import type { Clock } from "../base/clock.ts";
import type { BusConfig } from "../config/config_types.ts";
import type { Log } from "../base/log.ts";
import type { DataPlaneStatus } from "./data_plane_status.ts";
import {
  agentId,
  type AgentReport,
  type PortUpdate,
  reportStateArguments,
  type StatusReporter,
  toldStatus,
} from "./reporter.ts";
import { notTaken } from "./list_answer.ts";

const PLUGIN = { topic: "q-plugin", version: "1.9" };
const REPORTS = { topic: "q-reports-plugin", version: "1.2" };

/** A reporter over RabbitMQ. Dispose of it to close the connection. */
export class BusReporter implements StatusReporter {
  readonly #bus: BusConnection;

  /** @param reports decides which of Neutron's two queues has to exist */
  constructor(
    config: BusConfig,
    reports: "agents" | "ports",
    readonly context: { readonly clock: Clock; readonly log: Log },
    readonly dataPlane: DataPlaneStatus | null = null,
  ) {
    const { topic } = reports === "agents" ? REPORTS : PLUGIN;
    this.#bus = new BusConnection(config, [topic], context);
  }

  get gate(): BusConnection {
    return this.#bus;
  }

  get trouble(): string | null {
    return this.#bus.trouble;
  }

  get blocked(): Blocked | null {
    return this.#bus.blocked;
  }

  async reportAgent(report: AgentReport, signal: AbortSignal): Promise<void> {
    const args = reportStateArguments(report, this.context.clock.now());
    const { topic, version } = REPORTS;
    await this.#bus.cast(topic, { method: "report_state", args, version }, signal);
  }

  async reportPorts(
    host: string,
    updates: readonly PortUpdate[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, unknown>> {
    const [only] = updates;
    const failed = updates.length === 1
      ? await this.#one(host, only!, signal)
      : await this.#many(host, updates, signal);
    if (this.dataPlane) {
      const told = updates.filter(({ port }) => !failed.has(port));
      for (const [port, error] of await this.dataPlane.apply(told, signal)) failed.set(port, error);
    }
    return failed;
  }

  async #one(host: string, { port, status }: PortUpdate, signal: AbortSignal) {
    const method = toldStatus(status) === "ACTIVE" ? "update_device_up" : "update_device_down";
    await this.#call(method, { device: port, agent_id: agentId(host), host }, signal);
    return new Map<string, unknown>();
  }

  async #many(host: string, updates: readonly PortUpdate[], signal: AbortSignal) {
    const up = updates.filter(({ status }) => status === "ACTIVE").map(({ port }) => port);
    const down = updates.filter(({ status }) => status !== "ACTIVE").map(({ port }) => port);
    const answer = await this.#call("update_device_list", {
      devices_up: up,
      devices_down: down,
      agent_id: agentId(host),
      host,
      refresh_tunnels: false,
    }, signal);
    const failed = notTaken(answer, updates);
    if (failed === null) {
      throw new Error("neutron-server's answer to update_device_list is not understood");
    }
    return failed;
  }

  async #call(method: string, args: Record<string, unknown>, signal: AbortSignal) {
    return await this.#bus.call(PLUGIN.topic, { method, args, version: PLUGIN.version }, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#bus[Symbol.asyncDispose]();
  }
}
