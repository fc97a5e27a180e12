/**
 * What neutron-server is on the bus: the exchange, its two queues, and answers in its envelopes. It
 * keeps what it was told, and can be told to fail.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import { decodeEnvelope } from "../../lib/bus/envelope.ts";

/** One message as it came. */
export interface Received {
  readonly topic: string;
  readonly method: string;
  // deno-lint-ignore no-explicit-any
  readonly args: any;
  // deno-lint-ignore no-explicit-any
  readonly message: any;
  readonly properties: amqp.MessageProperties;
  readonly at: number;
}

/** Answers, or the failure's class. */
export type Answer = (received: Received) => unknown | Promise<unknown>;

/** Thrown by an {@linkcode Answer}: an exception of the remote side. */
export class Failure extends Error {
  constructor(readonly remoteClass: string, message: string) {
    super(message);
  }
}

const TOPICS = ["q-plugin", "q-reports-plugin"];

/** Serves both topics; `onMessage` sees everything. */
export class FakePlugin implements AsyncDisposable {
  readonly received: Received[] = [];
  answer: Answer = defaultAnswer;

  private constructor(readonly connection: amqp.ChannelModel, readonly keep: boolean) {}

  /** @param tls PEM texts, for a broker that takes nothing else. */
  static async start(
    port: number,
    { keep = true, tls }: {
      keep?: boolean;
      tls?: { ca: string; cert: string; key: string };
    } = {},
  ): Promise<FakePlugin> {
    const url = `${tls ? "amqps" : "amqp"}://guest:guest@127.0.0.1:${port}/`;
    const connection = await amqp.connect(url, {
      noDelay: true,
      ...tls && { ca: [tls.ca], cert: tls.cert, key: tls.key },
    });
    connection.on("error", () => {});
    const plugin = new FakePlugin(connection, keep);
    const channel = await connection.createChannel();
    channel.on("error", () => {});
    await channel.assertExchange("neutron", "topic", { durable: false, autoDelete: false });
    for (const topic of TOPICS) {
      await channel.assertQueue(topic, { durable: false, autoDelete: false });
      await channel.bindQueue(topic, "neutron", topic);
      await channel.consume(topic, (message) => {
        if (message) plugin.#onMessage(channel, topic, message).catch(() => {});
      }, { noAck: true });
    }
    return plugin;
  }

  async #onMessage(channel: amqp.Channel, topic: string, { content, properties }: amqp.Message) {
    // Without this content type, oslo.messaging drops a message without a word.
    if (properties.contentType !== "application/json") return;
    // deno-lint-ignore no-explicit-any
    const message = decodeEnvelope(content) as any;
    const { method, args } = message;
    const received = { topic, method, args, message, properties, at: Date.now() };
    if (this.keep) this.received.push(received);
    if (!message._msg_id) {
      await this.answer(received);
      return;
    }
    let result: unknown = null;
    let failure: string | null = null;
    try {
      result = await this.answer(received);
    } catch (error) {
      const remoteClass = error instanceof Failure ? error.remoteClass : "Exception";
      failure = JSON.stringify({
        class: remoteClass,
        module: "builtins",
        message: (error as Error).message,
        args: [],
        kwargs: {},
        tb: [],
      });
    }
    const reply = { result, failure, ending: true, _msg_id: message._msg_id, _unique_id: "0" };
    const body = { "oslo.version": "2.0", "oslo.message": JSON.stringify(reply) };
    channel.sendToQueue(message._reply_q, Buffer.from(JSON.stringify(body)), {
      contentType: "application/json",
      contentEncoding: "utf-8",
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close().catch(() => {});
  }
}

/** As Neutron does. */
export function defaultAnswer({ method, args }: Received): unknown {
  switch (method) {
    case "update_device_up":
    case "update_device_down":
      return { device: args.device, exists: true };
    case "update_device_list":
      return {
        devices_up: args.devices_up,
        failed_devices_up: [],
        devices_down: args.devices_down,
        failed_devices_down: [],
      };
    case "report_state":
      return null;
    default:
      throw new Failure("NoSuchMethod", method);
  }
}
