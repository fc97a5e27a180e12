/**
 * Notifications for a lab cloud, which sends none: a RabbitMQ on loopback, where what the lab says in its log is
 * published as Neutron would. One in ten is kept back, as some changes are silent in Neutron, too, and some
 * notifications are lost; status, which the lab's agents report, has none in Neutron either.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import { RabbitServer } from "../tests/support/rabbit_server.ts";

const SILENT_ONE_IN = 10;
const EVERY_MS = 100;

/** What Neutron says of a happening. */
export interface Told {
  readonly event_type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** What Neutron would say of what a line of the lab's log tells; null: nothing. */
export function toldOf(line: string): Told | null {
  const found = / lab: ([a-zA-Z ]+?) (?:port|group)=(\S+)/.exec(line);
  if (!found) return null;
  const [, what, id] = found;
  const port = { port: { id, device_owner: "compute:nova" } };
  switch (what) {
    case "a VM comes":
      return { event_type: "port.create.end", payload: port };
    case "a VM goes":
      return { event_type: "port.delete.end", payload: { port_id: id, ...port } };
    case "a VM migrates":
      return { event_type: "port.update.end", payload: port };
    case "a security group changes": {
      const security_group_rule = { id: crypto.randomUUID(), security_group_id: id };
      return { event_type: "security_group_rule.create.end", payload: { security_group_rule } };
    }
  }
  return null;
}

/** A broker, and what is published there. Dispose of it to end both. */
export class LabBus implements AsyncDisposable {
  readonly published = { told: 0, silent: 0 };
  #read = 0;
  #timer: ReturnType<typeof setInterval> | null = null;

  private constructor(
    readonly rabbit: RabbitServer,
    readonly connection: amqp.ChannelModel,
    readonly channel: amqp.Channel,
  ) {}

  static async start(): Promise<LabBus> {
    const rabbit = await RabbitServer.start();
    try {
      const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}/`);
      const channel = await connection.createChannel();
      await channel.assertExchange("neutron", "topic", { durable: false, autoDelete: false });
      return new LabBus(rabbit, connection, channel);
    } catch (error) {
      await rabbit[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Publishes what the node's output tells from now on. */
  follow(node: { readonly output: string }): void {
    this.#timer = setInterval(() => {
      const end = node.output.lastIndexOf("\n") + 1;
      const lines = node.output.slice(this.#read, end).split("\n");
      this.#read = end;
      for (const line of lines) this.#publish(line);
    }, EVERY_MS);
  }

  #publish(line: string): void {
    const told = toldOf(line);
    if (!told) return;
    if ((this.published.told + this.published.silent) % SILENT_ONE_IN === SILENT_ONE_IN - 1) {
      this.published.silent++;
      return;
    }
    this.published.told++;
    const inner = JSON.stringify({ ...told, priority: "INFO" });
    const body = JSON.stringify({ "oslo.version": "2.0", "oslo.message": inner });
    this.channel.publish("neutron", "notifications.info", Buffer.from(body));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.connection.close().catch(() => {});
    await this.rabbit[Symbol.asyncDispose]();
  }
}
