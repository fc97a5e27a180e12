/**
 * Casts and calls over a connection that comes back by itself (`link.ts`). Every publish is confirmed
 * by the broker and must reach a queue; nobody listening is trouble too, and starts over.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type amqp from "amqplib";
import { abortable } from "../base/abortable.ts";
import type { Clock } from "../base/clock.ts";
import { deadline } from "../base/deadline.ts";
import type { BusConfig } from "../config/config_types.ts";
import { describeError, type Log } from "../base/log.ts";
import { decodeReply, encodeRpc, type RpcMessage, uniqueId } from "./envelope.ts";
import { type Blocked, BusError, type BusLink, keepLinked } from "./link.ts";

const CONFIRM_MS = 10_000;
/** oslo's: an unused reply queue goes after half an hour. */
const REPLY_QUEUE_EXPIRES_MS = 1_800_000;

interface Open {
  readonly channel: amqp.ConfirmChannel;
  readonly replyQueue: string;
  /** Ends the connection, with the reason. */
  fail(error: Error): void;
}

/** Declares a queue for answers, as oslo.messaging has it; its name. */
export async function declareReplyQueue(channel: amqp.Channel): Promise<string> {
  const queue = `reply_${uniqueId()}`;
  const expires = REPLY_QUEUE_EXPIRES_MS;
  await channel.assertQueue(queue, { durable: false, autoDelete: false, expires });
  return queue;
}

/** Casts and calls over one connection at a time. Dispose of it to end it. */
export class BusConnection implements AsyncDisposable {
  readonly #stop = new AbortController();
  /** Casts that are not confirmed and calls that are not answered, by message. */
  readonly #waiting = new Map<string, PromiseWithResolvers<unknown>>();
  readonly #run: Promise<void>;
  #open: Open | null = null;
  #opened = Promise.withResolvers<void>();
  #blocked: Blocked | null = null;
  #trouble: string | null = "not connected to the message bus yet";

  /** `topics` are queues that must exist: whoever serves them has to be there. */
  constructor(
    readonly config: BusConfig,
    readonly topics: readonly string[],
    readonly context: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#run = keepLinked({
      config,
      ...context,
      signal: this.#stop.signal,
      purpose: "the message bus",
      setUp: (link) => this.#setUp(link),
      onLost: (trouble) => this.#lose(trouble),
    });
  }

  /** Whether a message can be sent now. */
  get open(): boolean {
    return this.#open !== null && this.#blocked === null;
  }

  /** Since when and why the broker takes no messages; null: it takes them, or there is no connection. */
  get blocked(): Blocked | null {
    return this.#blocked;
  }

  /** Why not, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Resolves once a message can be sent. @throws the signal's reason. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (!this.#open) await abortable(this.#opened.promise, signal);
  }

  /** Sends without an answer; resolves when the broker has it in a queue. @throws {BusError} */
  async cast(topic: string, message: RpcMessage, signal: AbortSignal): Promise<void> {
    const open = this.#need();
    const messageId = uniqueId();
    const late = "the broker does not confirm messages";
    const confirmed = this.#wait(messageId, CONFIRM_MS, late, signal);
    this.#publish(open, topic, encodeRpc(message, null), { messageId }, () => {
      this.#waiting.get(messageId)?.resolve(null);
    });
    await confirmed;
  }

  /**
   * Sends and waits for the answer's result.
   *
   * @throws {BusError} it could not be sent, or no answer came in time.
   * @throws {RemoteError} the other side ran into an exception.
   */
  async call(topic: string, message: RpcMessage, signal: AbortSignal): Promise<unknown> {
    const open = this.#need();
    const id = uniqueId();
    const timeoutMs = this.config.rpcTimeoutMs;
    const late = `${message.method}: no answer from neutron-server within ${timeoutMs / 1000} s`;
    const answer = this.#wait(id, timeoutMs, late, signal);
    const body = encodeRpc(message, { id, queue: open.replyQueue });
    // The answer proves more than the broker's confirmation; only a rejected message is heard of here.
    this.#publish(open, topic, body, { messageId: id, expiration: String(timeoutMs) });
    return await answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new BusError("the connection is closed"));
    await this.#run;
  }

  #need(): Open {
    if (!this.#open) throw new BusError(this.#trouble ?? "not connected to the message bus");
    return this.#open;
  }

  /** Hands it to the broker; a refusal rejects what waits under its id. */
  #publish(
    { channel, fail }: Open,
    topic: string,
    body: Buffer,
    properties: amqp.Options.Publish & { readonly messageId: string },
    onConfirmed?: () => void,
  ): void {
    const options: amqp.Options.Publish = {
      contentType: "application/json",
      contentEncoding: "utf-8",
      mandatory: true,
      ...properties,
    };
    try {
      channel.publish(this.config.exchange, topic, body, options, (error) => {
        if (!error) return onConfirmed?.();
        const refused = new BusError(`the broker refused it: ${describeError(error)}`);
        this.#waiting.get(properties.messageId)?.reject(refused);
      });
    } catch (error) {
      fail(error as Error); // which rejects all that waits
    }
  }

  /** Waits under an id until that is settled, timed out or aborted. */
  async #wait(id: string, ms: number, late: string, signal: AbortSignal): Promise<unknown> {
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    const tooLate = () => {
      throw new BusError(late);
    };
    try {
      return await deadline(waiting.promise, ms, tooLate, { signal });
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Makes sure that whoever is meant is there, and listens for answers. */
  async #setUp(link: BusLink): Promise<void> {
    const probe = await link.channel();
    await link.orTrouble(probe.checkExchange(this.config.exchange));
    for (const topic of this.topics) await link.orTrouble(probe.checkQueue(topic));
    const replyQueue = await link.orTrouble(declareReplyQueue(probe));
    await link.orTrouble(probe.consume(replyQueue, (m) => this.#onReply(m), { noAck: true }));
    const channel = await link.confirmChannel();
    channel.on("return", ({ fields, properties }) => {
      const error = new BusError(`nobody listens to ${fields.routingKey}: is neutron-server up?`);
      this.#waiting.get(properties.messageId)?.reject(error);
      link.fail(error);
    });
    this.#open = { channel, replyQueue, fail: link.fail };
    this.#trouble = null;
    this.#opened.resolve();
  }

  #lose(trouble: string): void {
    if (this.#open) this.#opened = Promise.withResolvers();
    this.#open = null;
    this.#trouble = trouble;
    const lost = new BusError(`the message bus was lost: ${trouble}`);
    for (const waiting of [...this.#waiting.values()]) waiting.reject(lost);
  }

  #onReply(message: amqp.ConsumeMessage | null): void {
    // A null message: the broker has cancelled the consumer, because the queue is gone.
    if (message === null) return this.#open?.fail(new BusError("the reply queue is gone"));
    const reply = decodeReply(message.content);
    const waiting = reply && this.#waiting.get(reply.id);
    if (!reply || !waiting) return; // too late, or not for us
    if (reply.failure) waiting.reject(reply.failure);
    else if (reply.ending) waiting.resolve(reply.result);
  }
}
