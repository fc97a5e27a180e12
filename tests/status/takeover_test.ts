import { aheadClock } from "../support/ahead_clock.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { StateStore } from "../../lib/state/store.ts";
import { AgentStatusWatcher } from "../../lib/status/agent_status.ts";
import { EndpointStatusWatcher } from "../../lib/status/endpoint_status.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { type Look, readLookHints } from "../../lib/status/look_hints.ts";
import type { AgentReport, PortUpdate, StatusReporter } from "../../lib/status/reporter.ts";
import { readSeenPorts, SeenPortsWriter } from "../../lib/status/seen_ports.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const prefix = felixPrefix(null);
const keyOf = (host: string, port: string) =>
  `${prefix}${host}/workload/openstack/openstack%2fd/endpoint/${port}`;
const UP = '{"status":"up"}';
const DOWN = '{"status":"down"}';

/** Neutron with its ports, which takes what it is told of the host where they are. */
class Neutron implements StatusReporter {
  readonly gate = { open: true, whenOpen: () => Promise.resolve() };
  readonly trouble = null;
  readonly blocked = null;
  readonly ports = new Map<string, { status: string; host: string }>();
  readonly told: string[] = [];
  readonly agents: (AgentReport & { ageMs?: number })[] = [];
  readonly faulty = new Set<string>();

  reportAgent(report: AgentReport): Promise<void> {
    this.agents.push(report);
    return Promise.resolve();
  }

  reportPorts(_host: string, updates: readonly PortUpdate[]) {
    for (const { host, port, status } of updates) {
      this.told.push(`${host}/${port} ${status}`);
      const known = this.ports.get(port);
      if (known?.host === host) known.status = status === "ACTIVE" ? "ACTIVE" : "DOWN";
      if (status !== "ERROR") this.faulty.delete(port);
    }
    return Promise.resolve(new Map());
  }

