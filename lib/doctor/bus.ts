/**
 * The message bus: each broker by itself, Neutron's exchange and queues there, what our user may do.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type amqp from "amqplib";
import { dial, hangUp } from "../bus/link.ts";
import type { BusHost } from "../config/transport_url.ts";
import type { BusConfig } from "../config/config_types.ts";
import { hostAndPort } from "../base/host_and_port.ts";
import { describeError } from "../base/log.ts";
import { type Check, failed, type Finding, named, ok, type Verdict, warning } from "./check.ts";

/** Queues that neutron-server reads. */
const TOPICS = ["q-plugin", "q-reports-plugin"];
/** Unread messages in a topic's queue that mean that Neutron does not keep up. */
const BACKLOG = 1000;
const UP_ADVICE =
  "is neutron-server (or neutron-rpc-server) running, with this transport_url and " +
  "control_exchange?";

/** The checks of the bus; one that says so without it. */
export function busChecks(bus: BusConfig | null): Check[] {
  if (bus === null) {
    return [{
      name: "message bus",
      advice: "",
      run: () => Promise.resolve(ok("not used: status goes over HTTP (no transport_url)")),
    }];
  }
  return bus.hosts.map((host): Check => ({
    name: `message bus ${hostAndPort(host.host, host.port)}`,
    advice: "is RabbitMQ up there, and are user, password and virtual host of transport_url right?",
    run: (signal) => checkBroker(bus, host, signal),
  }));
}

async function checkBroker(
  bus: BusConfig,
  host: BusHost,
  signal: AbortSignal,
): Promise<Finding[]> {
  const name = `message bus ${hostAndPort(host.host, host.port)}`;
  const connection = await dial(bus, host, "calico-conductor doctor");
  const end = () => void hangUp(connection);
  signal.addEventListener("abort", end, { once: true });
  connection.on("error", () => {});
  try {
    const { serverProperties } = connection.connection as unknown as {
      serverProperties: { product?: string; version?: string };
    };
    const { product = "a broker", version = "" } = serverProperties;
    return [
      named(name, ok(`${product} ${version}, virtual host ${bus.virtualHost}`)),
      named(`${name} exchange`, await checkExchange(connection, bus)),
      ...await Promise.all(
        TOPICS.map(async (topic) =>
          named(`${name} queue ${topic}`, await checkTopic(connection, topic))
        ),
      ),
      named(`${name} rights`, await checkRights(connection, bus)),
    ];
  } finally {
    signal.removeEventListener("abort", end);
    await hangUp(connection);
  }
}

/** Does something on a channel of its own, because a refusal closes it. */
async function onChannel<T>(
  connection: amqp.ChannelModel,
  act: (channel: amqp.ConfirmChannel) => Promise<T>,
): Promise<T> {
  const channel = await connection.createConfirmChannel();
  // What the call that caused it rejects with says less.
  let refusal: Error | null = null;
  channel.on("error", (error) => refusal = error);
  try {
    return await act(channel);
  } catch (error) {
    throw refusal ?? error;
  }
}

function checkExchange(connection: amqp.ChannelModel, { exchange }: BusConfig): Promise<Verdict> {
  return onChannel(connection, (channel) => channel.checkExchange(exchange)).then(
    () => ok(`${exchange} is there`),
    (error) =>
      /NOT_FOUND/.test(String(error))
        ? failed(`there is no exchange ${exchange}`, UP_ADVICE)
        : failed(describeError(error), "give the user read access to the exchange"),
  );
}

function checkTopic(connection: amqp.ChannelModel, topic: string): Promise<Verdict> {
  return onChannel(connection, (channel) => channel.checkQueue(topic)).then(
    ({ consumerCount, messageCount }) => {
      if (consumerCount === 0) return failed("nobody listens to it", UP_ADVICE);
      const found = `${consumerCount} listeners, ${messageCount} messages`;
      if (messageCount < BACKLOG) return ok(found);
      return warning(found, "Neutron does not keep up: more rpc_workers?");
    },
    (error) =>
      /NOT_FOUND/.test(String(error))
        ? failed("there is no such queue", UP_ADVICE)
        : failed(describeError(error), "give the user access to it"),
  );
}

/** A queue of our own and a message to the exchange that no queue takes: what reporting needs. */
async function checkRights(
  connection: amqp.ChannelModel,
  { exchange }: BusConfig,
): Promise<Verdict> {
  const queue = `calico-conductor-doctor-${crypto.randomUUID()}`;
  const advice = "rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'";
  try {
    await onChannel(connection, async (channel) => {
      await channel.assertQueue(queue, { exclusive: true, durable: false, autoDelete: true });
      await channel.deleteQueue(queue);
    });
  } catch (error) {
    return failed(`may not declare a queue (${describeError(error)})`, advice);
  }
  try {
    await onChannel(connection, async (channel) => {
      channel.publish(exchange, queue, Buffer.from("{}"), { contentType: "application/json" });
      await channel.waitForConfirms();
    });
  } catch (error) {
    if (/NOT_FOUND/.test(String(error))) return ok("may declare a queue of its own");
    return failed(`may not publish to ${exchange} (${describeError(error)})`, advice);
  }
  return ok(`may declare a queue of its own and publish to ${exchange}`);
}
