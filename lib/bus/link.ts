/**
 * A connection to RabbitMQ that comes back by itself: over the several hosts of the transport URL, with
 * backoff, with heartbeats. Any trouble (a closed channel, a missing exchange, a consumer that the
 * broker cancels) ends the connection and starts over: one way to recover rather than one per kind of
 * trouble.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import { abortable, whenAborted } from "../base/abortable.ts";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { deadline } from "../base/deadline.ts";
import type { BrokersConfig } from "../config/config_types.ts";
import { hostAndPort } from "../base/host_and_port.ts";
import { describeError, type Log } from "../base/log.ts";
import { isTooOldTls, OLDEST_TLS, TOO_OLD_TLS } from "../base/oldest_tls.ts";
import { Outage } from "../base/outage.ts";
import type { BusHost } from "../config/transport_url.ts";

/** The bus cannot take or bring a message now. */
export class BusError extends Error {
  override readonly name = "BusError";
}

/** RabbitMQ's `connection.blocked`: it is there, and takes no messages. */
export interface Blocked {
  /** The broker's words, such as "low on memory". */
  readonly reason: string;
  /** ms since the epoch. */
  readonly since: number;
}

const CONNECT_MS = 10_000;
/** From the connection to its queues: a broker that is alive and does not answer ends it, ms. */
const SET_UP_MS = 15_000;
const BACKOFF: Backoff = { firstMs: 500, maxMs: 10_000, jitter: "equal" };
/** A broker that may be gone is not waited for longer at the end, ms. */
const HANG_UP_MS = 1000;
/**
 * amqplib looks at the end of each of these and gives a broker up that was silent for two: 10 s to 15 s after its
 * last word. RabbitMQ's manual advises against less than 5 s, where a busy machine is taken for a dead one.
 */
const HEARTBEAT_SECONDS = 5;

/** One connection while it lasts. */
export interface BusLink {
  /** Host and port, for people. */
  readonly broker: string;
  /** A channel whose trouble is the connection's. @throws the connection's trouble. */
  channel(): Promise<amqp.Channel>;
  confirmChannel(): Promise<amqp.ConfirmChannel>;
  /** What the work resolves to. @throws the connection's trouble, should that come first. */
  orTrouble<T>(work: Promise<T>): Promise<T>;
  /** Ends the connection, with the reason. */
  fail(error: Error): void;
}

/** What {@linkcode keepLinked} needs. */
export interface LinkOptions {
  readonly config: BrokersConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** What it is for, in the log: "the message bus". */
  readonly purpose: string;
  /** Makes the connection useful; when it resolves, the connection counts as open. */
  setUp(link: BusLink): Promise<void>;
  /** The broker takes no messages, for that reason of its own; null: it takes them again. */
  onBlocked?(reason: string | null): void;
  /** After each connection or attempt, with what went wrong in words. */
  onLost(trouble: string): void;
}

/** Keeps a connection open until the signal aborts. */
export async function keepLinked(options: LinkOptions): Promise<void> {
  const { config, clock, log, signal, purpose, onLost } = options;
  const { hosts } = config;
  let failures = 0;
  const outage = new Outage(`${purpose} is usable again`, { log, clock });
  for (let at = Math.floor(Math.random() * hosts.length); !signal.aborted; at++) {
    const host = hosts[at % hosts.length]!;
    const broker = hostAndPort(host.host, host.port);
    await linkOnce({ host, broker }, options, () => {
      failures = 0;
      outage.succeeded("link");
      log.info(`connected to ${purpose}`, { broker });
    }, (error) => {
      const trouble = `message bus at ${broker}: ${describeError(error)}`;
      onLost(signal.aborted ? describeError(error) : trouble);
      if (signal.aborted) return;
      const message = `${purpose} is not usable, trying again`;
      outage.failed("link", { message, fields: { broker, error } });
    });
    if (signal.aborted) return;
    await clock.sleep(backoffMs(BACKOFF, failures++), signal).catch(() => {});
  }
}

