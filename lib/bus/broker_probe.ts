/**
 * One broker, asked what it has and what our user may do there. Each question has a channel of its own,
 * because a refusal closes it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type amqp from "amqplib";
import type { BrokersConfig } from "../config/config_types.ts";
import type { BusHost } from "../config/transport_url.ts";
import { declareReplyQueue } from "./rpc_channels.ts";
import { dial, hangUp } from "./link.ts";
import { declareNotificationQueues, type NotificationQueues } from "./notifications.ts";

/** AMQP 0-9-1's reply code of a queue or an exchange that does not exist. */
const NOT_FOUND = 404;

/** RabbitMQ's `connection.blocked`: it has too little memory or disk, and takes no messages. */
export class BrokerBlockedError extends Error {
  override readonly name = "BrokerBlockedError";
  constructor(readonly reason: string) {
    super(`the broker takes no messages: ${reason}`);
  }
}

/** A connection for questions. Dispose of it to end it. */
export class BrokerProbe implements AsyncDisposable {
  /** Rejects with the broker's reason when it takes nothing from those who publish. */
  readonly #blocked: Promise<never>;

  /** @param connection open; the probe ends it. */
  private constructor(readonly connection: amqp.ChannelModel) {
    this.#blocked = new Promise((_, reject) =>
      connection.on("blocked", (reason: string) => reject(new BrokerBlockedError(reason)))
    );
    this.#blocked.catch(() => {}); // who publishes hears of it
  }

  /** Connects. `name` is what the broker's list of connections shows. @throws why it cannot. */
  static async open(config: BrokersConfig, host: BusHost, name: string): Promise<BrokerProbe> {
    const connection = await dial(config, host, name);
    connection.on("error", () => {});
    return new BrokerProbe(connection);
  }

  /** What the broker calls itself. */
  get product(): { readonly name: string; readonly version: string } {
    const { serverProperties } = this.connection.connection as unknown as {
      serverProperties: { product?: string; version?: string };
    };
    const { product = "a broker", version = "" } = serverProperties;
    return { name: product, version };
  }

  /** Whether there is that exchange. @throws the broker refuses the question. */
  hasExchange(name: string): Promise<boolean> {
    return this.#ask((channel) => channel.checkExchange(name)).then(() => true, absent(false));
  }

  /** Who listens to a queue and what waits in it; null: there is none. @throws as `hasExchange`. */
  queue(name: string): Promise<{ listeners: number; messages: number } | null> {
    return this.#ask((channel) => channel.checkQueue(name)).then(
      ({ consumerCount, messageCount }) => ({ listeners: consumerCount, messages: messageCount }),
      absent(null),
    );
  }

  /** Declares a queue for answers as those who call do, listens, and deletes it. @throws the broker refuses it. */
  async tryReplies(): Promise<void> {
    await this.#ask(async (channel) => {
      const queue = await declareReplyQueue(channel);
      try {
        await channel.consume(queue, () => {}, { noAck: true });
      } finally {
        // A refusal has closed the channel, but not what was declared over it.
        await this.#ask((other) => other.deleteQueue(queue)).catch(() => {});
      }
    });
  }

  /** Subscribes as those who listen do, and ends that; false: no such exchange. @throws as above. */
  tryNotifications(queues: NotificationQueues): Promise<boolean> {
    return this.#ask(async (channel) => {
      const { queue, dropped } = await declareNotificationQueues(channel, queues);
      for (const name of [queue, dropped]) await channel.consume(name, () => {}, { noAck: true });
      for (const name of [queue, dropped]) await channel.deleteQueue(name);
      return true;
    }).catch(absent(false)); // exclusive queues go with the connection
  }

  /**
   * Publishes an empty object that no queue takes; false: there is no such exchange.
   *
   * @throws as above.
   * @throws {BrokerBlockedError} an alarm is in force: it takes no message.
   */
  tryPublish(exchange: string, routingKey: string): Promise<boolean> {
    return this.#ask(async (channel) => {
      channel.publish(exchange, routingKey, Buffer.from("{}"), { contentType: "application/json" });
      await Promise.race([channel.waitForConfirms(), this.#blocked]);
      return true;
    }).catch(absent(false));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await hangUp(this.connection);
  }

  async #ask<T>(act: (channel: amqp.ConfirmChannel) => Promise<T>): Promise<T> {
    const channel = await this.connection.createConfirmChannel();
    // What the call that caused it rejects with says less.
    let refusal: Error | null = null;
    channel.on("error", (error) => refusal = error);
    try {
      return await act(channel);
    } catch (error) {
      throw refusal ?? error;
    }
  }
}

/** The value for "there is no such thing"; other errors go on. */
function absent<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && (error as { code?: unknown }).code === NOT_FOUND) return value;
    throw error;
  };
}
