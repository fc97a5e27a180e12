/**
 * The message bus: each broker by itself, its version, Neutron's exchange and queues there, whether it takes
 * messages, and what our user may do: just what the roles do, each thing declared as they declare it.
 *
 * @module
 */
import { lackAdvice, lackText } from "../bus/blocked_text.ts";
import { BrokerBlockedError, BrokerProbe } from "../bus/broker_probe.ts";
import type { BusHost } from "../config/transport_url.ts";
import type {
  BrokersConfig,
  BusConfig,
  Config,
  NotificationsConfig,
} from "../config/config_types.ts";
import { regionString } from "../calico/regions.ts";
import { hostAndPort } from "../base/host_and_port.ts";
import { describeError } from "../base/log.ts";
import {
  type Check,
  failed,
  type Finding,
  named,
  ok,
  settled,
  skipped,
  type Verdict,
  warning,
} from "./check.ts";

/** Queues that neutron-server reads. */
const TOPICS = ["q-plugin", "q-reports-plugin"];
/** Unread messages in a topic's queue that mean that Neutron does not keep up. */
const BACKLOG = 1000;
/** The oldest RabbitMQ that this was run with. */
const OLDEST = [3, 10];
const UP_ADVICE =
  "is neutron-server (or neutron-rpc-server) running, with this transport_url and " +
  "control_exchange?";

/** The checks of the bus; one that says so without it. */
export function busChecks(config: Pick<Config, "bus" | "notifications" | "region">): Check[] {
  const { bus, notifications } = config;
  const unused = ok("not used: no status is reported to Neutron (no transport_url)");
  return [
    ...bus === null
      ? [settled("message bus", unused)]
      : brokerChecks("message bus", bus, (name, broker) => checkReporting(name, broker, bus)),
    ...notifications === null
      ? []
      : brokerChecks("notifications", notifications.bus, async (name, broker) => [
        named(`${name} subscription`, await checkListening(broker, notifications, config.region)),
      ]),
  ];
}

/** A check of each broker, over a connection of its own. */
function brokerChecks(
  subject: string,
  config: BrokersConfig,
  ask: (name: string, broker: BrokerProbe) => Promise<Finding[]>,
): Check[] {
  return config.hosts.map((host): Check => {
    const name = `${subject} ${hostAndPort(host.host, host.port)}`;
    return {
      name,
      advice:
        "is RabbitMQ up there, and are user, password and virtual host of transport_url right?",
      run: (signal) => checkBroker(name, config, host, ask, signal),
    };
  });
}

