/** Both status watchers over a broker that has an alarm: what they say of it, and what they tell Neutron afterwards. */
import { openEtcd } from "../../lib/etcd/client.ts";
import { StateStore } from "../../lib/state/store.ts";
import { AgentStatusWatcher } from "../../lib/status/agent_status.ts";
import { EndpointStatusWatcher } from "../../lib/status/endpoint_status.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { aheadClock } from "../support/ahead_clock.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { openReporter, SOCKETS } from "../support/bus.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { FakePlugin } from "../support/fake_plugin.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { testConfig } from "../support/test_config.ts";

const PREFIX = felixPrefix(null);
const portKey = (host: string, port: string) =>
  `${PREFIX}${host}/workload/openstack/openstack%2fd1/endpoint/${port}`;

async function scene() {
  const [server, rabbit] = await Promise.all([startEtcd(), RabbitServer.start()]);
  const plugin = await FakePlugin.start(rabbit.port);
  const dir = await Deno.makeTempDir({ prefix: "blocked-" });
  const store = await StateStore.open(dir);
  const config = {
    ...testConfig(),
    etcd: { ...testConfig().etcd, endpoints: [server.url] },
    stateDir: dir,
  };
  const etcd = openEtcd(config.etcd);
  const log = new LogRecorder();
  const problems = new Set<string>();
  const { clock, pass } = aheadClock();
  const alive = (_doing: string, problem?: string | null) => {
    if (problem) problems.add(problem);
  };
  const context = { log, clock, store, alive };
  const stop = new AbortController();
  const term = { term: "1", id: "n:1", electionKey: "/election", signal: stop.signal };
  const [agents, ports] = (["agents", "ports"] as const)
    .map((kind) => openReporter(rabbit.url, kind).reporter) as [
      ReturnType<typeof openReporter>["reporter"],
      ReturnType<typeof openReporter>["reporter"],
    ];
  await agents.gate.whenOpen(stop.signal);
  await ports.gate.whenOpen(stop.signal);
  const options = { config, etcd, context, notifyNova: null };
  const running = [
    new AgentStatusWatcher(term, { ...options, reporter: agents }).run(),
    new EndpointStatusWatcher(term, { ...options, reporter: ports }).run(),
  ];
  return {
    rabbit,
    plugin,
    store,
    log,
    problems,
    pass,
    port: (host: string, port: string, status: string) =>
      etcd.put(portKey(host, port)).value(JSON.stringify({ status })).exec(),
    agent: (host: string) => {
      const time = new Date(clock.now()).toISOString();
      const value = JSON.stringify({ time, uptime: 1, first_update: false });
      return etcd.put(`${PREFIX}${host}/status`).value(value).exec();
    },
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the term is over"));
      await Promise.all(running);
      await Promise.all([agents, ports].map((reporter) => reporter[Symbol.asyncDispose]()));
      await plugin[Symbol.asyncDispose]();
      etcd.close();
      store[Symbol.dispose]();
      await Promise.all([rabbit, server].map((one) => one[Symbol.asyncDispose]()));
      await Deno.remove(dir, { recursive: true });
    },
  };
}

Deno.test(
  "an alarm is said as what it is, and what it kept back is the newest",
  SOCKETS,
  async () => {
    await using s = await scene();
    const neutron = new Map<string, string>();
    const answer = s.plugin.answer;
    s.plugin.answer = (received) => {
      const { method, args } = received;
      const up = args.devices_up ?? (method === "update_device_up" ? [args.device] : []);
      const down = args.devices_down ?? (method === "update_device_down" ? [args.device] : []);
      for (const port of up) neutron.set(port, "up");
      for (const port of down) neutron.set(port, "down");
      return answer(received);
    };
    const alive = () =>
      s.plugin.received.filter(({ method }) => method === "report_state")
        .map(({ args }) => args.agent_state.agent_state.host as string);
    await s.agent("dies");
    await s.port("h1", "p0", "up");
    await eventually("both are told", () => alive().includes("dies") && neutron.get("p0") === "up");

    await s.rabbit.control("set_vm_memory_high_watermark", "absolute", "1");
    await s.agent("dies");
    for (let i = 0; i < 30; i++) await s.port(`h${i % 3}`, `p${i}`, "up");
    const records = () => Promise.all([s.store.readAgents(), s.store.readPorts()]);
    const found = await eventually("the broker's word in both records", async () => {
      const found = await records();
      return found.every((record) => record?.blocked) && found;
    }, 20_000);
    assertEquals(found.map((record) => record!.blocked!.reason), [
      "low on memory",
      "low on memory",
    ]);
    const began = s.log.records.filter(({ message }) => /takes no messages/.test(message));
    assertEquals(began.map(({ fields }) => fields.reason), ["low on memory", "low on memory"]);
    await s.agent("died");
    await eventually("it is seen", async () => (await records())[0]?.total === 2);
    s.pass(80_000);
    await s.agent("lives");
    for (let i = 0; i < 30; i++) await s.port(`h${i % 3}`, `p${i}`, "down");
    await eventually("all is seen", async () => (await records())[0]?.total === 3);
    const before = alive().length;
    await s.rabbit.control("set_vm_memory_high_watermark", "0.9");
    await eventually("all is told", async () => (await records())[1]?.queued === 0, 60_000);
    await eventually("the host that lives", () => alive().includes("lives"), 60_000);
    await eventually(
      "the end is said",
      () =>
        s.log.records.filter(({ message }) => /takes messages again/.test(message)).length === 2,
    );
    assertEquals(new Set(neutron.values()), new Set(["down"]));
    assertEquals(neutron.size, 30);
    // What was on its way when the alarm began is the broker's; what waited here is not sent so late.
    assertEquals(alive().slice(before).filter((host) => host === "died"), []);
    assertEquals((await records())[0]!.dropped, 1);
    assertEquals((await records()).map((record) => record!.blocked), [null, null]);
    assertEquals([...s.problems], [], "nothing else is wrong");
  },
);
