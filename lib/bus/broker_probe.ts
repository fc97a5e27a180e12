/**
 * One broker, asked what it has and what our user may do there. Each question has a channel of its own,
 * because a refusal closes it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type amqp from "amqplib";
import type { BusConfig } from "../config/config_types.ts";
import type { BusHost } from "../config/transport_url.ts";
import { dial, hangUp } from "./link.ts";

/** AMQP 0-9-1's reply code of a queue or an exchange that does not exist. */
const NOT_FOUND = 404;

/** A connection for questions. Dispose of it to end it. */
export class BrokerProbe implements AsyncDisposable {
  /** @param connection open; the probe ends it. */
  private constructor(readonly connection: amqp.ChannelModel) {}

  /** Connects. `name` is what the broker's list of connections shows. @throws why it cannot. */
  static async open(config: BusConfig, host: BusHost, name: string): Promise<BrokerProbe> {
    const connection = await dial(config, host, name);
    connection.on("error", () => {});
    return new BrokerProbe(connection);
  }

  /** What the broker calls itself, with its version. */
  get product(): string {
    const { serverProperties } = this.connection.connection as unknown as {
      serverProperties: { product?: string; version?: string };
    };
    const { product = "a broker", version = "" } = serverProperties;
    return `${product} ${version}`;
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

  /** Declares a queue of our own, and deletes it. @throws the broker refuses it. */
  async tryQueue(name: string): Promise<void> {
    await this.#ask(async (channel) => {
      await channel.assertQueue(name, { exclusive: true, durable: false, autoDelete: true });
      await channel.deleteQueue(name);
    });
  }

  /** Publishes an empty object that no queue takes; false: there is no such exchange. @throws as above. */
  tryPublish(exchange: string, routingKey: string): Promise<boolean> {
    return this.#ask(async (channel) => {
      channel.publish(exchange, routingKey, Buffer.from("{}"), { contentType: "application/json" });
      await channel.waitForConfirms();
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