async function checkBroker(
  name: string,
  config: BrokersConfig,
  host: BusHost,
  ask: (name: string, broker: BrokerProbe) => Promise<Finding[]>,
  signal: AbortSignal,
): Promise<Finding[]> {
  await using broker = await BrokerProbe.open(config, host, "calico-conductor doctor");
  const end = () => void broker[Symbol.asyncDispose]();
  signal.addEventListener("abort", end, { once: true });
  try {
    return [named(name, judgeProduct(broker, config)), ...await ask(name, broker)];
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function judgeProduct({ product: { name, version } }: BrokerProbe, config: BrokersConfig): Verdict {
  const found = `${name} ${version}, virtual host ${config.virtualHost}`;
  const [major = NaN, minor = NaN] = version.split(".").map(Number);
  const older = major < OLDEST[0]! || (major === OLDEST[0]! && minor < OLDEST[1]!);
  if (name !== "RabbitMQ" || !older) return ok(found);
  return warning(found, `upgrade it: nothing older than ${OLDEST.join(".")} was tried`);
}

/** What telling Neutron needs. Last the publishing: a broker with an alarm reads nothing more after it. */
async function checkReporting(
  name: string,
  broker: BrokerProbe,
  bus: BusConfig,
): Promise<Finding[]> {
  return [
    named(`${name} exchange`, await checkExchange(broker, bus)),
    ...await Promise.all(
      TOPICS.map(async (topic) =>
        named(`${name} queue ${topic}`, await checkTopic(broker, topic, bus))
      ),
    ),
    ...await checkRights(name, broker, bus),
  ];
}

function checkExchange(broker: BrokerProbe, bus: BusConfig): Promise<Verdict> {
  const { exchange } = bus;
  return broker.hasExchange(exchange).then(
    (isThere) =>
      isThere ? ok(`${exchange} is there`) : failed(`there is no exchange ${exchange}`, UP_ADVICE),
    (error) => failed(describeError(error), grantAdvice(bus)),
  );
}

function checkTopic(broker: BrokerProbe, topic: string, bus: BusConfig): Promise<Verdict> {
  return broker.queue(topic).then(
    (queue) => {
      if (queue === null) return failed("there is no such queue", UP_ADVICE);
      const { listeners, messages } = queue;
      if (listeners === 0) return failed("nobody listens to it", UP_ADVICE);
      const found = `${listeners} listeners, ${messages} messages`;
      if (messages < BACKLOG) return ok(found);
      return warning(found, "Neutron does not keep up: more rpc_workers?");
    },
    (error) => failed(describeError(error), grantAdvice(bus)),
  );
}

/** A reply queue of our own, and a message to the exchange that no queue takes. */
async function checkRights(
  name: string,
  broker: BrokerProbe,
  bus: BusConfig,
): Promise<Finding[]> {
  const rights = (verdict: Verdict) => [named(`${name} rights`, verdict)];
  try {
    await broker.tryReplies();
  } catch (error) {
    const found = `may not have its reply queue (${describeError(error)})`;
    return rights(failed(found, grantAdvice(bus)));
  }
  try {
    return rights(await checkPublishing(broker, bus));
  } catch (error) {
    if (!(error instanceof BrokerBlockedError)) throw error;
    const { reason } = error;
    const found = `RabbitMQ ${lackText(reason)} and takes no messages: no status reaches Neutron`;
    return [
      // An alarm says nothing of rights; whether it may publish shows when that is over.
      ...rights(ok("may have its reply queue; publishing cannot be tried now")),
      named(`${name} alarm`, failed(found, lackAdvice(reason))),
    ];
  }
}

/** A message that no queue takes. @throws {BrokerBlockedError} */
async function checkPublishing(broker: BrokerProbe, bus: BusConfig): Promise<Verdict> {
  const { exchange } = bus;
  try {
    const nobody = `calico-conductor-doctor-${crypto.randomUUID()}`;
    if (!await broker.tryPublish(exchange, nobody)) return ok("may have its reply queue");
  } catch (error) {
    if (error instanceof BrokerBlockedError) throw error;
    return failed(`may not publish to ${exchange} (${describeError(error)})`, grantAdvice(bus));
  }
  return ok(`may have its reply queue and publish to ${exchange}`);
}

/** The two queues of a subscription, bound as the resource syncer binds them, and gone again. */
async function checkListening(
  broker: BrokerProbe,
  { bus, topics }: NotificationsConfig,
  region: string | null,
): Promise<Verdict> {
  const { exchange } = bus;
  const name = regionString(region);
  const wanted = topics.map((topic) => `${topic}.info`).join(", ");
  try {
    const tried = await broker.tryNotifications({ name, exchange, topics });
    return tried
      ? ok(`may have its queues, and hear ${wanted} of ${exchange}`)
      : skipped(`there is no exchange ${exchange}`);
  } catch (error) {
    return failed(`may not listen to ${exchange} (${describeError(error)})`, grantAdvice(bus));
  }
}

/** The rights that docs/openstack.md gives, for this virtual host and exchange. */
function grantAdvice(
  { virtualHost, exchange }: { readonly virtualHost: string; readonly exchange: string },
): string {
  const [replies, own] = ["reply_[0-9a-f]{32}", "calico-conductor.*"];
  const theirs = exchange.replaceAll(/[^\w-]/g, "\\$&");
  const rights = [
    `^(${replies}|${own})$`,
    `^(${theirs}|${TOPICS.join("|")}|amq\\.default|${own})$`,
    `^(${theirs}|${replies}|${own})$`,
  ];
  const quoted = [virtualHost, ...rights].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return `rabbitmqctl set_permissions -p ${quoted[0]} USER ${quoted.slice(1).join(" ")}`;
}
