import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { openReporter as open, SOCKETS } from "../support/bus.ts";
import { Relay } from "../support/relay.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { defaultAnswer, Failure, FakePlugin } from "../support/fake_plugin.ts";
import { BusError } from "../../lib/bus/link.ts";
import { UnsettledError } from "../../lib/bus/unsettled.ts";
import { DoubtfulReportError } from "../../lib/status/doubtful_report.ts";
import { LIVE, SNAPSHOT } from "../../lib/status/newest_queue.ts";
import type { PortUpdate } from "../../lib/status/reporter.ts";
import { WorkQueue } from "../../lib/status/work_queue.ts";

const never = new AbortController().signal;
const update = (port: string, status: PortUpdate["status"] = "ACTIVE"): PortUpdate => ({
  host: "h1",
  port,
  status,
});

Deno.test("the message bus", SOCKETS, async (t) => {
  await using server = await RabbitServer.start();

  await t.step(
    "an agent's report is the cast that Neutron expects, stamped when sent",
    async () => {
      await using plugin = await FakePlugin.start(server.port);
      await using reporter = open(server.url, "agents").reporter;
      await reporter.gate.whenOpen(never);
      const before = Date.now();
      await reporter.reportAgent({ host: "h1", start: true }, never);
      await reporter.reportAgent({ host: "h2", start: false }, never);
      await eventually("both", () => plugin.received.length === 2);
      const [first, second] = plugin.received;
      assertEquals(first!.topic, "q-reports-plugin");
      assertEquals(first!.method, "report_state");
      assertEquals(first!.message.version, "1.2");
      assertEquals(first!.message._context_is_admin, true);
      assertMatch(first!.message._unique_id, /^[0-9a-f]{32}$/);
      assertEquals("_msg_id" in first!.message, false);
      const { agent_state: { agent_state }, time } = first!.args;
      assertEquals(agent_state, {
        agent_type: "Calico per-host agent (felix)",
        binary: "calico-felix",
        topic: "N/A",
        configurations: {},
        host: "h1",
        start_flag: true,
      });
      assertMatch(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
      const sent = Date.parse(`${time}Z`);
      assert(sent >= before - 1 && sent <= Date.now() + 1, time);
      assertEquals("start_flag" in second!.args.agent_state.agent_state, false);
    },
  );

  await t.step("ports are calls; several of a host are one; the failed are named", async () => {
    await using plugin = await FakePlugin.start(server.port);
    await using reporter = open(server.url, "ports").reporter;
    await reporter.gate.whenOpen(never);
    assertEquals((await reporter.reportPorts("h1", [update("p1")], never)).size, 0);
    await reporter.reportPorts("h1", [update("p2", "DOWN")], never);
    await reporter.reportPorts("h1", [update("p3", "ERROR")], never);
    plugin.answer = (received) => ({
      ...(defaultAnswer(received) as object),
      failed_devices_down: ["p5"],
    });
    const mixed = [update("p4"), update("p5", "ERROR"), update("p6", "DOWN")];
    const failed = await reporter.reportPorts("h1", mixed, never);
    assertEquals([...failed.keys()], ["p5"]);
    const said = plugin.received.map(({ method, args }) => [method, args.device, args.host]);
    assertEquals(said.slice(0, 3), [
      ["update_device_up", "p1", "h1"],
      ["update_device_down", "p2", "h1"],
      ["update_device_down", "p3", "h1"],
    ]);
    const { method, args, message, properties } = plugin.received[3]!;
    assertEquals(method, "update_device_list");
    assertEquals([args.devices_up, args.devices_down], [["p4"], ["p5", "p6"]]);
    assertEquals([message.version, properties.expiration], ["1.9", "2000"]);
  });

  await t.step("the other side's exception and its silence are errors", async () => {
    await using plugin = await FakePlugin.start(server.port);
    await using reporter = open(server.url, "ports", { rpcTimeoutMs: 300 }).reporter;
    await reporter.gate.whenOpen(never);
    plugin.answer = () => {
      throw new Failure("UnsupportedVersion", "1.9 is too high");
    };
    const report = () =>
      reporter.reportPorts("h1", [update("p1")], never).then(() => "", (error) => error.message);
    assertMatch(await report(), /UnsupportedVersion: 1.9 is too high/);
    plugin.answer = () => new Promise(() => {});
    assertMatch(await report(), /no answer from neutron-server within 0.3 s/);
    const stop = new AbortController();
    const pending = reporter.reportPorts("h1", [update("p1")], stop.signal)
      .then(() => "", (error) => error.message);
    stop.abort(new Error("the term is over"));
    assertEquals(await pending, "the term is over");
    assertEquals(reporter.gate.open, true, "none of it is the connection's fault");
  });

  await t.step(
    "a report that arrives after a newer one is told again, and counts then",
    async () => {
      for (const lost of [false, true]) {
        await using plugin = await FakePlugin.start(server.port);
        await using relay = new Relay(server.port);
        const url = server.url.replace(String(server.port), String(relay.port));
        await using reporter = open(url, "ports", { rpcTimeoutMs: 1000 }).reporter;
        await reporter.gate.whenOpen(never);
        const held = Promise.withResolvers<void>();
        let neutron = "";
        plugin.answer = async (received) => {
          if (plugin.received.length === 1) await held.promise;
          neutron = received.method;
          return defaultAnswer(received);
        };
        const first = reporter.reportPorts("h1", [update("p1", "DOWN")], never)
          .then(() => null, (error) => error);
        await eventually("it is on its way", () => plugin.received.length === 1);
        if (lost) relay.loseClients();
        assert(await first instanceof UnsettledError);
        await reporter.gate.whenOpen(AbortSignal.timeout(60_000));
        const report = async () =>
          (await reporter.reportPorts("h1", [update("p1")], never)).get("p1");
        assert(await report() instanceof DoubtfulReportError, "told, and not for certain");
        assertEquals([neutron, plugin.received.length], ["update_device_up", 2]);
        held.resolve();
        await eventually("the older one overtakes it", () => neutron === "update_device_down");
        await eventually("it counts", async () => await report() === undefined, 20_000);
        assertEquals([neutron, plugin.received.length], ["update_device_up", 3]);
      }
    },
  );

  await t.step("a wrong password is said, without it", async () => {
    const url = server.url.replace("guest:guest", "guest:sesame");
    const { reporter, recorder } = open(url, "ports");
    await using _closed = reporter;
    await eventually("the refusal", () => /ACCESS.REFUSED/i.test(reporter.trouble ?? ""));
    assert(!JSON.stringify(recorder.records).includes("sesame"));
  });

  await t.step("of several brokers the one that lives is used", async () => {
    await using _plugin = await FakePlugin.start(server.port);
    const url = `rabbit://guest:guest@127.0.0.1:1,127.0.0.1:${server.port},127.0.0.1:2/`;
    await using reporter = open(url, "ports").reporter;
    await reporter.gate.whenOpen(AbortSignal.timeout(20_000));
    await reporter.reportPorts("h1", [update("p1")], never);
  });

  await t.step(
    "a broker that is frozen is given up by its heartbeats, and comes back",
    async () => {
      const plugin = await FakePlugin.start(server.port);
      const { reporter, recorder } = open(server.url, "ports", { rpcTimeoutMs: 120_000 });
      await using _reporter = reporter;
      await reporter.gate.whenOpen(never);
      server.freeze();
      try {
        // More than are handed to the broker at once: what waits for that ends as well.
        const calls = Array.from(
          { length: 6 },
          (_, i) => reporter.reportPorts(`h${i}`, [update("p1")], never).catch((error) => error),
        );
        const from = performance.now();
        await eventually("the loss is noticed", () => !reporter.gate.open, 60_000);
        for (const error of await Promise.all(calls)) {
          assert(error instanceof BusError, `the call waits no longer: ${error}`);
        }
        const ms = performance.now() - from;
        assert(ms > 8000, "it was noticed by something else");
        assertWithin(ms, 16_000, "a frozen broker is noticed");
        assert(recorder.at("warn").some((r) => /bus is not usable/.test(r.message)));
      } finally {
        server.freeze(false);
      }
      await eventually("it is back", () => reporter.gate.open, 60_000);
      await reporter.reportPorts("h1", [update("p1")], never);
      await plugin[Symbol.asyncDispose]();
    },
  );

  await t.step("an answer that is not understood is no success", async () => {
    await using plugin = await FakePlugin.start(server.port);
    plugin.answer = () => ({ failed_devices_up: "none" });
    await using reporter = open(server.url, "ports").reporter;
    await reporter.gate.whenOpen(never);
    const error = await reporter.reportPorts("h1", [update("p1"), update("p2")], never)
      .then(() => null, (error) => error);
    assertMatch(String(error), /not understood/);
  });

  await t.step(
    "broker killed and started under load: the newest of every key arrives",
    async () => {
      const neutron = new Map<string, string>();
      const serve = async () => {
        const plugin = await FakePlugin.start(server.port);
        plugin.answer = (received) => {
          const { method, args } = received;
          if (method === "update_device_up") neutron.set(args.device, "ACTIVE");
          if (method === "update_device_down") neutron.set(args.device, "DOWN");
          for (const port of args.devices_up ?? []) neutron.set(port, "ACTIVE");
          for (const port of args.devices_down ?? []) neutron.set(port, "DOWN");
          return defaultAnswer(received);
        };
        return plugin;
      };
      let plugin = await serve();
      await using reporter = open(server.url, "ports").reporter;
      const stop = new AbortController();
      const writers = new WorkQueue<PortUpdate>({
        workers: 4,
        maxBatch: 100,
        clock: systemClock,
        signal: stop.signal,
        gate: reporter.gate,
        groupOf: ({ host }) => host,
        async write(batch, signal) {
          const updates = batch.map(({ value }) => value);
          return await reporter.reportPorts(updates[0]!.host, updates, signal);
        },
        onSuccess: () => {},
        onFailure: () => {},
      });
      const newest = new Map<string, string>();
      let longest = 0;
      const load = setInterval(() => {
        for (let i = 0; i < 20; i++) {
          const port = `p${Math.floor(Math.random() * 300)}`;
          const status = Math.random() < 0.5 ? "ACTIVE" : "DOWN";
          newest.set(port, status);
          writers.put(port, { host: "h1", port, status }, i % 2 ? LIVE : SNAPSHOT);
          longest = Math.max(longest, writers.length);
        }
      }, 10);
      try {
        for (let round = 0; round < 2; round++) {
          await systemClock.sleep(1500);
          await server.kill();
          await systemClock.sleep(1500);
          await server.start();
          await systemClock.sleep(500); // neutron-server takes a while to come back
          plugin = await serve();
          await reporter.gate.whenOpen(AbortSignal.timeout(60_000));
        }
        await systemClock.sleep(1000);
      } finally {
        clearInterval(load);
      }
      await eventually("an empty queue", () => writers.length === 0, 40_000);
      assertEquals(
        [...neutron].toSorted(([a], [b]) => a < b ? -1 : 1),
        [...newest].toSorted(([a], [b]) => a < b ? -1 : 1),
      );
      assert(longest <= 300, `${longest} waited, more than there are ports`);
      stop.abort();
      await writers.join();
      await plugin[Symbol.asyncDispose]();
    },
  );
});

Deno.test(
  "TLS with a private CA and a client certificate; another CA is refused",
  SOCKETS,
  async () => {
    await using server = await RabbitServer.start({ tls: true });
    const { dir } = server;
    const files = {
      tls: true,
      caFile: `${dir}/ca.pem`,
      certFile: `${dir}/client.pem`,
      keyFile: `${dir}/client.key`,
    };
    // The broker speaks: that Neutron's exchange is missing comes after the handshake and the login.
    const good = open(server.url, "ports", files);
    await using _good = good.reporter;
    await eventually(
      "the broker's word",
      () => /no exchange 'neutron'/.test(good.reporter.trouble ?? ""),
      30_000,
    );
    const strange = open(server.url, "ports", { ...files, caFile: null });
    await using _strange = strange.reporter;
    await eventually("the refusal", () => /certificate/i.test(strange.reporter.trouble ?? ""));
  },
);
