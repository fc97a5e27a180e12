/** An alarm of the broker, whose memory or disk is short: what was sent meanwhile arrives when it ends. @module */
import { systemClock } from "../../lib/base/clock.ts";
import { LIVE } from "../../lib/status/newest_queue.ts";
import type { PortUpdate } from "../../lib/status/reporter.ts";
import { WorkQueue } from "../../lib/status/work_queue.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { openReporter, SOCKETS } from "../support/bus.ts";
import { defaultAnswer, FakePlugin } from "../support/fake_plugin.ts";
import { RabbitServer } from "../support/rabbit_server.ts";

const ROUNDS = 3;
const PORTS = 20;
const never = new AbortController().signal;

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

Deno.test("ports that change while the broker has an alarm end as they are", SOCKETS, async (t) => {
  await using server = await RabbitServer.start();
  await using plugin = await FakePlugin.start(server.port);
  const neutron = remember(plugin);
  for (let round = 0; round < ROUNDS; round++) {
    await t.step(`round ${round}`, async () => {
      await using reporter = openReporter(server.url, "ports", { rpcTimeoutMs: 1500 }).reporter;
      const stop = new AbortController();
      const { queue, told } = queueOf(reporter, stop.signal);
      await reporter.gate.whenOpen(never);
      const newest = new Map<string, string>();
      const flip = () => {
        for (let i = 0; i < PORTS; i++) {
          const [host, port] = [`h${i % 8}`, `p${i}`];
          const status = Math.random() < 0.5 ? "ACTIVE" : "DOWN";
          newest.set(port, status);
          told.delete(port);
          queue.put(port, { host, port, status }, LIVE);
        }
      };
      {
        await using _alarm = await alarm(server);
        flip();
        await eventually("the broker's word", () => reporter.blocked);
        assertMatch(reporter.blocked!.reason, /low on memory/);
        assertMatch(reporter.trouble!, /takes no messages: low on memory/);
        const { length } = plugin.received;
        for (let i = 0; i < 20; i++) {
          flip();
          await systemClock.sleep(200);
        }
        assertEquals(reporter.gate.open, false);
        assert(plugin.received.length <= length + 1, "handed over during the alarm");
      }
      await eventually("it goes on", () => reporter.gate.open);
      flip();
      await eventually("all are told", () => queue.length === 0, 60_000);
      assertEquals(told, newest, "what counts as told is the newest");
      const ended = () => [...newest].filter(([port, status]) => neutron.get(port) !== status);
      assertEquals(ended(), []);
      // Nothing arrives later.
      await systemClock.sleep(1500);
      assertEquals(ended(), []);
      stop.abort();
      await queue.join();
    });
  }
});
