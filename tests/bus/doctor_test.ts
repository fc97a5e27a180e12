import amqp from "amqplib";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { busChecks } from "../../lib/doctor/bus.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { Notifications } from "../../lib/bus/notifications.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { busConfig, openReporter, SOCKETS } from "../support/bus.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { documentedRights } from "./documented_rights.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { testConfig } from "../support/test_config.ts";

async function check(
  url: string,
  topics: readonly string[] = [],
): Promise<(name: string) => Finding> {
  const config = testConfig();
  const bus = {
    ...parseTransportUrl(url)!,
    caFile: null,
    certFile: null,
    keyFile: null,
    exchange: "neutron",
    rpcTimeoutMs: 5000,
  };
  const notifications = topics.length > 0 ? { bus, topics: [...topics] } : null;
  const { signal } = new AbortController();
  const found = await runChecks(busChecks({ ...config, bus, notifications }), {
    deadlineMs: 20_000,
    signal,
  });
  return (end) => {
    const finding = found.find(({ name }) => name.endsWith(end));
    assert(finding, `${end} among ${found.map(({ name }) => name)}`);
    return finding;
  };
}

Deno.test(
  "doctor: a broker without Neutron, with it, with a wrong password, and none",
  SOCKETS,
  async () => {
    await using server = await RabbitServer.start();
    const where = `127.0.0.1:${server.port}`;
    const bare = await check(server.url);
    assertMatch(bare(where).found, /^RabbitMQ \d+\.\d+\.\d+, virtual host \/$/);
    assertMatch(bare("exchange").found, /there is no exchange neutron/);
    assertMatch(bare("queue q-plugin").advice!, /is neutron-server .*running/);
    assertEquals(bare("rights").state, "ok");

    const neutron = await amqp.connect(server.url.replace("rabbit:", "amqp:"));
    try {
      const channel = await neutron.createChannel();
      await channel.assertExchange("neutron", "topic", { durable: false });
      for (const topic of ["q-plugin", "q-reports-plugin"]) {
        await channel.assertQueue(topic, { durable: false });
        await channel.bindQueue(topic, "neutron", topic);
      }
      await channel.consume("q-plugin", () => {});
      const half = await check(server.url);
      assertEquals(half("exchange").state, "ok");
      assertMatch(half("queue q-plugin").found, /^1 listeners, 0 messages$/);
      assertMatch(half("queue q-reports-plugin").found, /nobody listens/);
      assertMatch(half("rights").found, /may have its reply queue and publish to neutron/);
    } finally {
      await neutron.close();
    }
    const wrong = await check(`rabbit://guest:sesame@${where}/`);
    assertEquals(wrong(where).state, "failed");
    assert(!wrong(where).found.includes("sesame"));
    assertEquals((await check("rabbit://guest:guest@127.0.0.1:1/"))("127.0.0.1:1").state, "failed");
  },
);

/** A user with these rights, as `rabbitmqctl set_permissions` takes them. */
async function allow(server: RabbitServer, rights: readonly string[]): Promise<string> {
  await server.control("set_permissions", "-p", "/", "least", ...rights);
  return server.url.replace("guest:guest", "least:secret");
}

/** The queues of a virtual host. */
async function queues(server: RabbitServer): Promise<string[]> {
  return (await server.control("list_queues", "--no-table-headers", "name")).split("\n")
    .map((line) => line.trim()).filter((line) => line !== "");
}

