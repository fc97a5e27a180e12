import amqp from "amqplib";
import { parseTransportUrl } from "../../lib/config/transport_url.ts";
import { busChecks } from "../../lib/doctor/bus.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { RabbitServer } from "../support/rabbit_server.ts";

/** amqplib keeps sockets and timers for a moment. */
const SOCKETS = { sanitizeOps: false, sanitizeResources: false };

async function check(url: string): Promise<(name: string) => Finding> {
  const bus = {
    ...parseTransportUrl(url)!,
    caFile: null,
    certFile: null,
    keyFile: null,
    exchange: "neutron",
    rpcTimeoutMs: 5000,
  } as Parameters<typeof busChecks>[0];
  const { signal } = new AbortController();
  const found = await runChecks(busChecks(bus), { deadlineMs: 20_000, signal });
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
      assertMatch(half("rights").found, /declare a queue of its own and publish to neutron/);
    } finally {
      await neutron.close();
    }
    const wrong = await check(`rabbit://guest:sesame@${where}/`);
    assertEquals(wrong(where).state, "failed");
    assert(!wrong(where).found.includes("sesame"));
    assertEquals((await check("rabbit://guest:guest@127.0.0.1:1/"))("127.0.0.1:1").state, "failed");
  },
);
