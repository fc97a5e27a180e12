import fc from "fast-check";
import { aheadClock } from "../support/ahead_clock.ts";
import { assert, assertEquals, assertWithin, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { endpointName, resourcePrefixes } from "../../lib/calico/keys.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { unattachedError } from "../../lib/etcd/watch.ts";
import { WatchRefusedError } from "../../lib/etcd/call_errors.ts";
import { StateStore } from "../../lib/state/store.ts";
import { AgentStatusWatcher } from "../../lib/status/agent_status.ts";
import { EndpointStatusWatcher } from "../../lib/status/endpoint_status.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { troubleText } from "../../lib/status/follow.ts";
import { readAgentsFile } from "../../lib/status/agents_file.ts";
import { readPortDifferences } from "../../lib/status/port_differences.ts";
import type { AgentReport, PortUpdate, StatusReporter } from "../../lib/status/reporter.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const prefix = felixPrefix(null);
const endpointKey = (host: string, port: string, device = "d1") =>
  `${prefix}${host}/workload/openstack/openstack%2f${device}/endpoint/${port}`;
const status = (time: string, first = false) =>
  JSON.stringify({ time, uptime: 1, first_update: first });

/** Keeps what it is told. */
class Recorder implements StatusReporter {
  readonly agents: AgentReport[] = [];
  readonly ages: number[] = [];
  readonly ports: PortUpdate[] = [];
  readonly batches: number[] = [];
  open = true;
  trouble = null;
  blocked = null;
  fail: ((update: PortUpdate) => boolean) | null = null;
  #opened = Promise.withResolvers<void>();
  readonly gate;

  constructor() {
    // deno-lint-ignore no-this-alias
    const self = this;
    this.gate = {
      get open() {
        return self.open;
      },
      whenOpen: (signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          this.#opened.promise.then(resolve);
        }),
    };
  }

  openGate(): void {
    this.open = true;
    this.#opened.resolve();
  }

  reportAgent({ ageMs, ...report }: AgentReport): Promise<void> {
    this.agents.push(report);
    this.ages.push(ageMs ?? 0);
    return Promise.resolve();
  }

  reportPorts(_host: string, updates: readonly PortUpdate[]) {
    this.batches.push(updates.length);
    this.ports.push(...updates);
    const failed = updates.filter((update) => this.fail?.(update));
    return Promise.resolve(new Map(failed.map(({ port }) => [port, new Error("refused")])));
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  said(): string[] {
    return this.ports.map(({ host, port, status }) => `${host}/${port} ${status}`);
  }
}

async function scene() {
  const server = await startEtcd();
  const dir = await Deno.makeTempDir({ prefix: "watchers-" });
  const store = await StateStore.open(dir);
  const config = {
    ...testConfig(),
    etcd: { ...testConfig().etcd, endpoints: [server.url] },
    stateDir: dir,
  };
  const etcd = openEtcd(config.etcd);
  const log = new LogRecorder();
  const reporter = new Recorder();
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  const told: string[] = [];
  const term = { term: "1", id: "n:1", electionKey: "/election", signal: stop.signal };
  const { clock, pass } = aheadClock();
  const context = { log, clock, store, alive: () => {} };
  return {
    /** So much time passes. */
    pass,
    dir,
    etcd,
    server,
    log,
    store,
    reporter,
    stop,
    told,
    put: (key: string, value: string) => etcd.put(key).value(value).exec(),
    agents() {
      running.push(new AgentStatusWatcher(term, { config, etcd, context, reporter }).run());
    },
    endpoints() {
      const nova = (server: string, port: string) => {
        told.push(`${server} ${port}`);
        return Promise.resolve({ taken: true as const });
      };
      running.push(
        new EndpointStatusWatcher(term, { config, etcd, context, reporter, notifyNova: nova })
          .run(),
      );
    },
    async end() {
      stop.abort(new Error("the term is over"));
      await Promise.all(running);
    },
    async [Symbol.asyncDispose]() {
      await this.end();
      etcd.close();
      store[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

const now = () => new Date().toISOString();

Deno.test("agents: one report per revision, start_flag once and never lost", GRPC, async () => {
  await using s = await scene();
  await s.put(`${prefix}h1/status`, status(now(), true));
  s.reporter.open = false;
  s.agents();
  await eventually("the snapshot", async () => (await s.store.readAgents())?.total === 1);
  // While the bus is away, a newer update must not hide that the agent has started.
  await s.put(`${prefix}h1/status`, status(now()));
  await s.put(`${prefix}h2/status`, status(now()));
  await eventually("both", async () => (await s.store.readAgents())?.total === 2);
  s.reporter.openGate();
  await eventually("two reports", () => s.reporter.agents.length === 2);
  assertEquals(s.reporter.agents.toSorted((a, b) => a.host < b.host ? -1 : 1), [
    { host: "h1", start: true },
    { host: "h2", start: false },
  ]);
  await s.put(`${prefix}h1/status`, status(now()));
  await eventually("the third", () => s.reporter.agents.length === 3);
  assertEquals(s.reporter.agents[2], { host: "h1", start: false });
  await s.etcd.delete().key(`${prefix}h2/status`);
  await eventually("the log", () => s.log.records.some(({ message }) => /is gone/.test(message)));
  await s.server.restart(); // a watch that begins again reports nothing twice
  await s.put(`${prefix}h3/status`, status(now()));
  await eventually("the fourth", () => s.reporter.agents.length >= 4, 20_000);
  assertEquals(s.reporter.agents.slice(3), [{ host: "h3", start: false }]);
});

Deno.test(
  "agents: old times warn once and not for a snapshot; others are said with the key",
  GRPC,
  async () => {
    await using s = await scene();
    const old = "2020-01-01T00:00:00Z";
    const warned = (pattern: RegExp) =>
      s.log.at("warn").filter(({ message }) => pattern.test(message));
    await s.put(`${prefix}h0/status`, status(old));
    s.agents();
    await eventually("the snapshot", async () => (await s.store.readAgents())?.dropped === 1);
    assertEquals(warned(/is old/).length, 0);
    for (const host of ["h1", "h2", "h3"]) await s.put(`${prefix}${host}/status`, status(old));
    await s.put(`${prefix}h4/status`, status("soon"));
    await s.put(`${prefix}h5/status`, status("2090-01-01T00:00:00Z"));
    await s.put(`${prefix}h6/status`, "{no");
    await s.put(`${prefix}h7/status`, status(now()));
    await eventually("the last", () => s.reporter.agents.some(({ host }) => host === "h7"));
    assertEquals(warned(/is old/).length, 1);
    assertEquals(warned(/is old/)[0]!.fields.key, `${prefix}h1/status`);
    assertEquals(warned(/no time/)[0]!.fields.key, `${prefix}h4/status`);
    assertEquals(warned(/from the future/)[0]!.fields.key, `${prefix}h5/status`);
    assertEquals(warned(/not understood/)[0]!.fields.key, `${prefix}h6/status`);
    // Whatever its time, an update is a report; no update is one, nor what a host had said long ago.
    assert(!s.reporter.agents.some(({ host }) => host === "h6" || host === "h0"));
    assertEquals(s.reporter.agents.length, 6);
    await eventually(
      "the lag",
      async () => ((await s.store.readAgents())?.maxLagMs ?? 0) > 300_000,
    );
  },
);

Deno.test(
  "agents: when reports may be sent again, a host that died meanwhile is not called alive",
  GRPC,
  async () => {
    await using s = await scene();
    s.reporter.open = false;
    s.agents();
    for (const host of ["died", "gone", "lives"]) {
      await s.put(`${prefix}${host}/status`, status(now(), true));
    }
    await eventually("all", async () => (await s.store.readAgents())?.total === 3);
    s.pass(50_000);
    await s.put(`${prefix}lives/status`, status(new Date(Date.now() + 50_000).toISOString()));
    await s.etcd.delete().key(`${prefix}gone/status`);
    await eventually("the end", async () => (await s.store.readAgents())?.total === 2);
    s.pass(40_000);
    s.reporter.openGate();
    await eventually(
      "the others are dropped",
      async () => (await s.store.readAgents())?.dropped === 2,
    );
    assertEquals(s.reporter.agents, [{ host: "lives", start: true }]);
    const [age] = s.reporter.ages;
    assert(age! >= 40_000 && age! < 75_000, `reported as said ${age} ms ago`);
    assertEquals((await s.store.readAgents())!.reported, 1);
    await s.put(`${prefix}died/status`, status(new Date(Date.now() + 90_000).toISOString()));
    await eventually("it is back", () => s.reporter.agents.length === 2);
    assertEquals(s.reporter.agents[1], { host: "died", start: true }, "and has started since");
  },
);

Deno.test("ports: two hosts of one port, deletion, bad JSON, unknown words", GRPC, async () => {
  await using s = await scene();
  for (let i = 0; i < 30; i++) await s.put(endpointKey("h9", `s${i}`), '{"status":"up"}');
  s.endpoints();
  await eventually("the snapshot", () => s.reporter.ports.length === 30);
  assert(Math.max(...s.reporter.batches) > 5, "a snapshot's ports of one host go together");
  s.reporter.ports.length = 0;
  await s.put(endpointKey("h1", "p1"), '{"status":"down"}');
  await s.put(endpointKey("h2", "p1"), '{"status":"up"}');
  await s.put(endpointKey("h1", "p2"), "{no");
  await s.put(endpointKey("h1", "p3"), '{"status":"sideways"}');
  await s.etcd.delete().key(endpointKey("h1", "p1"));
  await s.put(endpointKey("h1", "p4"), '{"status":"error"}');
  await eventually("the last", () => s.reporter.said().includes("h1/p4 ERROR"));
  const said = s.reporter.said();
  assert(said.includes("h2/p1 ACTIVE") && said.includes("h1/p2 ERROR"), said.join());
  assertEquals(said.filter((text) => text.startsWith("h1/p1")).at(-1), "h1/p1 ERROR");
  assert(said.includes("h1/p3 ERROR"), "an unknown word");
});

Deno.test(
  "ports: what goes from another namespace is no news of a port that is up",
  GRPC,
  async () => {
    await using s = await scene();
    s.endpoints();
    const other = endpointKey("h1", "p1").replace("/openstack%2", "/openstack-north%2");
    await s.put(other, '{"status":"up"}');
    await s.put(endpointKey("h1", "p1"), '{"status":"up"}');
    await eventually("both", () => s.reporter.ports.length >= 2);
    await s.etcd.delete().key(other);
    await s.put(endpointKey("h1", "p2"), '{"status":"up"}');
    await eventually("the last", () => s.reporter.said().includes("h1/p2 ACTIVE"));
    assert(!s.reporter.said().includes("h1/p1 ERROR"), s.reporter.said().join());
    await s.etcd.delete().key(endpointKey("h1", "p1"));
    await eventually("its own", () => s.reporter.said().includes("h1/p1 ERROR"));
  },
);

Deno.test(
  "ports: after a watch that begins again, only what differs is reported",
  GRPC,
  async () => {
    await using s = await scene();
    for (const port of ["a", "b", "c"]) await s.put(endpointKey("h1", port), '{"status":"up"}');
    s.endpoints();
    await eventually("the snapshot", () => s.reporter.ports.length === 3);
    s.reporter.ports.length = 0;
    const stopped = s.server.process;
    stopped.kill("SIGSTOP");
    const writes = Promise.all([
      s.put(endpointKey("h1", "a"), '{"status":"up"}').catch(() => {}),
      s.put(endpointKey("h1", "b"), '{"status":"down"}').catch(() => {}),
    ]);
    stopped.kill("SIGCONT");
    await writes;
    const { header } = await s.etcd.delete().key(endpointKey("h1", "c"));
    await s.etcd.kv.compact({ revision: header.revision, physical: true });
    await s.server.restart();
    await s.put(endpointKey("h1", "z"), '{"status":"up"}');
    await eventually("the last", () => s.reporter.said().includes("h1/z ACTIVE"), 20_000);
    const newest = new Map(s.reporter.ports.map(({ port, status }) => [port, status]));
    assertEquals(newest.get("b"), "DOWN");
    assertEquals(newest.get("c"), "ERROR");
  },
);

Deno.test("a migrating port that turns up on its destination is told to Nova", GRPC, async () => {
  await using s = await scene();
  const name = endpointName("host-2", "d-1", "p-1");
  await s.put(resourcePrefixes(null).LiveMigration + name, "{}");
  s.endpoints();
  await s.put(endpointKey("host-2", "p-1", "d-1"), '{"status":"down"}');
  await s.put(endpointKey("host-2", "p-2", "d-1"), '{"status":"up"}');
  await eventually("the other port", () => s.reporter.said().includes("host-2/p-2 ACTIVE"));
  assertEquals(s.told, []);
  await s.put(endpointKey("host-2", "p-1", "d-1"), '{"status":"up"}');
  await eventually("Nova", () => s.told.length === 1);
  assertEquals(s.told, ["d-1 p-1"]);
});

Deno.test("when a migration ends, what its destination said is reported again", GRPC, async () => {
  await using s = await scene();
  const migrations = resourcePrefixes(null).LiveMigration;
  const names = ["p-1", "p-2"].map((port) => endpointName("host-2", "d-1", port));
  for (const name of names) await s.put(migrations + name, "{}");
  s.endpoints();
  await s.put(endpointKey("host-2", "p-1", "d-1"), '{"status":"up"}');
  await eventually("its arrival", () => s.told.length === 1);
  const count = () => s.reporter.said().filter((said) => said === "host-2/p-1 ACTIVE").length;
  assertEquals(count(), 1, "which Neutron ignores, as the port is bound to its source");
  for (const name of names) await s.etcd.delete().key(migrations + name).exec();
  await eventually("its status again", () => count() === 2);
  // The other one's destination has never said anything; and Nova hears no more of either.
  assertEquals(s.reporter.said().filter((said) => said.startsWith("host-2/p-2")), []);
  assertEquals(s.told, ["d-1 p-1"]);
});

Deno.test("a watch that etcd refuses is not called an etcd that does not answer", () => {
  const refused = new WatchRefusedError("etcd refuses the watch: permission denied");
  assertEquals(
    troubleText(unattachedError(refused)),
    "etcd refuses the watch: permission denied",
  );
  assert(troubleText(unattachedError(null)).startsWith("etcd does not answer: "));
});

Deno.test("a long queue is warned of, and that it is normal again", GRPC, async () => {
  await using s = await scene();
  s.reporter.open = false;
  for (let host = 0; host < 11; host++) {
    const puts = Array.from(
      { length: 100 },
      (_, i) => s.etcd.put(endpointKey(`h${host}`, `p${host}-${i}`)).value('{"status":"up"}'),
    );
    await s.etcd.if("x", "Create", "==", 0).then(...puts).commit();
  }
  s.endpoints();
  const said = (pattern: RegExp) => s.log.records.some(({ message }) => pattern.test(message));
  await eventually("the warning", () => said(/many port status reports wait/));
  assertEquals((await s.store.readPorts())!.queued, 1100);
  s.reporter.openGate();
  await eventually("the end of it", () => said(/normal length again/));
});

Deno.test(
  "more than the queue has room for: the newest of each in the end, what is gone too",
  GRPC,
  async () => {
    await using s = await scene();
    s.reporter.open = false;
    const write = async (from: number, count: number, value: string | null) => {
      const names = Array.from({ length: count }, (_, i) => from + i);
      for (let at = 0; at < count; at += 100) {
        const writes = names.slice(at, at + 100)
          .map((i) => endpointKey(`h${i % 30}`, `p${i}`))
          .map((key) => value === null ? s.etcd.delete().key(key) : s.etcd.put(key).value(value));
        await s.etcd.if("x", "Create", "==", 0).then(...writes).commit();
      }
    };
    const queued = async () => (await s.store.readPorts())?.queued ?? 0;
    await write(0, 2000, '{"status":"up"}');
    s.endpoints();
    await eventually("the snapshot", async () => await queued() === 2000);
    await write(2000, 5000, '{"status":"up"}');
    await eventually("what came meanwhile", async () => await queued() === 7000);
    assertEquals((await s.store.readPorts())!.differing, 7000);
    await write(0, 400, '{"status":"down"}');
    await write(1800, 200, null);
    await write(6900, 100, null);
    await eventually("the deletions", async () => (await s.store.readPorts())!.total === 6700);
    assertEquals(await queued(), 7000);
    s.reporter.openGate();
    await eventually("all of it", async () => await queued() === 0, 20_000);
    const last = new Map(s.reporter.ports.map(({ port, status }) => [port, status]));
    const expected = Array.from({ length: 7000 }, (_, i) => {
      if (i < 400) return [`p${i}`, "DOWN"];
      return [`p${i}`, i >= 6900 || (i >= 1800 && i < 2000) ? "ERROR" : "ACTIVE"];
    });
    assertEquals([...last].sort(), expected.sort());
    assertEquals(s.reporter.ports.length, 7000, "each once");
    assertEquals((await s.store.readPorts())!.differing, 0);
  },
);

Deno.test(
  "a port that changes its server while the queue is full: its new endpoint counts",
  GRPC,
  async () => {
    await using s = await scene();
    const put = (port: string, value: string, device?: string) =>
      s.put(endpointKey("h", port, device), JSON.stringify({ status: value }));
    s.endpoints();
    await put("other", "error");
    await put("moving", "up");
    await eventually("both", () => s.reporter.ports.length === 2);
    s.reporter.open = false;
    for (let at = 0; at < 5100; at += 100) {
      const puts = Array.from({ length: 100 }, (_, i) => endpointKey("full", `p${at + i}`))
        .map((key) => s.etcd.put(key).value('{"status":"up"}'));
      await s.etcd.if("x", "Create", "==", 0).then(...puts).commit();
    }
    await s.etcd.delete().key(endpointKey("h", "moving"));
    await s.etcd.delete().key(endpointKey("h", "other")); // whose row in memory the new endpoint gets
    await put("moving", "up", "d2");
    const ports = async () => (await s.store.readPorts())!;
    await eventually("all is seen", async () => (await ports()).total === 5101, 20_000);
    s.reporter.openGate();
    await eventually("all of it", async () => (await ports()).queued === 0, 20_000);
    assertEquals(s.reporter.said().findLast((said) => said.includes("moving")), "h/moving ACTIVE");
  },
);

Deno.test(
  "once the term is over nothing is reported, and it ends within a second",
  GRPC,
  async () => {
    await using s = await scene();
    s.agents();
    s.endpoints();
    let i = 0;
    const load = setInterval(() => {
      s.put(`${prefix}h${i}/status`, status(now())).catch(() => {});
      s.put(endpointKey("h1", `p${i++}`), '{"status":"up"}').catch(() => {});
    }, 2);
    try {
      await eventually(
        "reports",
        () => s.reporter.agents.length > 20 && s.reporter.ports.length > 20,
      );
      const from = performance.now();
      s.stop.abort(new Error("the term is over"));
      const counts = () => [s.reporter.agents.length, s.reporter.ports.length];
      const before = counts();
      await s.end();
      assertWithin(performance.now() - from, 1000, "the end");
      await systemClock.sleep(200);
      assertEquals(counts(), before);
    } finally {
      clearInterval(load);
    }
  },
);

Deno.test(
  "whatever stands below the prefix: no exception, and the next good one is seen",
  GRPC,
  async () => {
    await using s = await scene();
    s.agents();
    s.endpoints();
    const segment = fc.oneof(
      fc.constantFrom(
        "",
        "status",
        "workload",
        "openstack",
        "endpoint",
        "h 1",
        "ü%2f",
        "a%2fb",
        "..",
        "{}",
      ),
      fc.string({ unit: "grapheme", maxLength: 12 }),
    );
    const key = fc.array(segment, { minLength: 1, maxLength: 8 }).map((parts) => parts.join("/"));
    const body = fc.oneof(
      fc.constantFrom(
        "",
        "{",
        "[]",
        "null",
        '{"status":7}',
        '{"time":1e400}',
        '{"status":{"a":[]}}',
      ),
      fc.json(),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(key, body, async (key, body) => {
        await s.put(prefix + key, body);
      }),
      { numRuns: 300 },
    );
    await s.put(
      `${prefix}big/status`,
      JSON.stringify({ time: now(), more: "x".repeat(1_000_000) }),
    );
    await s.put(endpointKey("big", "p"), "x".repeat(1_000_000));
    await s.put(`${prefix}good/status`, status(now()));
    await s.put(endpointKey("good", "p"), '{"status":"up"}');
    await eventually("the good agent", () => s.reporter.agents.some(({ host }) => host === "good"));
    await eventually("the good port", () => s.reporter.said().includes("good/p ACTIVE"));
    assert(s.reporter.agents.some(({ host }) => host === "big"));
    assert(s.reporter.said().includes("big/p ERROR"));
    assert(s.log.at("warn").length < 40, "warnings are limited");
  },
);

Deno.test("all agents are in the file, counted by freshness", GRPC, async () => {
  await using s = await scene();
  const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
  await s.put(`${prefix}fresh/status`, status(now()));
  await s.put(`${prefix}late/status`, status(ago(100_000)));
  await s.put(`${prefix}stale/status`, status(ago(1_000_000)));
  await s.put(`${prefix}odd/status`, status("yesterday"));
  s.agents();
  await eventually("all", async () => (await s.store.readAgents())?.total === 4);
  const { byFreshness } = (await s.store.readAgents())!;
  assertEquals(byFreshness, { fresh: 1, late: 1, stale: 1, unreadable: 1 });
  const file = await eventually("the file", async () => {
    const file = await readAgentsFile(s.dir);
    return file?.total === 4 && file;
  }, 20_000);
  assertEquals(file.agents.map(({ host }) => host), ["odd", "stale", "late", "fresh"]);
});

Deno.test("ports differ until Neutron has accepted, and while in error", GRPC, async () => {
  await using s = await scene();
  const up = JSON.stringify({ status: "up" });
  s.reporter.fail = ({ port }) => port === "refused";
  await s.put(endpointKey("h1", "refused"), up);
  await s.put(endpointKey("h1", "good"), up);
  await s.put(endpointKey("h2", "broken"), JSON.stringify({ status: "error" }));
  s.endpoints();
  const file = await eventually("two differ", async () => {
    const file = await readPortDifferences(s.dir);
    return file?.total === 2 && file.ports.every(({ why }) => why !== "waiting") && file;
  }, 20_000);
  assertEquals(file.ports.map(({ port, why, attempts, error }) => [port, why, attempts, error]), [
    ["refused", "failed", 1, "refused"],
    ["broken", "error", 0, null],
  ]);
  // The count is published a moment before the list, once a second.
  await eventually("the count", async () => (await s.store.readPorts())?.differing === 2, 20_000);
  s.reporter.fail = null;
  await s.put(endpointKey("h1", "refused"), JSON.stringify({ status: "down" }));
  // A vanished endpoint is reported as ERROR once, and then there is nothing that could differ.
  await s.etcd.delete().key(endpointKey("h2", "broken"));
  await eventually(
    "none differs",
    async () => (await readPortDifferences(s.dir))?.total === 0,
    20_000,
  );
});

Deno.test(
  "an endpoint that vanishes is gone and no error, and it is said what Neutron is told",
  GRPC,
  async () => {
    await using s = await scene();
    s.endpoints();
    await s.put(endpointKey("h1", "deleted"), '{"status":"up"}');
    await s.put(endpointKey("h2", "broken"), '{"status":"error"}');
    await eventually("both", () => s.reporter.ports.length === 2);
    s.reporter.fail = ({ port }) => port === "deleted";
    await s.etcd.delete().key(endpointKey("h1", "deleted"));
    const file = await eventually("it differs", async () => {
      const file = await readPortDifferences(s.dir);
      return file?.ports.some(({ port, why }) => port === "deleted" && why === "failed") && file;
    }, 20_000);
    const ports = file.ports.map(({ port, gone }) => [port, gone ?? false]).sort();
    assertEquals(ports, [["broken", false], ["deleted", true]]);
    assertEquals(s.reporter.ports.findLast(({ port }) => port === "deleted")?.gone, true);
    const record = await eventually("the record", async () => {
      const record = await s.store.readPorts();
      return record?.recent.some(({ gone }) => gone) && record;
    }, 20_000);
    assertEquals([record.failing, typeof record.oldest], [1, "number"]);
    assertEquals(record.byStatus, { ERROR: 1 }, "the other one");
    const told = record.recent.map(({ port, told, gone }) => [port, told, gone ?? false]);
    assertEquals(told.find(([port]) => port === "broken"), ["broken", "DOWN", false]);
    assertEquals(told.find(([, , gone]) => gone), ["deleted", "DOWN", true]);
    const of = (pattern: RegExp) => s.log.records.find(({ message }) => pattern.test(message));
    assertEquals(of(/endpoint is gone: its port is reported as DOWN/)?.level, "info");
    assertEquals(of(/endpoint is in error/)?.fields.key, endpointKey("h2", "broken"));
  },
);

Deno.test("that ports are all known is said once all that is in etcd was read", GRPC, async () => {
  await using s = await scene();
  await s.put(endpointKey("h1", "p"), '{"status":"up"}');
  s.server.process.kill("SIGSTOP");
  try {
    s.endpoints();
    const first = await eventually("a record", async () => await s.store.readPorts());
    assertEquals([first.seen, first.total], [false, 0]);
  } finally {
    s.server.process.kill("SIGCONT");
  }
  const read = await eventually("all of it", async () => {
    const record = await s.store.readPorts();
    return record?.seen && record;
  }, 20_000);
  assertEquals(read.total, 1);
});
