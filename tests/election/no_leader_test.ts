import { systemClock } from "../../lib/base/clock.ts";
import { ClusterRegistry } from "../../lib/election/cluster.ts";
import { runElector } from "../../lib/election/elector.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { isMaster } from "../../lib/state/is_master.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

/** A node's registry, and its elector unless it only stands by, until it is disposed of. */
async function startNode(url: string, name: string, { elects = true } = {}) {
  const dir = await tempDir();
  const store = await StateStore.open(dir.path);
  const base = testConfig();
  const config = testConfig({
    etcd: { ...base.etcd, endpoints: [url], callTimeoutMs: 1000 },
    election: { ...base.election, name, ttlSeconds: 3, refreshSeconds: 1, marginSeconds: 1 },
  });
  const etcd = openEtcd(config.etcd);
  const job = { log: new LogRecorder(), clock: systemClock, store, alive: () => {} };
  const elections = new EtcdElectionStore(etcd, config);
  const stop = new AbortController();
  const observer = new ClusterRegistry({
    ...job,
    etcd,
    region: null,
    id: `${name}:1`,
    node: { name, version: "1", roles: [], since: 1, diagnostics: "x:1", page: null },
    watch: (onChange) => elections.watch(onChange),
    callTimeoutMs: 1000,
  });
  const place = { bootId: "this boot", pidNamespace: "pid:[1]" };
  const done = Promise.all([
    observer.run(stop.signal),
    elects && runElector(config, elections, { ...job, pid: 1, place, observer }, stop.signal),
  ]);
  return {
    store,
    leads: async () => isMaster(await store.readMastership(), systemClock),
    terms: async () => (await store.readCluster())?.terms ?? [],
    seen: async () => (await store.readCluster())?.seen ?? [],
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
      etcd.close();
      store[Symbol.dispose]();
      await dir[Symbol.asyncDispose]();
    },
  };
}

Deno.test(
  "a leader that etcd did not answer tells later when it gave up, and a standby what it saw",
  GRPC,
  async () => {
    await using server = await startEtcd();
    await using leader = await startNode(server.url, "node-1");
    const led = await eventually("it leads", async () => {
      return await leader.leads() && leader.store.readMastership();
    });
    await using standby = await startNode(server.url, "node-2", { elects: false });
    await eventually("the standby sees the key", async () => {
      return (await standby.seen()).some(({ is, term }) => is === "held" && term === led.term);
    });
    server.process.kill("SIGSTOP");
    try {
      await eventually("it gives up", async () => await leader.store.readMastership() === null);
      const silent = await eventually("the standby hears nothing", async () => {
        return (await standby.seen()).find(({ is }) => is === "unread");
      }, 20_000);
      assert(silent.why !== null);
    } finally {
      server.process.kill("SIGCONT");
    }
    const back = Date.now();
    const told = await eventually("its word comes", async () => {
      const term = (await standby.terms()).find(({ term }) => term === led.term);
      return term?.endBy === "leader" && term.keyGone !== undefined && term;
    }, 90_000); // a channel of gRPC's waits ever longer between its tries to connect
    assertEquals([told.node, told.start], ["node-1", led.since]);
    assert(told.end! <= back, `${told.end} is not before etcd answered again, ${back}`);
    assert(told.end! >= led.since);
    assertMatch(told.reason!, /^not refreshed before the end of the lease/);
    assert(told.keyGone!.at >= told.end!, "the key went after its leader had given up");
    await eventually("the next term", async () => (await leader.terms())[0]!.term !== led.term);
    const kept = (await leader.terms()).find(({ term }) => term === led.term)!;
    assertEquals([kept.end, kept.endBy], [told.end, "leader"], "nobody replaces it");
    assertEquals(await leader.store.readTermAccounts(), [], "nothing is left to tell");
  },
);
