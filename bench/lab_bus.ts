/**
 * A lab cloud with a bus, for a node that is none of the lab's: its own etcd and a RabbitMQ on loopback, where what
 * happens is published as Neutron would and what the node reports is taken as Neutron's plugin would. One
 * notification in ten is kept back, as some changes are silent in Neutron, too, and some notifications are
 * lost; of status, which the node reports, Neutron publishes none.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import { runLab } from "../lab/cloud.ts";
import { systemClock } from "../lib/base/clock.ts";
import type { Log } from "../lib/base/log.ts";
import { type EtcdServer, freePort, startEtcd } from "../tests/support/etcd_server.ts";
import { defaultAnswer, FakePlugin, type Received } from "../tests/support/fake_plugin.ts";
import { RabbitServer } from "../tests/support/rabbit_server.ts";
import { testConfig } from "../tests/support/test_config.ts";

const SILENT_ONE_IN = 10;

/** What Neutron says of a happening. */
export interface Told {
  readonly event_type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What Neutron would publish of what the lab says in its log; null: nothing. */
export function toldOf(message: string, fields: Readonly<Record<string, unknown>>): Told | null {
  const port = { port: { id: fields.port, device_owner: "compute:nova" } };
  switch (message) {
    case "lab: a VM comes":
      return { event_type: "port.create.end", payload: port };
    case "lab: a VM goes":
      return { event_type: "port.delete.end", payload: { port_id: fields.port, ...port } };
    case "lab: a VM migrates":
      return { event_type: "port.update.end", payload: port };
    case "lab: a security group changes": {
      const rule = { id: crypto.randomUUID(), security_group_id: fields.group };
      return {
        event_type: "security_group_rule.create.end",
        payload: { security_group_rule: rule },
      };
    }
  }
  return null;
}

/** How the cloud is. */
export interface LabBusOptions {
  readonly ports: number;
  readonly hosts: number;
  /** Between two happenings, ms by the clock. */
  readonly eventIntervalMs: number;
  readonly speed: number;
}

/** The cloud. Dispose of it to end its processes. */
export class LabBus implements AsyncDisposable {
  /** What has happened, and of that what was published. */
  readonly counts = { happened: 0, told: 0 };
  /** Where the OpenStack is. */
  readonly neutronUrl: string;
  readonly #stop = new AbortController();
  readonly #stack = new AsyncDisposableStack();
  readonly #port = freePort();
  #changes = 0;
  etcd!: EtcdServer;
  rabbit!: RabbitServer;
  #channel!: amqp.Channel;

  private constructor() {
    this.neutronUrl = `http://127.0.0.1:${this.#port}`;
  }

  /** Starts all of it. */
  static async start(options: LabBusOptions): Promise<LabBus> {
    const bus = new LabBus();
    try {
      await bus.#start(options);
      return bus;
    } catch (error) {
      await bus[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start({ ports, hosts, eventIntervalMs, speed }: LabBusOptions): Promise<void> {
    const stack = this.#stack;
    this.rabbit = stack.use(await RabbitServer.start());
    this.etcd = stack.use(await startEtcd());
    const plugin = stack.use(await FakePlugin.start(this.rabbit.port, { keep: false }));
    plugin.answer = (received) => this.#take(received);
    const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${this.rabbit.port}/`);
    stack.defer(() => connection.close());
    this.#channel = await connection.createChannel();
    const base = testConfig();
    const config = {
      region: null,
      etcd: { ...base.etcd, endpoints: [this.etcd.url] },
      lab: { ...base.lab, ports, hosts, eventIntervalMs, speed, openstackPort: this.#port },
    };
    const say = (message: string, fields: Readonly<Record<string, unknown>> = {}) =>
      this.#said(message, fields);
    const log = { debug() {}, info: say, warn() {}, error() {} } as unknown as Log;
    const { signal } = this.#stop;
    const lab = runLab(config, { log, clock: systemClock, alive: () => {}, signal });
    lab.catch((error) => this.#stop.abort(error));
    stack.defer(async () => {
      this.#stop.abort(new Error("the soak is over"));
      await lab.catch(() => {});
    });
  }

  #said(message: string, fields: Readonly<Record<string, unknown>>): void {
    if (!message.startsWith("lab: ")) return;
    this.counts.happened++;
    const told = toldOf(message, fields);
    if (!told || ++this.#changes % SILENT_ONE_IN === 0) return;
    this.counts.told++;
    const inner = JSON.stringify({ ...told, priority: "INFO" });
    const body = JSON.stringify({ "oslo.version": "2.0", "oslo.message": inner });
    this.#channel.publish("neutron", "notifications.info", Buffer.from(body));
  }

  /** A report on the bus, handed to the lab. */
  async #take(received: Received): Promise<unknown> {
    const { method, args } = received;
    if (method === "report_state") {
      await this.#post("report_state", args);
      return defaultAnswer(received);
    }
    const one = (way: string) => method === `update_device_${way}` ? [args.device] : [];
    const reports = [
      ...[...args.devices_up ?? [], ...one("up")].map((device) => ({ device, status: "ACTIVE" })),
      ...[...args.devices_down ?? [], ...one("down")].map((device) => ({ device, status: "DOWN" })),
    ];
    const { host, agent_id } = args;
    for (const report of reports) await this.#post("update_device", { ...report, host, agent_id });
    return defaultAnswer(received);
  }

  async #post(what: string, body: unknown): Promise<void> {
    const response = await fetch(`${this.neutronUrl}/lab/v1/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: this.#stop.signal,
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`the lab answers ${what} with ${response.status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
