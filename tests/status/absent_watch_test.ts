/** Hosts without a status, as the agent status watcher finds them on a real etcd. */
import { systemClock } from "../../lib/base/clock.ts";
import { endpointName, resourcePrefixes, seenHostsKey } from "../../lib/calico/keys.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import type { Absent } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { AgentStatusWatcher } from "../../lib/status/agent_status.ts";
import { readAgentsFile } from "../../lib/status/agents_file.ts";
import { writeEndpointHosts } from "../../lib/status/endpoint_hosts_file.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { NoBusReporter } from "../../lib/status/no_bus_reporter.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers and sockets of cut streams for a while. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const prefix = felixPrefix(null);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A cloud whose clock can be set forward, on which nodes lead one after the other. */
async function scene() {
  const server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => Date.now() + aheadMs };
  await using ends = new AsyncDisposableStack();
  ends.defer(() => server[Symbol.asyncDispose]());
  ends.defer(() => etcd.close());
  const owned = ends.move();
  return {
    etcd,
    server,
    clock,
    ahead: (ms: number) => void (aheadMs += ms),
    report: (host: string) =>
      etcd.put(`${prefix}${host}/status`)
        .value(JSON.stringify({ time: new Date(clock.now()).toISOString(), uptime: 1 })).exec(),
    silence: (host: string) => etcd.delete().key(`${prefix}${host}/status`).exec(),
    /** A node that leads until it is disposed of; each has a state directory of its own. */
    async lead() {
      const dir = await Deno.makeTempDir({ prefix: "absent-" });
      const store = await StateStore.open(dir);
      await etcd.delete().key("/election").exec();
      const { header } = await etcd.put("/election").value("n:1").exec();
      const stop = new AbortController();
      const term = {
        term: header.revision,
        id: "n:1",
        electionKey: "/election",
        signal: stop.signal,
      };
      const config = {
        ...testConfig(),
        etcd: { ...testConfig().etcd, endpoints: [server.url] },
        stateDir: dir,
      };
      const log = new LogRecorder();
      const context = { log, clock, store, alive: () => {} };
      const reporter = new NoBusReporter();
      const running = new AgentStatusWatcher(term, { config, etcd, context, reporter }).run();
      return {
        dir,
        log,
        store,
        term,
        endpoints: (hosts: Record<string, number>, of = term.term) =>
          writeEndpointHosts(dir, { at: clock.now(), term: of, hosts: Object.entries(hosts) }),
        absent: (what: string, fits: (absent: Absent) => boolean) =>
          eventually(what, async () => {
            const absent = (await store.readAgents())?.absent;
            return absent !== undefined && fits(absent) && absent;
          }, 30_000),
        async [Symbol.asyncDispose]() {
          stop.abort(new Error("the term is over"));
          await running;
          store[Symbol.dispose]();
          await Deno.remove(dir, { recursive: true });
        },
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Waits until the hosts seen are in etcd. */
async function remembered(s: Awaited<ReturnType<typeof scene>>, seen: string[], gone: string[]) {
  await eventually("what is remembered", async () => {
    const text = await s.etcd.get(seenHostsKey(null)).string();
    const record = text === null ? null : JSON.parse(text);
    const names = record?.gone.map(([host]: [string]) => host);
    return JSON.stringify([record?.seen, names]) === JSON.stringify([seen, gone]);
  }, 60_000);
}

Deno.test(
  "an agent that dies is gone from one moment to the next, on the list and counted",
  GRPC,
  async () => {
    await using s = await scene();
    for (const host of ["h1", "h2"]) await s.report(host);
    await using node = await s.lead();
    await node.absent("all are there", ({ gone }) => gone === 0);
    await node.endpoints({ h1: 4, h2: 7 });
    await s.silence("h2");
    const absent = await node.absent("it is gone", (found) => found.goneEndpoints === 7);
    assertEquals([absent.gone, absent.unserved], [1, 0]);
    assertEquals(absent.hosts.map(({ host, absent }) => [host, absent]), [["h2", "gone"]]);
    assertEquals((await node.store.readAgents())!.total, 1);
    const file = await eventually("the file", async () => {
      const file = await readAgentsFile(node.dir);
      return file?.agents[0]?.absent === "gone" && file;
    }, 30_000);
    assertEquals(file.agents.map(({ host, endpoints }) => [host, endpoints]), [["h2", 7], [
      "h1",
      4,
    ]]);
    await s.report("h2");
    await node.absent("it is back", ({ gone }) => gone === 0);
  },
);

Deno.test(
  "the next master knows whom an earlier one has seen, also who went in between",
  GRPC,
  async () => {
    await using s = await scene();
    for (const host of ["h1", "h2"]) await s.report(host);
    {
      await using node = await s.lead();
      await remembered(s, ["h1", "h2"], []);
      assertEquals(node.log.at("warn"), []);
    }
    await s.silence("h2");
    await using node = await s.lead();
    const before = await node.absent("it begins", () => true);
    assertEquals(before.gone, 0, "it may write again");
    s.ahead(2 * MINUTE);
    const { hosts } = await node.absent("it is gone", ({ gone }) => gone === 1);
    assertEquals(hosts[0]?.host, "h2");
    await remembered(s, ["h1"], ["h2"]);
  },
);

Deno.test("a record of another shape is no reason to stop, and is replaced", GRPC, async () => {
  await using s = await scene();
  await s.report("h1");
  await s.etcd.put(seenHostsKey(null)).value('{"seen":[7],"gone":"x"}').exec();
  await using node = await s.lead();
  await remembered(s, ["h1"], []);
  await node.absent("nobody is missed", ({ gone }) => gone === 0);
});

Deno.test(
  "endpoints on a host that differs in a letter are told; what an earlier term counted is not",
  GRPC,
  async () => {
    await using s = await scene();
    await s.report("host-00");
    await using node = await s.lead();
    await node.endpoints({ "Host-00": 3 }, "1");
    await node.absent("it begins", () => true);
    s.ahead(2 * MINUTE);
    const later = s.clock.now();
    const { absent: before } = await eventually("a later look", async () => {
      const file = await readAgentsFile(node.dir); // seconds later: many looks were taken
      const record = await node.store.readAgents();
      return file !== null && file.at >= later && record !== null && record.at >= later && record;
    }, 30_000);
    assertEquals(before!.unserved, 0);
    await s.report("host-00");
    await node.endpoints({ "host-00": 1, "Host-00": 3 });
    await eventually("it is noticed", async () => {
      s.ahead(MINUTE);
      return (await node.store.readAgents())?.absent?.unserved === 1;
    }, 30_000);
    const { absent } = (await node.store.readAgents())!;
    assertEquals(absent!.unservedEndpoints, 3);
    assertEquals(absent!.hosts.map(({ host, near }) => [host, near]), [["Host-00", ["host-00"]]]);
  },
);

Deno.test(
  "while etcd cannot be seen nobody is called gone, and no status grows old",
  GRPC,
  async () => {
    await using s = await scene();
    await s.report("h1");
    await using node = await s.lead();
    await node.absent("all are there", ({ gone }) => gone === 0);
    s.server.process.kill("SIGKILL");
    await eventually(
      "nothing is seen",
      async () => (await node.store.readAgents())?.seenSince === null,
      60_000,
    );
    s.ahead(HOUR);
    const later = s.clock.now();
    const record = await eventually("a later record", async () => {
      const record = await node.store.readAgents();
      return record !== null && record.at >= later && record;
    }, 30_000);
    assertEquals([record.absent?.gone, record.byFreshness.fresh, record.seenSince], [0, 1, null]);
  },
);

Deno.test(
  "a migration to a dead host is told after hours, and no longer when it is cleared",
  GRPC,
  async () => {
    await using s = await scene();
    await s.report("alive");
    await using node = await s.lead();
    const key = (host: string) =>
      resourcePrefixes(null).LiveMigration + endpointName(host, "device", "port");
    const creationTimestamp = new Date(s.clock.now() - 3 * HOUR).toISOString();
    const value = JSON.stringify({ metadata: { creationTimestamp } });
    for (const host of ["alive", "Dead"]) await s.etcd.put(key(host)).value(value).exec();
    const { stranded } = await node.absent("it is told", ({ stranded }) => stranded.total > 0);
    assertEquals(stranded.first.map(({ host, port }) => [host, port]), [["Dead", "port"]]);
    await s.etcd.delete().key(key("Dead")).exec();
    await node.absent("it is over", ({ stranded }) => stranded.total === 0);
    assert(await s.etcd.get(key("alive")) !== null, "nothing of it is touched");
  },
);

Deno.test("a backup that is restored makes no host gone that writes again", GRPC, async () => {
  await using s = await scene();
  for (const host of ["h1", "h2"]) await s.report(host);
  await using node = await s.lead();
  await node.absent("it begins", () => true);
  await s.silence("h2");
  const backup = await s.server.save(); // without h2 and h3
  for (const host of ["h2", "h3"]) await s.report(host);
  const total = (what: string, count: number) =>
    eventually(what, async () => {
      const agents = await node.store.readAgents();
      return agents?.total === count && agents.seenSince !== null && agents;
    }, 60_000);
  await total("all are there", 3);
  await s.server.restore(backup);
  assertEquals((await total("the backup is seen", 1)).absent?.gone, 0);
  await s.report("h3");
  await total("one has written again", 2);
  s.ahead(2 * MINUTE);
  const { hosts } = await node.absent("the other one is gone", ({ gone }) => gone > 0);
  assertEquals(hosts.map(({ host }) => host), ["h2"]);
});