  noteFault(): boolean {
    return true;
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

async function scene() {
  const opened = new AsyncDisposableStack();
  const server = opened.use(await startEtcd());
  const dir = opened.use(await tempDir());
  const store = opened.use(await StateStore.open(dir.path));
  const etcdConfig = { ...testConfig().etcd, endpoints: [server.url] };
  const etcd = openEtcd(etcdConfig);
  opened.defer(() => etcd.close());
  const log = new LogRecorder();
  const neutron = new Neutron();
  const { clock, pass } = aheadClock();
  const context = { log, clock, store, alive: () => {} };
  const config = { ...testConfig(), etcd: etcdConfig, stateDir: dir.path };
  const put = async (host: string, port: string, value: string) =>
    await etcd.put(keyOf(host, port)).value(value).exec();
  return {
    dir,
    etcd,
    store,
    neutron,
    pass,
    put,
    /** A node is elected, and begins to watch; of an earlier term, if it is named, it is the next watcher. */
    async lead(name?: string) {
      const elected = name ?? (await etcd.put("/election").value("n:1").exec()).header.revision;
      const stop = new AbortController();
      const term = { term: elected, id: "n:1", electionKey: "/election", signal: stop.signal };
      const pages = readSeenPorts(dir.path);
      const options = { config, etcd, context, reporter: neutron, notifyNova: null, pages };
      const begunAt = clock.now();
      const running = new EndpointStatusWatcher(term, options).run();
      const seen = new SeenPortsWriter(term, dir.path, context);
      return {
        term: elected,
        seen,
        /** The resource syncer walks through all ports. */
        walk() {
          const startedAt = clock.now();
          const ports = [...neutron.ports].map(([id, port]) => {
            return { id, ...port, isFaulty: neutron.faulty.has(id) };
          });
          seen.onPorts(ports, startedAt);
          seen.onPortsEnd(startedAt);
        },
        is: (what: string) =>
          eventually(what, async () => {
            const ports = await store.readPorts();
            return ports?.comparison?.is === what && ports.at > begunAt && ports.queued === 0 &&
              ports;
          }),
        async end() {
          stop.abort(new Error("the term is over"));
          await running;
          pages[Symbol.dispose]();
        },
      };
    },
    agents(term: string) {
      const stop = new AbortController();
      const running = new AgentStatusWatcher(
        { term, id: "n:1", electionKey: "/election", signal: stop.signal },
        { config, etcd, context, reporter: neutron },
      ).run();
      return async () => {
        stop.abort(new Error("the term is over"));
        await running;
      };
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

Deno.test(
  "a new master reports only what Neutron shows otherwise, and each takeover again",
  GRPC,
  async () => {
    await using s = await scene();
    for (let i = 0; i < 50; i++) {
      s.neutron.ports.set(`p${i}`, { status: "ACTIVE", host: `h${i % 3}` });
      await s.put(`h${i % 3}`, `p${i}`, UP);
    }
    s.neutron.ports.get("p7")!.status = "DOWN";
    await s.put("h0", "p8", DOWN); // is on h2
    const first = await s.lead();
    await s.put("h1", "p1", DOWN); // since the election, which nobody else can have reported
    await eventually("what is new", () => s.neutron.told.includes("h1/p1 DOWN"));
    first.walk();
    const ports = await first.is("compared");
    assertEquals(s.neutron.told.toSorted(), ["h1/p1 DOWN", "h1/p7 ACTIVE"]);
    const { unsure, found, accepted } = ports.comparison!;
    assertEquals([unsure, found, accepted, ports.differing], [0, 1, 1, 0]);
    await first.end();
    // Nobody leads: a port changes, and Neutron forgets another.
    await s.put("h2", "p2", DOWN);
    s.neutron.ports.get("p9")!.status = "DOWN";
    s.neutron.told.length = 0;
    const second = await s.lead();
    second.walk();
    await second.is("compared");
    assertEquals(s.neutron.told.toSorted(), ["h0/p9 ACTIVE", "h2/p2 DOWN"]);
    await second.end();
    s.neutron.told.length = 0;
    const third = await s.lead();
    third.walk();
    await third.is("compared");
    assertEquals(s.neutron.told, []);
    // While it leads, somebody changes a port in Neutron.
    s.neutron.ports.get("p5")!.status = "DOWN";
    third.walk();
    await eventually("it is put right", () => s.neutron.told.includes("h2/p5 ACTIVE"));
    await third.end();
  },
);

Deno.test(
  "nothing is said to be in sync before all was compared; without pages all is reported",
  GRPC,
  async () => {
    await using s = await scene();
    s.neutron.ports.set("p", { status: "ACTIVE", host: "h" });
    await s.put("h", "p", UP);
    const node = await s.lead();
    const before = await eventually("etcd is read", async () => {
      const ports = await s.store.readPorts();
      return ports?.seen === true && ports;
    });
    assertEquals([before.comparison!.is, before.comparison!.unsure, before.queued], [
      "awaiting",
      1,
      0,
    ]);
    assertEquals(s.neutron.told, []);
    s.pass(61_000);
    await node.is("telling");
    await eventually("it is told", () => s.neutron.told.length === 1);
    assertEquals(s.neutron.told, ["h/p ACTIVE"]);
    await node.end();
  },
);

Deno.test(
  "a watcher that is started again in a term believes no page of before",
  GRPC,
  async () => {
    await using s = await scene();
    s.neutron.ports.set("p", { status: "ACTIVE", host: "h" });
    await s.put("h", "p", UP);
    const first = await s.lead();
    first.walk();
    await first.is("compared");
    await first.end();
    const again = await s.lead(first.term);
    await eventually("it waits", async () => {
      const ports = await s.store.readPorts();
      return ports?.comparison?.is === "awaiting" && ports.comparison.unsure === 1;
    });
    again.walk();
    await again.is("compared");
    assertEquals(s.neutron.told, []);
    await again.end();
  },
);

Deno.test(
  "a port that an earlier term called faulty is reported, whatever Neutron shows",
  GRPC,
  async () => {
    await using s = await scene();
    for (const port of ["well", "ill", "other"]) {
      s.neutron.ports.set(port, { status: port === "ill" ? "DOWN" : "ACTIVE", host: "h" });
      await s.put("h", port, port === "ill" ? '{"status":"error"}' : UP);
    }
    s.neutron.faulty.add("well").add("ill");
    s.neutron.ports.set("new", { status: "DOWN", host: "h" });
    await s.put("h", "new", '{"status":"error"}');
    const node = await s.lead();
    node.walk();
    await node.is("compared");
    await eventually("all that differ", () => s.neutron.told.length === 2);
    assertEquals(s.neutron.told.toSorted(), ["h/new ERROR", "h/well ACTIVE"]);
    assertEquals([...s.neutron.faulty], ["ill"]);
    // While it leads, somebody calls a port faulty.
    s.neutron.faulty.add("other");
    node.walk();
    await eventually("it is put right", () => s.neutron.told.includes("h/other ACTIVE"));
    await node.end();
  },
);

Deno.test(
  "a port of which Felix speaks where Neutron does not have it is named, and not again and again",
  GRPC,
  async () => {
    await using s = await scene();
    s.neutron.ports.set("p", { status: "ACTIVE", host: "a" });
    s.neutron.ports.set("q", { status: "ACTIVE", host: "a" });
    await s.put("a", "p", UP);
    await s.put("a", "q", UP);
    const node = await s.lead();
    node.walk();
    await node.is("compared");
    using hints = readLookHints(s.dir.path);
    const found: Look[] = [];
    const named = async () => {
      for await (const look of hints.take()) found.push(look);
      return found.length > 0;
    };
    await s.put("a", "q", DOWN);
    await s.put("b", "p", DOWN);
    await eventually("it is named", named);
    await s.put("b", "p", UP);
    await s.put("b", "q", UP);
    await eventually("the other one", async () => await named() && found.length > 1);
    assertEquals(found, [
      { term: node.term, ports: [["p", "b"]] },
      { term: node.term, ports: [["q", "b"]] },
    ]);
    await node.end();
  },
);

Deno.test(
  "agents: beats that came while nobody led are passed on at once, and those of dead hosts are not",
  GRPC,
  async () => {
    await using s = await scene();
    const beat = (host: string, ageMs: number, first = false) => {
      const time = new Date(Date.now() - ageMs).toISOString();
      const value = JSON.stringify({ time, uptime: 1, first_update: first });
      return s.etcd.put(`${prefix}${host}/status`).value(value).exec();
    };
    await beat("alive", 20_000);
    await beat("started", 5000, true);
    await beat("dead", 200_000);
    const end = s.agents("5");
    await eventually("both", () => s.neutron.agents.length >= 2);
    await eventually("the dead one", async () => (await s.store.readAgents())?.dropped === 1);
    const told = s.neutron.agents.toSorted((a, b) => a.host < b.host ? -1 : 1);
    assertEquals(told.map(({ host, start }) => [host, start]), [["alive", false], [
      "started",
      true,
    ]]);
    assert(told[0]!.ageMs! >= 20_000, "Neutron hears when the agent wrote, not when it was read");
    await end();
  },
);
