/**
 * Casts and calls over a connection that comes back by itself (`link.ts`). Every publish is confirmed
 * by the broker and must reach a queue; nobody listening is trouble too, and starts over.
 *
 * While the broker has an alarm, nothing is handed to it; `unsettled.ts` has what becomes of what was before.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import type amqp from "amqplib";
import { abortable } from "../base/abortable.ts";
import { deadline } from "../base/deadline.ts";
import type { BusConfig } from "../config/config_types.ts";
import { ConfirmWindow } from "./confirm_window.ts";
import { decodeReply, encodeRpc, type RpcMessage, uniqueId } from "./envelope.ts";
import { type Blocked, BusError, type BusLink, keepLinked } from "./link.ts";
import { type BusContext, NotUnderstood } from "./not_understood.ts";
import {
  isRefusal,
  openRpcChannels,
  publishToNobody,
  type RpcChannels,
  type RpcOptions,
} from "./rpc_channels.ts";
import { UndeliveredError, UnsettledCalls, UnsettledError } from "./unsettled.ts";

const CONFIRM_MS = 10_000;
/** What a call may take is how long it waits in Neutron's queue, and then how long Neutron may work on it. */
const SETTLE_TIMEOUTS = 2;

interface Open extends RpcChannels {
  readonly window: ConfirmWindow;
  /** Ends the connection, with the reason. */
  fail(error: Error): void;
}

/** One message on its way. */
interface Sending {
  readonly id: string;
  readonly topic: string;
  readonly options: amqp.Options.Publish;
  body(open: Open): Buffer;
  /** What to wait for, at most so many ms. */
  readonly until: "confirmed" | "answered";
  readonly ms: number;
  readonly late: string;
}

/** Casts and calls over one connection at a time. Dispose of it to end it. */
export class BusConnection implements AsyncDisposable {
  readonly #stop = new AbortController();
  /** Casts that are not confirmed and calls that are not answered, by message. */
  readonly #waiting = new Map<string, PromiseWithResolvers<unknown>>();
  readonly #unsettled: UnsettledCalls;
  readonly notUnderstood: NotUnderstood;
  readonly #run: Promise<void>;
  #open: Open | null = null;
  #broker = "";
  #opened = Promise.withResolvers<void>();
  #blocked: Blocked | null = null;
  #blockedNow = Promise.withResolvers<void>();
  #trouble: string | null = "not connected to the message bus yet";
  /** An alarm was met before anything was sent: whoever was here before may have left something with the broker. */
  #isHeld = false;
  #hasFlowed = false;

