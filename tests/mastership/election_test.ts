import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Config } from "../../lib/config_types.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { nextStep, parseElectionValue, type Situation } from "../../lib/mastership/election.ts";
import { runElector } from "../../lib/mastership/elector.ts";
import { EtcdElectionStore } from "../../lib/mastership/etcd_election_store.ts";
import { isMaster, whileMaster } from "../../lib/mastership/is_master.ts";
import { StateStore } from "../../lib/state_store.ts";

const key = (value: string, lease = "9") => ({
  value,
  lease,
  createRevision: "5",
  modRevision: "6",
});
const situation = (change: Partial<Situation>): Situation => ({
  observed: null,
  name: "node-1",
  pid: 10,
  pidAlive: () => true,
  unchangedMs: 0,
  ttlSeconds: 15,
  key: "/election",
  ...change,
});

const STEPS: [string, Partial<Situation>, string][] = [
  ["no key", {}, "stand"],
  ["another node's key", { observed: key("node-2:7") }, "wait"],
  ["a Python driver's key on this host", { observed: key("node-1:7") }, "wait"],
  ["this host's key of a dead process", {
    observed: key("node-1:7"),
    pidAlive: () => false,
  }, "delete"],
  ["another host's key, pid dead here", {
    observed: key("node-2:7"),
    pidAlive: () => false,
  }, "wait"],
  ["this process's own leftover", { observed: key("node-1:10") }, "delete"],
  ["a value of another shape", { observed: key("hello there") }, "wait"],
  ["no lease, lately changed", { observed: key("node-2:7", "0"), unchangedMs: 29_999 }, "wait"],
  ["no lease, unchanged for 2 × ttl", {
    observed: key("node-2:7", "0"),
    unchangedMs: 30_000,
  }, "delete"],
];
for (const [what, change, step] of STEPS) {
  Deno.test(`a follower that sees ${what}: ${step}`, () => {
    assertEquals(nextStep(situation(change)).do, step);
  });
}

Deno.test("what is wrong with a key is said with its remedy", () => {
  const foreign = nextStep(situation({ observed: key("hello there") }));
  assert(foreign.do === "wait");
  assertMatch(foreign.problem!, /no <name>:<pid>.*delete/);
  assertEquals(parseElectionValue("node-1:2219629"), { name: "node-1", pid: 2219629 });
});

Deno.test("isMaster holds from the heartbeat to the end of validity, and no longer", () => {
  const record = { heartbeat: 10_000, validUntil: 20_000, term: "1", id: "n:1", since: 0 };
  assert(isMaster(record, 10_000));
  assert(isMaster(record, 19_999));
  assert(!isMaster(record, 20_000));
  assert(isMaster(record, 9_000), "within a second of clock noise");
  assert(!isMaster(record, 8_999), "a clock that was set back must not prolong it");
  assert(!isMaster(null, 10_000));
});

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

interface Contender {
  store: StateStore;
  log: LogRecorder;
  stop(): Promise<void>;
}

