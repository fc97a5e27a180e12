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
import type { BusContext } from "../bus/not_understood.ts";
import { UnsettledError } from "../bus/unsettled.ts";
import type { BusConfig } from "../config/config_types.ts";
import type { DataPlaneStatus } from "./data_plane_status.ts";
import { DoubtfulReportError } from "./doubtful_report.ts";
import { Doubts } from "./doubts.ts";
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
  readonly #doubts: Doubts;

  /** @param reports decides which of Neutron's two queues has to exist */
  constructor(
    config: BusConfig,
    reports: "agents" | "ports",
    readonly context: BusContext,
    readonly dataPlane: DataPlaneStatus | null = null,
  ) {
    const { topic } = reports === "agents" ? REPORTS : PLUGIN;
    this.#bus = new BusConnection(
      config,
      { topics: [topic], answers: reports === "ports" },
      context,
    );
    this.#doubts = new Doubts((call) => this.#bus.mayArrive(call));
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
    const failed = new Map<string, unknown>();
    const isSent = (update: PortUpdate) => !this.#doubts.isTold(update);
    for (const { port } of updates.filter((update) => !isSent(update))) {
      failed.set(port, new DoubtfulReportError());
    }
    const sent = updates.filter(isSent);
    if (sent.length === 0) return failed;
    // As it is when they are sent: a doubt that ends meanwhile may have ended in between.
    const doubtful = sent.filter((update) => this.#doubts.has(update));
    for (const [port, error] of await this.#tell(host, sent, signal)) failed.set(port, error);
    for (const update of doubtful) {
      if (failed.has(update.port)) continue;
      this.#doubts.accepted(update);
      failed.set(update.port, new DoubtfulReportError());
    }
    if (this.dataPlane) {
      const told = updates.filter(({ port }) => !failed.has(port));
      for (const [port, error] of await this.dataPlane.apply(told, signal)) failed.set(port, error);
    }
    return failed;
  }

  noteFault(port: string, isFaulty: boolean, askedAt: number): boolean {
    return this.dataPlane?.noteFault(port, isFaulty, askedAt) ?? false;
  }

  /** Sends them in one call. */
  async #tell(host: string, updates: readonly PortUpdate[], signal: AbortSignal) {
    try {
      if (updates.length > 1) return await this.#many(host, updates, signal);
      return await this.#one(host, updates[0]!, signal);
    } catch (error) {
      if (error instanceof UnsettledError) {
        for (const update of updates) this.#doubts.add(update, error.id);
      }
      throw error;
    }
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
      this.#bus.notUnderstood.note("result", { method: "update_device_list" });
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
