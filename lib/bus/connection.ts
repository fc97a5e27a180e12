/**
 * A connection to RabbitMQ that comes back by itself: over the several hosts of the transport URL, with
 * backoff, with heartbeats. Every publish is confirmed by the broker and must reach a queue. Any
 * trouble (a closed channel, nobody listening) ends the connection and starts over: one way to
 * recover rather than one per kind of trouble.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import type { Clock } from "../clock.ts";
import type { BusConfig } from "../config_types.ts";
import { describeError, type Log } from "../log.ts";
import { decodeReply, encodeRpc, type RpcMessage, uniqueId } from "./envelope.ts";
import type { BusHost } from "./transport_url.ts";

/** The bus cannot take or bring a message now. */
export class BusError extends Error {
  override readonly name = "BusError";
}

const CONNECT_MS = 10_000;
const CONFIRM_MS = 10_000;
/** From the connection to its queues: a broker that is alive and does not answer ends it, ms. */
const SET_UP_MS = 15_000;
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 10_000;
const HEARTBEAT_SECONDS = 15;
/** oslo's: an unused reply queue goes after half an hour. */
const REPLY_QUEUE_EXPIRES_MS = 1_800_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

interface Open {
  readonly channel: amqp.ConfirmChannel;
  readonly replyQueue: string;
  /** Ends the connection, with the reason. */
  fail(error: Error): void;
}

/** See the module. Dispose of it to end it. */
export class BusConnection implements AsyncDisposable {
  readonly #stop = new AbortController();
  /** Casts that are not confirmed and calls that are not answered, by message. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #run: Promise<void>;
  #open: Open | null = null;
  #opened = Promise.withResolvers<void>();
  #trouble: string | null = "not connected to the message bus yet";

  /** `topics` are queues that must exist: whoever serves them has to be there. */
  constructor(
    readonly config: BusConfig,
    readonly topics: readonly string[],
    readonly context: { readonly clock: Clock; readonly log: Log },
  ) {
    this.#run = this.#keepOpen();
  }

  /** Whether a message can be sent now. */
  get open(): boolean {
    return this.#open !== null;
  }

  /** Why not, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Resolves once a message can be sent. @throws the signal's reason. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = () => reject(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      while (!this.#open) await Promise.race([this.#opened.promise, promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
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
    // The answer says more than the broker's confirmation: only a refusal is waited for.
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
  #wait(id: string, ms: number, late: string, signal: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(id);
      };
      const waiting: Waiting = {
        resolve: (result) => (done(), resolve(result)),
        reject: (error) => (done(), reject(error)),
      };
      const timer = setTimeout(() => waiting.reject(new BusError(late)), ms);
      const onAbort = () => waiting.reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.set(id, waiting);
      if (signal.aborted) onAbort();
    });
  }

  async #keepOpen(): Promise<void> {
    const { clock, log } = this.context;
    const { signal } = this.#stop;
    const { hosts } = this.config;
    let failures = 0;
    let said: string | null = null;
    for (let at = Math.floor(Math.random() * hosts.length); !signal.aborted; at++) {
      const broker = hosts[at % hosts.length]!;
      const where = `${broker.host}:${broker.port}`;
      try {
        await this.#connectOnce(broker, () => {
          failures = 0;
          said = null;
          log.info("connected to the message bus", { broker: where });
        });
      } catch (error) {
        if (signal.aborted) return;
        this.#trouble = `message bus at ${where}: ${describeError(error)}`;
        if (this.#trouble !== said) {
          log.warn("the message bus is not usable, trying again", { broker: where, error });
        }
        said = this.#trouble;
      }
      const limit = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures++);
      await clock.sleep(limit * (0.5 + Math.random() / 2), signal).catch(() => {});
    }
  }

  /** Connects, serves until trouble, and throws it. */
  async #connectOnce(broker: BusHost, onOpen: () => void): Promise<void> {
    const { signal } = this.#stop;
    const { promise: failed, reject: fail } = Promise.withResolvers<never>();
    failed.catch(() => {});
    const onAbort = () => fail(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    let connection: amqp.ChannelModel | null = null;
    let late;
    try {
      connection = await this.#dial(broker);
      const reason = new BusError("the broker does not answer");
      late = setTimeout(() => fail(reason), SET_UP_MS);
      connection.on("error", fail);
      connection.on("close", () => fail(new BusError("the broker closed the connection")));
      const probe = await this.#channel(connection.createChannel(), fail, failed);
      await Promise.race([probe.checkExchange(this.config.exchange), failed]);
      for (const topic of this.topics) await Promise.race([probe.checkQueue(topic), failed]);
      const replyQueue = `reply_${uniqueId()}`;
      await Promise.race([
        probe.assertQueue(replyQueue, {
          durable: false,
          autoDelete: false,
          expires: REPLY_QUEUE_EXPIRES_MS,
        }),
        failed,
      ]);
      await Promise.race([
        probe.consume(replyQueue, (m) => this.#onReply(m), { noAck: true }),
        failed,
      ]);
      const channel = await this.#channel(connection.createConfirmChannel(), fail, failed);
      channel.on("return", ({ fields, properties }) => {
        const error = new BusError(`nobody listens to ${fields.routingKey}: is neutron-server up?`);
        this.#waiting.get(properties.messageId)?.reject(error);
        fail(error);
      });
      clearTimeout(late);
      this.#open = { channel, replyQueue, fail };
      this.#trouble = null;
      this.#opened.resolve();
      onOpen();
      await failed;
    } catch (error) {
      this.#lose(error as Error);
      throw error;
    } finally {
      clearTimeout(late);
      signal.removeEventListener("abort", onAbort);
      await hangUp(connection);
    }
  }

  async #dial({ host, port, username, password }: BusHost): Promise<amqp.ChannelModel> {
    const { tls, virtualHost } = this.config;
    const [ca, cert, key] = [this.config.caFile, this.config.certFile, this.config.keyFile]
      .map((path) => path === null ? null : Buffer.from(Deno.readFileSync(path)));
    return await amqp.connect({
      protocol: tls ? "amqps" : "amqp",
      hostname: host,
      port,
      username,
      password,
      vhost: virtualHost,
      heartbeat: HEARTBEAT_SECONDS,
    }, {
      timeout: CONNECT_MS,
      noDelay: true,
      clientProperties: { connection_name: "calico-conductor" },
      ...(ca ? { ca: [ca] } : {}),
      ...(cert && key ? { cert, key } : {}),
    });
  }

  async #channel<T extends amqp.Channel>(
    opening: Promise<T>,
    fail: (error: Error) => void,
    failed: Promise<never>,
  ): Promise<T> {
    opening.catch(() => {});
    const channel = await Promise.race([opening, failed]);
    channel.on("error", fail);
    channel.on("close", () => fail(new BusError("the broker closed the channel")));
    return channel;
  }

  #lose(error: Error): void {
    if (this.#open) this.#opened = Promise.withResolvers();
    this.#open = null;
    this.#trouble = describeError(error);
    const lost = new BusError(`the message bus was lost: ${describeError(error)}`);
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

/** Ends a connection without waiting long for a broker that may be gone. */
async function hangUp(connection: amqp.ChannelModel | null): Promise<void> {
  if (!connection) return;
  connection.on("error", () => {});
  let timer;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, 1000));
  await Promise.race([connection.close().catch(() => {}), late]);
  clearTimeout(timer);
  (connection.connection as unknown as { stream: { destroy(): void } }).stream.destroy();
}
