/**
 * Neutron's notifications, through a queue of our own that is bound to Neutron's exchange; the queue that
 * is named after the topic belongs to others. Each connection declares a new exclusive queue, so that no
 * two consumers ever share one and nothing is left behind when this process or its connection ends. The
 * queue is bounded: what does not fit is dropped from its head.
 *
 * Notifications are lost in a gap between two connections and in an overflow; handlers are told of both.
 * Dropped messages are dead-lettered into a second queue of length 1, whose only use is to show that
 * something was dropped.
 *
 * The exchange is never declared here: with other properties than Neutron's, Neutron could not declare it
 * any more. While it does not exist, as on a broker that has just started, this waits for it.
 *
 * @module
 */
import type amqp from "amqplib";
import type { NotificationsConfig } from "../config/config_types.ts";
import { uniqueId } from "./envelope.ts";
import { BusError, type BusLink, keepLinked } from "./link.ts";
import { type BusContext, type MessageKind, NotUnderstood } from "./not_understood.ts";

/** Notifications that wait in the broker at most; each has some 3 kB. */
const MAX_QUEUED = 10_000;
/** How long a queue outlives its consumer, ms. */
const EXPIRES_MS = 60_000;
/** Time between two reports of drops, ms. */
const OVERFLOW_MS = 1000;

/** Handlers of what is heard. What a message makes them throw is noted, and the next one is heard. */
export interface NotificationHandlers {
  onNotification(body: Uint8Array): void;
  /** Everything from now on is heard; what happened before has to be looked for. */
  onSubscribed(): void;
  /** Nothing is heard until the next subscription. */
  onLost?(): void;
  /** Something was dropped; what happened has to be looked for. */
  onOverflow(): void;
}

/** Options of {@linkcode Notifications}. */
export interface NotificationsOptions extends BusContext {
  /** Part of the queue's name, for the broker's operator: the region string. */
  readonly name: string;
  /** @default MAX_QUEUED */
  readonly maxQueued?: number;
}

/** What is declared for a subscription. */
export interface NotificationQueues {
  /** As `NotificationsOptions.name`. */
  readonly name: string;
  readonly exchange: string;
  readonly topics: readonly string[];
  /** @default MAX_QUEUED */
  readonly maxQueued?: number;
}

/** Declares the two queues of a subscription, and binds the one that hears; their names. */
export async function declareNotificationQueues(
  channel: amqp.Channel,
  { name, exchange, topics, maxQueued = MAX_QUEUED }: NotificationQueues,
): Promise<{ readonly queue: string; readonly dropped: string }> {
  const queue = `calico-conductor.${name}.${uniqueId().slice(0, 8)}`;
  const dropped = `${queue}.dropped`;
  const own = { durable: false, exclusive: true, autoDelete: false, expires: EXPIRES_MS };
  await channel.assertQueue(dropped, { ...own, maxLength: 1 });
  await channel.assertQueue(queue, {
    ...own,
    maxLength: maxQueued,
    overflow: "drop-head",
    deadLetterExchange: "",
    deadLetterRoutingKey: dropped,
  });
  for (const topic of topics) await channel.bindQueue(queue, exchange, `${topic}.info`);
  return { queue, dropped };
}

/** A subscription, until it is disposed of. */
export class Notifications implements AsyncDisposable {
  readonly #stop = new AbortController();
  readonly #notUnderstood: NotUnderstood;
  readonly #run: Promise<void>;
  #queue: string | null = null;
  #trouble: string | null = "not connected to the message bus yet";

  constructor(
    readonly config: NotificationsConfig,
    readonly options: NotificationsOptions,
    readonly handlers: NotificationHandlers,
  ) {
    this.#notUnderstood = new NotUnderstood(options);
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
        this.handlers.onLost?.();
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
    const { name, maxQueued = MAX_QUEUED } = this.options;
    const declared = declareNotificationQueues(channel, { name, exchange, topics, maxQueued });
    const { queue, dropped } = await link.orTrouble(declared);
    await this.#watchDrops(link, dropped);
    // Without acknowledgement: a message is done once its ids are noted, and a lost connection is a gap anyway.
    const take = this.#consumer(
      link,
      "notification",
      ({ content }) => this.handlers.onNotification(content),
    );
    await link.orTrouble(channel.consume(queue, take, { noAck: true }));
    this.#queue = queue;
    this.#trouble = null;
    this.handlers.onSubscribed();
  }

  /** Reports drops, at most one in a while: a flood of notifications must not become a flood of reports. */
  async #watchDrops(link: BusLink, dropped: string): Promise<void> {
    const channel = await link.channel();
    await link.orTrouble(channel.prefetch(1));
    const onDrop = this.#consumer(link, "drop", (message) => {
      const { clock } = this.options;
      clock.sleep(OVERFLOW_MS, this.#stop.signal).then(() => channel.ack(message)).catch(() => {});
      this.handlers.onOverflow();
    });
    await link.orTrouble(channel.consume(dropped, onDrop));
  }

  #consumer(link: BusLink, kind: MessageKind, take: (message: amqp.ConsumeMessage) => void) {
    return (message: amqp.ConsumeMessage | null) => {
      // A null message: the broker has cancelled the consumer, because the queue is gone.
      if (message === null) link.fail(new BusError("the queue of notifications is gone"));
      else this.#notUnderstood.guard(kind, () => take(message));
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new BusError("the connection is closed"));
    await this.#run;
  }
}