/** Connects and serves until trouble, which `onTrouble` hears of before the connection is closed. */
async function linkOnce(
  { host, broker }: { host: BusHost; broker: string },
  { config, signal, setUp, onBlocked }: LinkOptions,
  onOpen: () => void,
  onTrouble: (error: unknown) => void,
): Promise<void> {
  const trouble = new AbortController();
  const fail = (error: Error) => trouble.abort(error);
  const lost = AbortSignal.any([signal, trouble.signal]);
  let connection: amqp.ChannelModel | null = null;
  try {
    connection = await dial(config, host);
    signal.throwIfAborted();
    connection.on("error", fail);
    // What the broker says when an operator ends the connection is no error to amqplib.
    connection.on(
      "close",
      (said?: Error) => fail(said ?? new BusError("the broker closed the connection")),
    );
    connection.on("blocked", (reason: string) => onBlocked?.(reason));
    connection.on("unblocked", () => onBlocked?.(null));
    // What it waits for ends with the connection's trouble, so it ends too.
    await deadline(setUp(linkOf(connection, broker, fail, lost)), SET_UP_MS, () => {
      const reason = new BusError("the broker does not answer");
      fail(reason);
      throw reason;
    });
    onOpen();
    await whenAborted(lost);
    onTrouble(lost.reason);
  } catch (error) {
    // What a call rejects with says less than what the broker said.
    onTrouble(lost.aborted ? lost.reason : error);
  } finally {
    await hangUp(connection);
  }
}

function linkOf(
  connection: amqp.ChannelModel,
  broker: string,
  fail: (error: Error) => void,
  lost: AbortSignal,
): BusLink {
  const orTrouble = <T>(work: Promise<T>): Promise<T> => abortable(work, lost);
  const watched = async <T extends amqp.Channel>(opening: Promise<T>): Promise<T> => {
    const channel = await orTrouble(opening);
    channel.on("error", fail);
    // When the whole connection ends, its channels hear of it first, and have no reason.
    const ended = () => fail(new BusError("the broker closed the channel"));
    channel.on("close", () => queueMicrotask(ended));
    return channel;
  };
  return {
    broker,
    channel: () => watched(connection.createChannel()),
    confirmChannel: () => watched(connection.createConfirmChannel()),
    orTrouble,
    fail,
  };
}

/** Connects to one broker; `name` is what its list of connections shows. */
export async function dial(
  config: BrokersConfig,
  { host, port, username, password }: BusHost,
  name = "calico-conductor",
): Promise<amqp.ChannelModel> {
  const { tls, virtualHost } = config;
  const [ca, cert, key] = [config.caFile, config.certFile, config.keyFile]
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
    clientProperties: { connection_name: name },
    ...(ca ? { ca: [ca] } : {}),
    ...(cert && key ? { cert, key } : {}),
    ...(tls ? { minVersion: OLDEST_TLS } : {}),
  }).catch((error) => {
    throw isTooOldTls(error)
      ? new BusError(`TLS fails: ${TOO_OLD_TLS}`, { cause: error })
      : notOpened(error, virtualHost) ?? error;
  });
}

/** A refusal after the login, which is about the virtual host; amqplib does not keep the broker's words. */
function notOpened(error: unknown, virtualHost: string): BusError | null {
  const refused = /^Expected ConnectionOpenOk; got <ConnectionClose/;
  if (!(error instanceof Error) || !refused.test(error.message)) return null;
  const why = "there is none, the user has no rights there, or it takes no more connections";
  return new BusError(`the broker refuses virtual host ${virtualHost}: ${why}`, { cause: error });
}

/** Ends a connection without waiting long for a broker that may be gone. */
export async function hangUp(connection: amqp.ChannelModel | null): Promise<void> {
  if (!connection) return;
  connection.on("error", () => {});
  await deadline(connection.close().catch(() => {}), HANG_UP_MS, () => {});
  (connection.connection as unknown as { stream: { destroy(): void } }).stream.destroy();
}
