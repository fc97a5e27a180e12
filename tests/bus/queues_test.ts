/**
 * Queues and exchanges as oslo.messaging makes them with the options of recent releases: everything of ours speaks with
 * each, as a user with the rights of docs/openstack.md and no others.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { Notifications } from "../../lib/bus/notifications.ts";
import type { BusConfig } from "../../lib/config/config_types.ts";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { busChecks } from "../../lib/doctor/bus.ts";
import { runChecks } from "../../lib/doctor/check.ts";
import { BusReporter } from "../../lib/status/bus_reporter.ts";
import type { PortUpdate } from "../../lib/status/reporter.ts";
import { assertEquals, eventually, TIME_FACTOR } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { OsloServer } from "../support/oslo_server.ts";
import { RabbitServer, ROOT, VERSION } from "../support/rabbit_server.ts";
import { testConfig } from "../support/test_config.ts";
import { documentedRights } from "./documented_rights.ts";

/** amqplib's sockets live across steps. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

/** Options of `[oslo_messaging_rabbit]`, and what becomes of `q-plugin` with them. */
interface Kind {
  readonly name: string;
  readonly options: Record<string, string>;
  /** Type and durability of `q-plugin`, and the types of all queues. */
  readonly queue: readonly [type: string, durable: string];
  readonly types: readonly string[];
  /** Options that came with oslo.messaging 15. */
  readonly recent?: true;
}

const DURABLE = { amqp_durable_queues: "true" };
const QUORUM = { ...DURABLE, rabbit_quorum_queue: "true" };
const KINDS: readonly Kind[] = [
  { name: "as by default", options: {}, queue: ["classic", "false"], types: ["classic"] },
  { name: "durable", options: DURABLE, queue: ["classic", "true"], types: ["classic"] },
  { name: "quorum", options: QUORUM, queue: ["quorum", "true"], types: ["classic", "quorum"] },
  {
    name: "quorum also for what is transient",
    options: { ...QUORUM, rabbit_transient_quorum_queue: "true" },
    queue: ["quorum", "true"],
    types: ["quorum"],
    recent: true,
  },
  {
    name: "stream fanout and queue manager",
    options: {
      ...QUORUM,
      rabbit_transient_quorum_queue: "true",
      rabbit_stream_fanout: "true",
      rabbit_qos_prefetch_count: "10",
      use_queue_manager: "true",
    },
    queue: ["quorum", "true"],
    types: ["quorum", "stream"],
    recent: true,
  },
];

/** Where the newest oslo.messaging is that can be had: an older one does not know all options. */
const NEWEST = Deno.env.get("OSLO_ROOT") ?? ROOT;

function busConfig(url: string): BusConfig {
  const files = { caFile: null, certFile: null, keyFile: null };
  return { ...parseTransportUrl(url)!, ...files, exchange: "neutron", rpcTimeoutMs: 10_000 };
}

/** What waits for news of it, with its log. */
const context = () => ({ clock: systemClock, log: new LogRecorder() });
const never = new AbortController().signal;
const UPDATES: PortUpdate[] = [
  { host: "h1", port: "p1", status: "ACTIVE" },
  { host: "h1", port: "p2", status: "DOWN" },
  { host: "h1", port: "p3", status: "ERROR" },
];

async function reports(url: string, server: OsloServer): Promise<void> {
  await using agents = new BusReporter(busConfig(url), "agents", context());
  await using ports = new BusReporter(busConfig(url), "ports", context());
  await opened(agents, "agents");
  await agents.reportAgent({ host: "h1", start: true }, never);
  await opened(ports, "ports");
  assertEquals((await ports.reportPorts("h1", UPDATES, never)).size, 0);
  await ports.reportPorts("h1", [{ ...UPDATES[1]!, status: "ACTIVE" }], never);
  await eventually("all is taken", () => server.taken.length === 3);
  assertEquals(server.taken.map(({ method }) => method).toSorted(), [
    "report_state",
    "update_device_list",
    "update_device_up",
  ]);
  assertEquals([...server.ports], [["p1", "ACTIVE"], ["p2", "ACTIVE"], ["p3", "DOWN"]]);
}

