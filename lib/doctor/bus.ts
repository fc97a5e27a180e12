/**
 * The message bus: each broker by itself, Neutron's exchange and queues there, what our user may do.
 *
 * @module
 */
import { BrokerProbe } from "../bus/broker_probe.ts";
import type { BusHost } from "../config/transport_url.ts";
import type { BusConfig } from "../config/config_types.ts";
import { hostAndPort } from "../base/host_and_port.ts";
import { describeError } from "../base/log.ts";
import {
  type Check,
  failed,
  type Finding,
  named,
  ok,
  settled,
  type Verdict,
  warning,
} from "./check.ts";

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
    const unused = ok("not used: no status is reported to Neutron (no transport_url)");
    return [settled("message bus", unused)];
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
  await using broker = await BrokerProbe.open(bus, host, "calico-conductor doctor");
  const end = () => void broker[Symbol.asyncDispose]();
  signal.addEventListener("abort", end, { once: true });
  try {
    return [
      named(name, ok(`${broker.product}, virtual host ${bus.virtualHost}`)),
      named(`${name} exchange`, await checkExchange(broker, bus)),
      ...await Promise.all(
        TOPICS.map(async (topic) =>
          named(`${name} queue ${topic}`, await checkTopic(broker, topic))
        ),
      ),
      named(`${name} rights`, await checkRights(broker, bus)),
    ];
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function checkExchange(broker: BrokerProbe, { exchange }: BusConfig): Promise<Verdict> {
  return broker.hasExchange(exchange).then(
    (isThere) =>
      isThere ? ok(`${exchange} is there`) : failed(`there is no exchange ${exchange}`, UP_ADVICE),
    (error) => failed(describeError(error), "give the user read access to the exchange"),
  );
}

function checkTopic(broker: BrokerProbe, topic: string): Promise<Verdict> {
  return broker.queue(topic).then(
    (queue) => {
      if (queue === null) return failed("there is no such queue", UP_ADVICE);
      const { listeners, messages } = queue;
      if (listeners === 0) return failed("nobody listens to it", UP_ADVICE);
      const found = `${listeners} listeners, ${messages} messages`;
      if (messages < BACKLOG) return ok(found);
      return warning(found, "Neutron does not keep up: more rpc_workers?");
    },
    (error) => failed(describeError(error), "give the user access to it"),
  );
}

/** A queue of our own and a message to the exchange that no queue takes: what reporting needs. */
async function checkRights(broker: BrokerProbe, { exchange }: BusConfig): Promise<Verdict> {
  const queue = `calico-conductor-doctor-${crypto.randomUUID()}`;
  const advice = "rabbitmqctl set_permissions -p VHOST USER '.*' '.*' '.*'";
  try {
    await broker.tryQueue(queue);
  } catch (error) {
    return failed(`may not declare a queue (${describeError(error)})`, advice);
  }
  try {
    if (!await broker.tryPublish(exchange, queue)) return ok("may declare a queue of its own");
  } catch (error) {
    return failed(`may not publish to ${exchange} (${describeError(error)})`, advice);
  }
  return ok(`may declare a queue of its own and publish to ${exchange}`);
}