/** An elector with its own state directory. */
async function contend(
  url: string,
  name: string,
  options: { pid?: number; pidAlive?: (pid: number) => boolean; ttlSeconds?: number } = {},
): Promise<Contender> {
  const dir = await Deno.makeTempDir();
  const ttlSeconds = options.ttlSeconds ?? 3;
  const config: Config = testConfig({
    etcd: { ...testConfig().etcd, endpoints: [url] },
    election: { name, ttlSeconds, refreshSeconds: 1, marginSeconds: 1 },
  });
  const etcd = openEtcd(config.etcd);
  const store = await StateStore.open(dir);
  const log = new LogRecorder();
  const stop = new AbortController();
  const done = runElector(config, new EtcdElectionStore(etcd, config), {
    log,
    clock: systemClock,
    store,
    alive: () => {},
    pid: options.pid ?? 1,
    pidAlive: (pid) => Promise.resolve(options.pidAlive?.(pid) ?? true),
  }, stop.signal);
  return {
    store,
    log,
    async stop() {
      stop.abort();
      await done;
      store[Symbol.dispose]();
      etcd.close();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

const leads = async ({ store }: Contender) => isMaster(await store.readMastership(), Date.now());
const KEY = "/calico/openstack/v2/no-region/neutron_election";

Deno.test(
  "of two electors one leads; an orderly stop hands over within a second",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const first = await contend(server.url, "node-1");
    await eventually("the first leads", () => leads(first));
    const second = await contend(server.url, "node-2");
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    try {
      await eventually(
        "the second sees it",
        async () => (await second.store.readElection())?.leader === "node-1:1",
      );
      assert(!await leads(second));
      const term = (await first.store.readMastership())!.term;
      await eventually("a refresh", async () => {
        const { kvs } = await etcd.get(KEY).exec();
        return kvs[0]!.version > "1" && kvs[0]!.create_revision === term;
      });
      assertEquals(await etcd.get("/calico/openstack/v1/neutron_election").string(), "node-1:1");
      const stoppedAt = Date.now();
      await first.stop();
      await eventually("the second leads", () => leads(second), 2000, 5);
      assertWithin(Date.now() - stoppedAt, 1000, "the hand-over");
      await second.stop();
      assertEquals(await etcd.getAll().prefix("/calico/openstack/").keys(), []);
    } finally {
      etcd.close();
    }
  },
);

Deno.test(
  "a stale key of a dead process of this node is recognised, another's is respected",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    const { ID: lease } = await etcd.leaseClient.leaseGrant({ TTL: 60 });
    await etcd.put(KEY).value("node-1:4711").lease(lease).exec();
    const other = await contend(server.url, "node-2", { pidAlive: () => false });
    const own = await contend(server.url, "node-1", { pidAlive: (pid) => pid !== 4711 });
    try {
      await eventually("this node leads", () => leads(own), 3000);
      assert(!await leads(other));
      assert(own.log.at("warn").some((r) => /stale/.test(r.message)));
    } finally {
      await own.stop();
      await other.stop();
      etcd.close();
    }
  },
);

Deno.test("a leader that loses etcd stops being master before another can win", GRPC, async () => {
  const server = await startEtcd();
  const contender = await contend(server.url, "node-1");
  try {
    await eventually("it leads", () => leads(contender));
    const cutAt = Date.now();
    server.process.kill("SIGSTOP");
    await eventually("it is master no longer", async () => !await leads(contender), 4000);
    assert(
      Date.now() - cutAt <= 2100,
      `${Date.now() - cutAt} ms after the cut, ttl − margin is 2 s`,
    );
    await eventually(
      "it says so",
      async () => (await contender.store.readElection())?.problem?.includes("does not answer"),
    );
  } finally {
    server.process.kill("SIGCONT");
    await contender.stop();
    await server[Symbol.asyncDispose]();
  }
});

Deno.test("when the key is taken away, the term ends and its record goes", GRPC, async () => {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  const contender = await contend(server.url, "node-1");
  try {
    await eventually("it leads", () => leads(contender));
    await etcd.delete().key(KEY);
    await etcd.put(KEY).value("node-9:1").exec();
    await eventually(
      "it is a follower",
      async () =>
        (await contender.store.readElection())?.leader === "node-9:1" && !await leads(contender),
    );
    assertEquals(await etcd.get(KEY).string(), "node-9:1");
  } finally {
    await contender.stop();
    etcd.close();
  }
});

Deno.test(
  "a job runs while this node is master, and is joined before it starts again",
  GRPC,
  async () => {
    const dir = await Deno.makeTempDir();
    const store = await StateStore.open(dir);
    const stop = new AbortController();
    const terms: string[] = [];
    let running = 0;
    const publish = (term: string) => {
      const heartbeat = Date.now();
      const record = {
        heartbeat,
        validUntil: heartbeat + 60_000,
        term,
        id: "n:1",
        since: heartbeat,
      };
      return store.writeMastership(record);
    };
    const done = whileMaster(store, systemClock, stop.signal, KEY, async ({ term, signal }) => {
      terms.push(term);
      assertEquals(++running, 1);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      running--;
    }, { log: new LogRecorder(), idle: () => {} });
    try {
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals(terms, []);
      await publish("5");
      await eventually("it runs", () => running === 1, 1000);
      await store.writeMastership(null);
      await eventually("it stops", () => running === 0, 1000);
      await publish("6");
      await eventually("it runs again", () => terms.length === 2, 1000);
      await publish("7");
      await eventually("another term is another run", () => terms.at(-1) === "7", 1000);
    } finally {
      stop.abort();
      await done;
      store[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    }
  },
);