Deno.test(
  "doctor: the rights of docs/openstack.md are enough, each missing one is named",
  SOCKETS,
  async (t) => {
    await using server = await RabbitServer.start();
    const documented = await documentedRights();
    const [configure, write, read] = documented;
    await server.control("add_user", "least", "secret");
    const neutron = await amqp.connect(server.url.replace("rabbit:", "amqp:"));
    try {
      const channel = await neutron.createChannel();
      await channel.assertExchange("neutron", "topic", { durable: false });
      await t.step("enough", async () => {
        const of = await check(await allow(server, documented), ["notifications", "calico"]);
        assertEquals([of("rights").state, of("subscription").state], ["ok", "ok"]);
        assertMatch(of("subscription").found, /hear notifications\.info, calico\.info of neutron/);
        assertEquals(await queues(server), [], "queues are left behind");
      });
      await t.step("enough for the roles", async () => {
        for (const topic of ["q-plugin", "q-reports-plugin"]) {
          await channel.assertQueue(topic, { durable: false });
          await channel.bindQueue(topic, "neutron", topic);
          await channel.consume(topic, () => {}, { noAck: true });
        }
        const url = await allow(server, documented);
        await using agents = openReporter(url, "agents").reporter;
        await using ports = openReporter(url, "ports").reporter;
        const options = { clock: systemClock, log: new LogRecorder(), name: "no-region" };
        const heard = { subscribed: false };
        await using _notifications = new Notifications(
          { bus: busConfig(url), topics: ["notifications"] },
          options,
          {
            onNotification: () => {},
            onSubscribed: () => heard.subscribed = true,
            onOverflow: () => {},
          },
        );
        const soon = AbortSignal.timeout(30_000);
        await Promise.all([agents.gate.whenOpen(soon), ports.gate.whenOpen(soon)]);
        await agents.reportAgent({ host: "h1", start: false }, soon);
        await eventually("the subscription", () => heard.subscribed);
        const own = (await queues(server)).filter((name) => /^(reply_|calico-)/.test(name));
        const replies = own.filter((name) => /^reply_[0-9a-f]{32}$/.test(name));
        assertEquals([own.length, replies.length], [3, 1], "agents have no queue for answers");
        const [exclusive] =
          (await server.control("list_queues", "--no-table-headers", "name", "exclusive"))
            .split("\n").filter((line) => line.startsWith("reply_"));
        assertMatch(exclusive!, /\ttrue$/);
      });
      await channel.deleteQueue("q-plugin");
      await channel.deleteQueue("q-reports-plugin");
      const MISSING: [string, string[], string, RegExp][] = [
        ["reply queue", ["^calico-conductor.*$", write, read], "rights", /reply queue.*reply_/],
        ["reading it", [configure, write, "^(neutron|calico-conductor.*)$"], "rights", /reply_/],
        [
          "publishing",
          [configure, "^(q-plugin|q-reports-plugin|amq\\.default|calico-conductor.*)$", read],
          "rights",
          /not publish to neutron/,
        ],
        ["own queues", ["^reply_.*$", write, read], "subscription", /calico-conductor/],
        [
          "hearing",
          [configure, write, "^(reply_.*|calico-conductor.*)$"],
          "subscription",
          /'neutron'/,
        ],
      ];
      for (const [what, rights, name, found] of MISSING) {
        await t.step(`without: ${what}`, async () => {
          const of = await check(await allow(server, rights), ["notifications"]);
          assertEquals(of(name).state, "failed", JSON.stringify(of(name)));
          assertMatch(of(name).found, found);
          for (const right of documented) assert(of(name).advice!.includes(`'${right}'`), right);
          assertEquals(await queues(server), [], "queues are left behind");
        });
      }
      await t.step("an alarm: it takes no messages", async () => {
        await server.control("set_disk_free_limit", "100000GB");
        const of = await check(await allow(server, documented), ["notifications"]);
        assertEquals(of("alarm").state, "failed");
        assertMatch(of("alarm").found, /RabbitMQ is low on disk and takes no messages/);
        assertMatch(of("alarm").advice!, /disk_free_limit.*rabbitmq-diagnostics alarms/);
        // What was found beside it stands.
        assertEquals([of("exchange").state, of("rights").state], ["ok", "ok"]);
        assertEquals(of("subscription").state, "ok");
        assertMatch(of("rights").found, /may have its reply queue; publishing cannot be tried/);
        await server.control("set_disk_free_limit", "1MB");
        assertEquals((await check(server.url))("rights").state, "ok");
      });
    } finally {
      await neutron.close();
    }
  },
);