  constructor(
    readonly config: BusConfig,
    readonly options: RpcOptions,
    readonly context: BusContext,
  ) {
    this.notUnderstood = new NotUnderstood(context);
    this.#unsettled = new UnsettledCalls(context.clock, SETTLE_TIMEOUTS * config.rpcTimeoutMs);
    this.#run = keepLinked({
      config,
      ...context,
      signal: this.#stop.signal,
      purpose: "the message bus",
      setUp: (link) => this.#setUp(link),
      onBlocked: (reason) => this.#onBlocked(reason),
      onLost: (trouble) => this.#lose(trouble),
    });
  }

  /** Whether a message can be sent now. */
  get open(): boolean {
    return this.#open !== null && this.#blocked === null && !this.#isHeld;
  }

  /** Since when and why the broker takes no messages; null: it takes them, or there is no connection. */
  get blocked(): Blocked | null {
    return this.#blocked;
  }

  /** Why not, or null. */
  get trouble(): string | null {
    if (this.#blocked) {
      return `message bus at ${this.#broker} takes no messages: ${this.#blocked.reason}`;
    }
    if (!this.#open || !this.#isHeld) return this.#trouble;
    return `message bus at ${this.#broker} has just begun to take messages again: what was sent ` +
      "before this node began is waited for";
  }

  /** Resolves once a message can be sent. @throws the signal's reason. */
  async whenOpen(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    while (!this.open) await abortable(this.#opened.promise, signal);
  }

  /** Sends without an answer; resolves when the broker has it in a queue. @throws {BusError} */
  async cast(topic: string, message: RpcMessage, signal: AbortSignal): Promise<void> {
    await this.#send({
      id: uniqueId(),
      topic,
      body: () => encodeRpc(message, null),
      options: {},
      until: "confirmed",
      ms: CONFIRM_MS,
      late: "the broker does not confirm messages",
    }, signal);
  }

  /**
   * Sends and waits for the answer's result.
   *
   * @throws {UnsettledError} it was sent, and nobody knows what became of it.
   * @throws {BusError} it was not sent, or has reached nobody.
   * @throws {RemoteError} the other side ran into an exception.
   */
  async call(topic: string, message: RpcMessage, signal: AbortSignal): Promise<unknown> {
    const id = uniqueId();
    const ms = this.config.rpcTimeoutMs;
    return await this.#send({
      id,
      topic,
      body: ({ replyQueue }) => encodeRpc(message, { id, queue: replyQueue! }),
      options: { expiration: String(ms) },
      until: "answered",
      ms,
      late: `${message.method}: no answer from neutron-server within ${ms / 1000} s`,
    }, signal);
  }

  /** Whether a call that ended in {@linkcode UnsettledError} may still reach Neutron, or be worked on there. */
  mayArrive(id: string): boolean {
    return this.#unsettled.mayArrive(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new BusError("the connection is closed"));
    await this.#run;
  }

  async #send(sending: Sending, signal: AbortSignal): Promise<unknown> {
    const { id, ms, late } = sending;
    const open = this.#open;
    if (!open || !this.open) {
      throw new BusError(this.trouble ?? "not connected to the message bus");
    }
    const waiting = Promise.withResolvers<unknown>();
    waiting.promise.catch(() => {}); // nobody waits for it before the message is let in
    this.#waiting.set(id, waiting);
    let [handed, isOver] = [false, false];
    const work = open.window.enter(id).then(() => {
      const [isSame, trouble] = [this.#open === open, this.trouble];
      if (isOver || !isSame || trouble !== null) {
        open.window.leave(id);
        throw new BusError(trouble ?? "the message bus was lost");
      }
      handed = true;
      this.#publish(open, sending);
      return waiting.promise;
    });
    try {
      return await deadline(work, ms, () => this.#giveUp(open, id, late), { signal });
    } catch (error) {
      const isUnknown = error instanceof BusError && !(error instanceof UndeliveredError);
      if (!handed || !isUnknown || sending.until === "confirmed") throw error;
      this.#unsettled.add(id, !open.window.has(id));
      throw new UnsettledError(id, error.message);
    } finally {
      isOver = true;
      this.#waiting.delete(id);
    }
  }

  /** A connection whose broker neither confirms nor says that it is blocked is ended: no more is to pile up in it. */
  #giveUp(open: Open, id: string, late: string): never {
    const isUnconfirmed = open.window.has(id);
    const error = new BusError(isUnconfirmed ? "the broker does not confirm messages" : late);
    if (isUnconfirmed && !this.#blocked) open.fail(error);
    throw error;
  }

  /** Hands it to the broker; a refusal rejects what waits under its id. */
  #publish(open: Open, { id, topic, until, options, body }: Sending): void {
    const { channel, window, fail } = open;
    const properties: amqp.Options.Publish = {
      contentType: "application/json",
      contentEncoding: "utf-8",
      mandatory: true,
      messageId: id,
      ...options,
    };
    try {
      channel.publish(this.config.exchange, topic, body(open), properties, (error) => {
        // Any other error is the end of the channel, which says nothing of the message.
        if (error && !isRefusal(error)) return;
        window.confirmed(id);
        const waiting = this.#waiting.get(id);
        // As when a queue's process ends, which may have passed it on already.
        if (error) waiting?.reject(new BusError("the broker refused it"));
        else if (until === "confirmed") waiting?.resolve(null);
      });
    } catch (error) {
      fail(error as Error); // which rejects all that waits
    }
  }

  /** Makes sure that whoever is meant is there, listens for answers, and looks whether messages are taken. */
  async #setUp(link: BusLink): Promise<void> {
    this.#broker = link.broker;
    const { config: { exchange }, options } = this;
    const channels = await openRpcChannels(link, exchange, options, (m) => this.#onReply(m));
    const { channel } = channels;
    channel.on("return", ({ fields, properties }) => {
      const error = new UndeliveredError(
        `nobody listens to ${fields.routingKey}: is neutron-server up?`,
      );
      this.#waiting.get(properties.messageId)?.reject(error);
      link.fail(error);
    });
    for (let tries = 0; tries < 2 && !this.#blocked; tries++) {
      const taken = publishToNobody(channel, exchange);
      await link.orTrouble(Promise.race([taken, this.#blockedNow.promise]));
    }
    this.#open = { ...channels, window: new ConfirmWindow(this.context.clock), fail: link.fail };
    this.#trouble = null;
    if (this.#blocked) this.#isHeld ||= options.answers && !this.#hasFlowed;
    else this.#flows();
  }

  #onBlocked(reason: string | null): void {
    if (reason !== null) {
      this.#close();
      this.#blocked = { reason, since: this.#blocked?.since ?? this.context.clock.now() };
      this.#blockedNow.resolve();
      this.#open?.window.refuse(new BusError(this.trouble!));
      return;
    }
    this.#clearBlocked();
    if (this.#open) this.#flows();
  }

  #clearBlocked(): void {
    this.#blocked = null;
    this.#blockedNow = Promise.withResolvers();
  }

  /** The connection is open and messages are taken: what the broker held it reads now. */
  #flows(): void {
    this.#unsettled.flows();
    this.#hasFlowed = true;
    if (!this.#isHeld) return this.#opened.resolve();
    this.context.clock.sleep(this.#unsettled.settleMs, this.#stop.signal).then(() => {
      this.#isHeld = false;
      if (this.open) this.#opened.resolve();
    }).catch(() => {});
  }

  #close(): void {
    if (this.open) this.#opened = Promise.withResolvers();
  }

  #lose(trouble: string): void {
    this.#close();
    const open = this.#open;
    this.#open = null;
    this.#clearBlocked();
    this.#trouble = trouble;
    const lost = new BusError(`the message bus was lost: ${trouble}`);
    open?.window.refuse(lost);
    for (const waiting of [...this.#waiting.values()]) waiting.reject(lost);
  }

  #onReply(message: amqp.ConsumeMessage | null): void {
    // A null message: the broker has cancelled the consumer, because the queue is gone.
    if (message === null) return this.#open?.fail(new BusError("the reply queue is gone"));
    this.notUnderstood.guard("answer", () => {
      const reply = decodeReply(message.content);
      if (!reply) return this.notUnderstood.note("answer", { bytes: message.content.length });
      if (reply.failure || reply.ending) this.#unsettled.answered(reply.id);
      const waiting = this.#waiting.get(reply.id);
      if (!waiting) return; // too late
      if (reply.failure) waiting.reject(reply.failure);
      else if (reply.ending) waiting.resolve(reply.result);
    });
  }
}
