/** An alarm of the broker, whose memory or disk is short: what was sent meanwhile arrives when it ends. @module */
import { systemClock } from "../../lib/base/clock.ts";
import { BusReporter } from "../../lib/status/bus_reporter.ts";
import { LIVE } from "../../lib/status/newest_queue.ts";
import type { PortUpdate } from "../../lib/status/reporter.ts";
import { WorkQueue } from "../../lib/status/work_queue.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { busConfig, openReporter, SOCKETS } from "../support/bus.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { defaultAnswer, FakePlugin } from "../support/fake_plugin.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { Relay } from "../support/relay.ts";

const ROUNDS = 3;
const PORTS = 20;

/** An alarm of memory, until it is disposed of. */
async function alarm(server: RabbitServer): Promise<AsyncDisposable> {
  await server.control("set_vm_memory_high_watermark", "absolute", "1");
  return {
    async [Symbol.asyncDispose]() {
      await server.control("set_vm_memory_high_watermark", "0.9");
    },
  };
}

/** What Neutron has of each port, as it works messages off: some late, so that a newer one may overtake. */
function remember(plugin: FakePlugin): Map<string, string> {
  const neutron = new Map<string, string>();
  plugin.answer = async (received) => {
    const { method, args } = received;
    await systemClock.sleep(Math.random() * 300);
    if (method === "update_device_up") neutron.set(args.device, "ACTIVE");
    if (method === "update_device_down") neutron.set(args.device, "DOWN");
    for (const port of args.devices_up ?? []) neutron.set(port, "ACTIVE");
    for (const port of args.devices_down ?? []) neutron.set(port, "DOWN");
    return defaultAnswer(received);
  };
  return neutron;
}

/** Reports of ports as the endpoint status watcher queues them, and what counts as told. */
function queueOf(
  reporter: ReturnType<typeof openReporter>["reporter"],
  signal: AbortSignal,
) {
  const told = new Map<string, string>();
  const queue = new WorkQueue<PortUpdate>({
    workers: 4,
    maxBatch: 3,
    clock: systemClock,
    signal,
    gate: reporter.gate,
    groupOf: ({ host }) => host,
    write: (batch, signal) =>
      reporter.reportPorts(batch[0]!.value.host, batch.map(({ value }) => value), signal),
    onSuccess: ({ value: { port, status } }) => told.set(port, status),
    onFailure: () => {},
  });
  return { queue, told };
}

interface Cloud extends ReturnType<typeof queueOf> {
  readonly reporter: ReturnType<typeof openReporter>["reporter"];
  readonly newest: ReadonlyMap<string, string>;
  /** Gives every port a status. */
  flip(): void;
  stop(): Promise<void>;
}

/** Ports of some hosts whose statuses are reported. */
async function cloudOf(url: string): Promise<Cloud> {
  const { reporter } = openReporter(url, "ports", { rpcTimeoutMs: 1500 });
  const end = new AbortController();
  const { queue, told } = queueOf(reporter, end.signal);
  const newest = new Map<string, string>();
  await reporter.gate.whenOpen(AbortSignal.timeout(60_000));
  return {
    reporter,
    queue,
    told,
    newest,
    flip() {
      for (let i = 0; i < PORTS; i++) {
        const [host, port] = [`h${i % 8}`, `p${i}`];
        const status = Math.random() < 0.5 ? "ACTIVE" : "DOWN";
        newest.set(port, status);
        told.delete(port);
        queue.put(port, { host, port, status }, LIVE);
      }
    },
    async stop() {
      end.abort();
      await queue.join();
      await reporter[Symbol.asyncDispose]();
    },
  };
}

/** Waits until all is told; fails when a port in Neutron ends otherwise. */
async function assertEnds({ queue, told, newest }: Cloud, neutron: ReadonlyMap<string, string>) {
  await eventually("all are told", () => queue.length === 0, 60_000);
  assertEquals(told, newest, "what counts as told is the newest");
  const wrong = () => [...newest].filter(([port, status]) => neutron.get(port) !== status);
  assertEquals(wrong(), []);
  await systemClock.sleep(1500);
  assertEquals(wrong(), [], "something has arrived later");
}

Deno.test("ports that change while the broker has an alarm end as they are", SOCKETS, async (t) => {
  await using server = await RabbitServer.start();
  await using plugin = await FakePlugin.start(server.port);
  const neutron = remember(plugin);
  await using relay = new Relay(server.port);
  const url = server.url.replace(String(server.port), String(relay.port));

  for (const what of ["the connection stays", "the connection is lost"]) {
    for (let round = 0; round < ROUNDS; round++) {
      await t.step(`${what}, round ${round}`, async () => {
        const cloud = await cloudOf(url);
        const { reporter, flip } = cloud;
        const lively = setInterval(flip, 20);
        {
          await using _alarm = await alarm(server);
          await eventually("the broker's word", () => reporter.blocked);
          assertMatch(reporter.blocked!.reason, /low on memory/);
          assertMatch(reporter.trouble!, /takes no messages: low on memory/);
          assertEquals(reporter.gate.open, false);
          const { length } = plugin.received;
          if (what === "the connection is lost") {
            relay.loseClients();
            await eventually("the loss is noticed", () => reporter.blocked === null);
            await eventually("it is blocked again", () => reporter.blocked, 30_000);
          }
          await systemClock.sleep(2500);
          assert(plugin.received.length <= length + 1, "handed over during the alarm");
        }
        await eventually("it goes on", () => reporter.gate.open, 30_000);
        clearInterval(lively);
        await assertEnds(cloud, neutron);
        await cloud.stop();
      });
    }
  }

  await t.step("what began during the alarm waits for what was sent before", async () => {
    const before = await cloudOf(url);
    const lively = setInterval(before.flip, 20);
    let after: Promise<Cloud>;
    const opened = { reporter: false };
    {
      await using _alarm = await alarm(server);
      await eventually("the broker's word", () => before.reporter.blocked);
      clearInterval(lively);
      await before.stop();
      after = cloudOf(url);
      after.then(() => opened.reporter = true);
      await systemClock.sleep(2000);
      assertEquals(opened.reporter, false, "no gate opens during an alarm");
    }
    const cloud = await after;
    cloud.flip();
    await assertEnds(cloud, neutron);
    await cloud.stop();
  });

  await t.step(
    "that wait is said, and it ends",
    async () => {
      const clock = new FakeClock();
      const config = busConfig(url, { rpcTimeoutMs: 1000 });
      const waitMs = 2 * config.rpcTimeoutMs;
      const ended = await alarm(server);
      await using reporter = new BusReporter(config, "ports", { clock, log: new LogRecorder() });
      await eventually("the broker's word", () => reporter.blocked, 30_000);
      await ended[Symbol.asyncDispose]();
      const isHeld = () => /has just begun to take messages/.test(reporter.trouble ?? "");
      await eventually("the wait is said", isHeld);
      await clock.advance(waitMs - 1);
      assert(isHeld());
      await clock.advance(1);
      assertEquals([reporter.gate.open, reporter.trouble], [true, null]);
    },
  );
});