async function opened(reporter: BusReporter, what: string): Promise<void> {
  await reporter.gate.whenOpen(AbortSignal.timeout(15_000 * TIME_FACTOR)).catch((cause) => {
    throw new Error(`no connection for ${what}: ${reporter.trouble}`, { cause });
  });
}

async function subscription(url: string, server: OsloServer): Promise<void> {
  const heard: string[] = [];
  const handlers = {
    onNotification: (body: Uint8Array) => void heard.push(new TextDecoder().decode(body)),
    onSubscribed: () => {},
    onOverflow: () => {},
  };
  const config = { bus: busConfig(url), topics: ["notifications"] };
  const options = { ...context(), name: "no-region" };
  await using notifications = new Notifications(config, options, handlers);
  await eventually("it listens", () => notifications.queue, 15_000);
  await server.notify("a change");
  await eventually("it is heard", () => heard.some((text) => text.includes("a change")));
}

async function doctor(url: string): Promise<void> {
  const bus = busConfig(url);
  const notifications = { bus, topics: ["notifications"] };
  const checks = busChecks({ ...testConfig(), bus, notifications });
  const found = await runChecks(checks, { deadlineMs: 20_000 * TIME_FACTOR, signal: never });
  const bad = found.filter(({ state }) => state !== "ok");
  assertEquals(bad, [], "the doctor finds nothing wrong");
}

/** All that we do with a bus of that kind; `ours` is the URL of a user with the documented rights. */
async function everything(t: Deno.TestContext, ours: string, server: OsloServer): Promise<void> {
  await t.step("both reporters", () => reports(ours, server));
  await t.step("the subscription", () => subscription(ours, server));
  await t.step("the doctor", () => doctor(ours));
}

/** Name, type and durability of each queue of a virtual host, but for those of our own. */
async function queuesOf(broker: RabbitServer, host: string): Promise<string[][]> {
  const columns = ["-p", host, "--no-table-headers", "name", "type", "durable"];
  const listed = (await broker.control("list_queues", ...columns)).trim().split("\n");
  return listed.map((line) => line.trim().split("\t"))
    .filter(([name]) => !/^reply_[0-9a-f]{32}$/.test(name!));
}

Deno.test(
  "queues of oslo.messaging: every kind, with the documented rights alone",
  SOCKETS,
  async (t) => {
    const hosts = KINDS.map((_, i) => `kind${i}`);
    const users = { least: await documentedRights() };
    await using broker = await RabbitServer.start({ definitions: { hosts, users } });
    await t.step("a virtual host that is not there is named", async () => {
      const url = `${broker.url}none`.replace("guest:guest", "least:secret");
      await using reporter = new BusReporter(busConfig(url), "ports", context());
      await eventually(
        "it is named",
        () => reporter.trouble?.includes("the broker refuses virtual host none: there is none"),
      );
    });
    for (const [i, { name, options, queue, types, recent }] of KINDS.entries()) {
      const url = `${broker.url}${hosts[i]}`;
      await using server = await OsloServer.start(url, options, recent ? NEWEST : ROOT);
      await t.step({
        name: `${name} (oslo.messaging ${server.version})`,
        ignore: recent && Number.parseInt(server.version!) < 15,
        async fn(t) {
          await everything(t, url.replace("guest:guest", "least:secret"), server);
          await t.step("the queues are of that kind", async () => {
            const listed = await queuesOf(broker, hosts[i]!);
            assertEquals(listed.find(([name]) => name === "q-plugin")?.slice(1), [...queue]);
            const found = new Set(listed.map(([, type]) => type!));
            assertEquals([...found].toSorted(), [...types]);
          });
        },
      });
    }
  },
);

Deno.test("a broker without transient queues for many", {
  ...SOCKETS,
  ignore: Number.parseInt(VERSION) < 4, // older ones do not know the setting
}, async (t) => {
  const lines = ["deprecated_features.permit.transient_nonexcl_queues = false"];
  const definitions = { hosts: [], users: { least: await documentedRights() } };
  await using broker = await RabbitServer.start({ lines, definitions });
  await using server = await OsloServer.start(broker.url, KINDS.at(-1)!.options, NEWEST);
  await everything(t, broker.url.replace("guest:guest", "least:secret"), server);
});
