/** What casts and calls are sent and answered over: declared, tried out, and only then used. @module */
import { Buffer } from "node:buffer";
import type amqp from "amqplib";
import { uniqueId } from "./envelope.ts";
import type { BusLink } from "./link.ts";

/** A routing key that no queue is bound with. */
const NOBODY = "calico-conductor-nobody";

/** Options of {@linkcode openRpcChannels}. */
export interface RpcOptions {
  /** Queues that must exist: whoever serves them has to be there. */
  readonly topics: readonly string[];
  /** Whether calls are made: casts have no answers, and need no queue for them. */
  readonly answers: boolean;
}

/** The open channels of one connection. */
export interface RpcChannels {
  readonly channel: amqp.ConfirmChannel;
  /** null: there are no answers. */
  readonly replyQueue: string | null;
}

/**
 * Declares a queue for answers; its name. It is exclusive, and goes with the connection: brokers may deny queues
 * that are neither that nor durable (RabbitMQ's `transient_nonexcl_queues`).
 */
export async function declareReplyQueue(channel: amqp.Channel): Promise<string> {
  const queue = `reply_${uniqueId()}`;
  await channel.assertQueue(queue, { durable: false, exclusive: true, autoDelete: false });
  return queue;
}

/** Makes sure that whoever is meant is there, and listens for answers. @throws the connection's trouble. */
export async function openRpcChannels(
  link: BusLink,
  exchange: string,
  { topics, answers }: RpcOptions,
  onReply: (message: amqp.ConsumeMessage | null) => void,
): Promise<RpcChannels> {
  const probe = await link.channel();
  await link.orTrouble(probe.checkExchange(exchange));
  for (const topic of topics) await link.orTrouble(probe.checkQueue(topic));
  const replyQueue = answers ? await link.orTrouble(declareReplyQueue(probe)) : null;
  if (replyQueue) await link.orTrouble(probe.consume(replyQueue, onReply, { noAck: true }));
  return { channel: await link.confirmChannel(), replyQueue };
}

/**
 * Publishes to nobody; resolves when the broker has taken it. A broker with an alarm speaks of it only to those who
 * publish, and takes one message first: when a second one is taken as well, there is no alarm.
 */
export function publishToNobody(channel: amqp.ConfirmChannel, exchange: string): Promise<void> {
  return new Promise((resolve, reject) =>
    channel.publish(
      exchange,
      NOBODY,
      Buffer.from("{}"),
      { contentType: "application/json" },
      (error) => error ? reject(error) : resolve(),
    )
  );
}

/** Whether the broker has refused a message (amqplib's words for `basic.nack`). */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.message === "message nacked";
}
