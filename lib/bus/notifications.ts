/**
 * Neutron's notifications, through a queue of our own bound to Neutron's exchange: the queue that is
 * named after the topic belongs to others. Each connection declares a fresh one, exclusive, so that no
 * two consumers ever share one and nothing is left behind when this process or its connection goes; it
 * is bounded, and what does not fit any more is dropped from its head.
 *
 * Two things can lose notifications, and both are told: a gap between two connections, and an
 * overflow. Dropped messages are dead-lettered into a second queue of length 1, which is nothing but
 * the sign that something was dropped.
 *
 * The exchange is never declared here: with other properties than Neutron's it would keep Neutron from
 * declaring it. While it is missing (a broker that has just started) it is waited for.
 *
 * @module
 */
import type amqp from "amqplib";
import type { Clock } from "../base/clock.ts";
import type { NotificationsConfig } from "../config/config_types.ts";
import type { Log } from "../base/log.ts";
import { uniqueId } from "./envelope.ts";
import { BusError, type BusLink, keepLinked } from "./link.ts";

/** Notifications that wait in the broker at most; one is some 3 kB. */
export const MAX_QUEUED = 10_000;
/** A queue whose consumer is gone goes as well after so long, ms. */
const EXPIRES_MS = 60_000;
/** Of several drops within so long the first is told, ms. */
const OVERFLOW_MS = 1000;

/** Who is told; none of them may throw. */
export interface NotificationHandlers {
  onNotification(body: Uint8Array): void;
  /** Everything from now on will come: what happened before has to be looked for. */
  onSubscribed(): void;
  /** Something was dropped: what happened has to be looked for. */
  onOverflow(): void;
}

/** Options of {@linkcode Notifications}. */
export interface NotificationsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** Part of the queue's name, for the broker's operator: the region string. */
  readonly name: string;
  /** @default MAX_QUEUED */
  readonly maxQueued?: number;
}

/** Listens until it is disposed of. */
export class Notifications implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #run: Promise<void>;
  #queue: string | null = null;
  #trouble: string | null = "not connected to the message bus yet";

  constructor(
    readonly config: NotificationsConfig,
    readonly options: NotificationsOptions,
    readonly handlers: NotificationHandlers,
  ) {
    this.#run = keepLinked({
      config: config.bus,
      clock: options.clock,
      log: options.log,
      signal: this.#stop.signal,
      purpose: "Neutron's notifications",
      setUp: (link) => this.#setUp(link),
      onLost: (trouble) => {
        this.#queue = null;
        this.#trouble = trouble;
      },
    });
  }

  /** The queue that is listened to, or null. */
  get queue(): string | null {
    return this.#queue;
  }

  /** Why nothing is heard, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  async #setUp(link: BusLink): Promise<void> {
    const { bus: { exchange }, topics } = this.config;
    const channel = await link.channel();
    await link.orTrouble(channel.checkExchange(exchange));
    const queue = `calico-conductor.${this.options.name}.${uniqueId().slice(0, 8)}`;
    const dropped = `${queue}.dropped`;
    const own = { durable: false, exclusive: true, autoDelete: false, expires: EXPIRES_MS };
    await link.orTrouble(channel.assertQueue(dropped, { ...own, maxLength: 1 }));
    await link.orTrouble(channel.assertQueue(queue, {
      ...own,
      maxLength: this.options.maxQueued ?? MAX_QUEUED,
      overflow: "drop-head",
      deadLetterExchange: "",
      deadLetterRoutingKey: dropped,
    }));
    for (const topic of topics) {
      await link.orTrouble(channel.bindQueue(queue, exchange, `${topic}.info`));
    }
    await this.#watchDrops(link, dropped);
    // Taken without acknowledgement: taking one is noting its ids, and a lost connection is a gap anyway.
    const take = this.#consumer(link, ({ content }) => this.handlers.onNotification(content));
    await link.orTrouble(channel.consume(queue, take, { noAck: true }));
    this.#queue = queue;
    this.#trouble = null;
    this.handlers.onSubscribed();
  }

  /** One sign at a time, and the next only after a while: a flood must not become two. */
  async #watchDrops(link: BusLink, dropped: string): Promise<void> {
    const channel = await link.channel();
    await link.orTrouble(channel.prefetch(1));
    const onDrop = this.#consumer(link, async (message) => {
      this.handlers.onOverflow();
      await this.options.clock.sleep(OVERFLOW_MS, this.#stop.signal).catch(() => {});
      try {
        channel.ack(message);
      } catch { /* the channel is gone */ }
    });
    await link.orTrouble(channel.consume(dropped, onDrop));
  }

  #consumer(link: BusLink, take: (message: amqp.ConsumeMessage) => void) {
    return (message: amqp.ConsumeMessage | null) => {
      // A null message: the broker has cancelled the consumer, because the queue is gone.
      if (message === null) link.fail(new BusError("the queue of notifications is gone"));
      else take(message);
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new BusError("the connection is closed"));
    await this.#run;
  }
}
