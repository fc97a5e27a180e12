import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { mastershipNow } from "../support/mastership.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";
import { conductorPrefix } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { ClusterRegistry } from "../../lib/election/cluster.ts";
import { MAX_TERMS } from "../../lib/election/term_history.ts";
import { runElector, type TermObserver } from "../../lib/election/elector.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { isMaster } from "../../lib/state/is_master.ts";
import { runWhileMaster } from "../../lib/election/while_master.ts";
import { type Etcd3, GRPCUnavailableError } from "etcd3";
import type { ProcessPlace } from "../../lib/process/place.ts";
import { requestStepDown } from "../../lib/state/step_down_request.ts";
import type { TermRecord } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";

const PLACE: ProcessPlace = { bootId: "this boot", pidNamespace: "pid:[1]" };

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

interface Contender {
  store: StateStore;
  log: LogRecorder;
  stop(): Promise<void>;
}

/** What a role works with that stands for mastership beside that store. */
const standing = (store: StateStore, signal: AbortSignal) => ({
  config: { region: null, election: { name: "n" } },
  job: { store, clock: systemClock, log: new LogRecorder(), alive: () => {} },
  signal,
});

/** An elector with its own state directory. */
async function contend(
  url: string,
  name: string,
  options: {
    pid?: number;
    ttlSeconds?: number;
    election?: Partial<Config["election"]>;
    observer?: (etcd: Etcd3, store: StateStore, log: LogRecorder) => TermObserver;
    prepare?: (store: StateStore) => Promise<void>;
    elections?: (store: EtcdElectionStore) => void;
  } = {},
): Promise<Contender> {
  const dir = await Deno.makeTempDir();
  const ttlSeconds = options.ttlSeconds ?? 3;
  const config: Config = testConfig({
    etcd: { ...testConfig().etcd, endpoints: [url] },
    election: {
      ...testConfig().election,
      name,
      ttlSeconds,
      refreshSeconds: 1,
      marginSeconds: 1,
      ...options.election,
    },
  });
  const etcd = openEtcd(config.etcd);
  const store = await StateStore.open(dir);
  await options.prepare?.(store);
  const log = new LogRecorder();
  const stop = new AbortController();
  const elections = new EtcdElectionStore(etcd, config);
  options.elections?.(elections);
  const done = runElector(config, elections, {
    log,
    clock: systemClock,
    store,
    alive: () => {},
    observer: options.observer?.(etcd, store, log),
    pid: options.pid ?? 1,
    place: PLACE,
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

const leads = async ({ store }: Contender) => isMaster(await store.readMastership(), systemClock);
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

Deno.test("a leader that loses etcd stops being master before another can win", GRPC, async () => {
  const server = await startEtcd();
  const contender = await contend(server.url, "node-1");
  try {
    await eventually("it leads", () => leads(contender));
    server.process.kill("SIGSTOP");
    const cutAt = Date.now();
    let until = 0;
    await eventually("it is master no longer", async () => {
      const record = await contender.store.readMastership();
      until = record?.validUntil ?? until;
      return !isMaster(record, systemClock);
    });
    assert(until - cutAt <= 2100, `${until - cutAt} ms after the cut, ttl − margin is 2 s`);
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

Deno.test(
  "a term that ends for want of etcd is shown as over before etcd is asked again",
  GRPC,
  async () => {
    await using server = await startEtcd();
    let isCut = false;
    const asked = Promise.withResolvers<void>();
    const contender = await contend(server.url, "node-1", {
      elections(store) {
        const [get, refresh, release] = [store.get, store.refresh, store.release];
        const late = async () => {
          await asked.promise;
          throw new GRPCUnavailableError("cut off");
        };
        store.refresh = (...of) =>
          isCut ? Promise.reject(new GRPCUnavailableError("cut off")) : refresh.apply(store, of);
        store.get = (...of) => isCut ? late() : get.apply(store, of);
        store.release = (...of) => isCut ? late() : release.apply(store, of);
      },
    });
    try {
      await eventually("it leads", () => leads(contender));
      isCut = true;
      const shown = await eventually("it does not any more", async () => {
        const election = await contender.store.readElection();
        return election?.state === "follower" && election;
      });
      assertEquals([shown.leader, shown.term, await leads(contender)], [null, null, false]);
      assertMatch(shown.problem!, /does not answer/);
    } finally {
      asked.resolve();
      isCut = false;
      await contender.stop();
    }
  },
);

Deno.test(
  "an earlier manager's key is taken at once when the own term proves it",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    const { ID: lease } = await etcd.leaseClient.leaseGrant({ TTL: 60 });
    await etcd.put(KEY).value("node-1:4711").lease(lease).exec();
    const term = (await etcd.get(KEY).exec()).kvs[0]!.create_revision;
    const own = { term, value: "node-1:4711", ...PLACE };
    const strangers = await Promise.all(
      [
        null,
        { ...own, term: "1" },
        { ...own, value: "node-1:4712" },
        { ...own, bootId: "another boot" },
        { ...own, pidNamespace: "pid:[2]" },
      ].map((record) =>
        contend(server.url, "node-1", {
          prepare: async (store) => void (record && await store.writeOwnTerm(record)),
        })
      ),
    );
    try {
      for (const { store } of strangers) {
        const seen = await eventually("it sees the key, and says so", async () => {
          const election = await store.readElection();
          return election?.leader ? election : null;
        });
        assertMatch(seen.problem!, /of this node's own name, and nothing proves/);
      }
      await new Promise((resolve) => setTimeout(resolve, 1500));
      assertEquals(await etcd.get(KEY).string(), "node-1:4711", "no other record proves anything");
      const heir = await contend(server.url, "node-1", {
        pid: 5,
        prepare: (store) => store.writeOwnTerm(own),
      });
      await eventually("it replaces its predecessor", () => leads(heir), 3000);
      await heir.stop();
    } finally {
      for (const stranger of strangers) await stranger.stop();
      etcd.close();
    }
  },
);

Deno.test("a key without a lease is taken over after 2 × ttl, or respected", GRPC, async () => {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  await etcd.put(KEY).value("by-hand:1").exec();
  const respectful = await contend(server.url, "node-2", {
    election: { respectUnleasedKey: true },
  });
  try {
    await eventually(
      "it warns with the remedy",
      () => respectful.log.at("warn").some((r) => /without a lease; .*delete \//.test(r.message)),
    );
    await new Promise((resolve) => setTimeout(resolve, 7000));
    assertEquals(await etcd.get(KEY).string(), "by-hand:1", "2 × ttl is 6 s");
    const startedAt = Date.now();
    const taker = await contend(server.url, "node-1");
    await eventually("it takes it over", () => leads(taker), 10_000);
    assert(Date.now() - startedAt >= 6000, "not before 2 × ttl");
    await taker.stop();
  } finally {
    await respectful.stop();
    etcd.close();
  }
});

Deno.test("stepping down gives mastership away and keeps out for the pause", GRPC, async () => {
  await using server = await startEtcd();
  const first = await contend(server.url, "node-1");
  await eventually("the first leads", () => leads(first));
  const second = await contend(server.url, "node-2");
  try {
    await eventually("the second follows", async () => (await second.store.readElection())?.leader);
    const ask = (who: Contender) => requestStepDown(who.store, systemClock, "a test", 3);
    assertEquals(await ask(second), "not leading");
    assertEquals(await ask(first), "stepped down");
    await eventually("the second leads", () => leads(second), 2000, 5);
    assert(!await leads(first));
    assert(first.log.at("info").some((r) => /asked by a test/.test(String(r.fields.reason))));
    await second.stop();
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert(!await leads(first), "it stands again before its pause is over");
    await eventually("it stands again", () => leads(first), 5000);
  } finally {
    await first.stop();
  }
});

Deno.test("every term is kept in etcd with its end and its reason", GRPC, async () => {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  const prefix = conductorPrefix(null);
  const terms = async (): Promise<TermRecord[]> =>
    Object.values(await etcd.getAll().prefix(`${prefix}terms/`).strings())
      .filter((text) => !text.includes("broken")).map((text) => JSON.parse(text));
  const observer = (name: string) => (client: Etcd3, store: StateStore, log: LogRecorder) =>
    new ClusterRegistry({
      etcd: client,
      region: null,
      id: `${name}:1`,
      node: { name, version: "0", roles: [], since: 0, diagnostics: "", page: null },
      store,
      clock: systemClock,
      log,
    });
  try {
    for (let i = 0; i < MAX_TERMS + 3; i++) {
      const record = {
        term: String(i),
        node: "old",
        id: "old:1",
        start: i,
        end: i + 1,
        reason: "x",
      };
      await etcd.put(`${prefix}terms/${String(i).padStart(20, "0")}`)
        .value(JSON.stringify(record));
    }
    const orphan = { term: "50", node: "gone", id: "gone:1", start: 1, end: null, reason: null };
    await etcd.put(`${prefix}terms/${"50".padStart(20, "0")}`).value(JSON.stringify(orphan));
    await etcd.put(`${prefix}terms/${"60".padStart(20, "0")}`).value("{broken");
    const node = await contend(server.url, "node-1", { observer: observer("node-1") });
    await eventually("it leads", () => leads(node));
    const { term, since } = (await node.store.readMastership())!;
    await eventually("it is written", async () => (await terms()).some((t) => t.term === term));
    await eventually("the oldest go", async () => {
      return (await etcd.getAll().prefix(`${prefix}terms/`).keys()).length === MAX_TERMS;
    });
    const ended = (await terms()).find((t) => t.node === "gone")!;
    assertEquals([ended.end, ended.reason], [since, "not ended in order; node-1 was elected"]);
    await node.stop();
    const own = (await terms()).find((t) => t.term === term)!;
    assertEquals([own.node, own.start, own.reason], ["node-1", since, "stopped in order"]);
    assert(own.end! >= since);
  } finally {
    etcd.close();
  }
});

Deno.test("nodes register under a lease, and every node's page learns of all", GRPC, async () => {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  const dir = await Deno.makeTempDir();
  const store = await StateStore.open(dir);
  const log = new LogRecorder();
  const run = (name: string) => {
    const stop = new AbortController();
    const registry = new ClusterRegistry({
      etcd,
      region: null,
      id: `${name}:1`,
      node: {
        name,
        version: "7",
        roles: ["manager"],
        since: 5,
        diagnostics: "127.0.0.1:1",
        page: null,
      },
      store,
      clock: systemClock,
      log,
    });
    const done = registry.run(stop.signal);
    return { stop: () => (stop.abort(), done) };
  };
  try {
    const first = run("node-1");
    const key = `${conductorPrefix(null)}nodes/node-1`;
    await eventually("it registers", async () => await etcd.get(key).string());
    assert((await etcd.get(key).exec()).kvs[0]!.lease !== "0");
    const second = run("node-2");
    const both = ["node-1", "node-2"];
    await eventually("both are known", async () => {
      const nodes = (await store.readCluster())?.nodes.map((n) => n.name) ?? [];
      return nodes.length === 2 && nodes.every((name, i) => name === both[i]);
    });
    await first.stop();
    await second.stop();
    assertEquals(await etcd.getAll().prefix(`${conductorPrefix(null)}nodes/`).keys(), []);
  } finally {
    store[Symbol.dispose]();
    etcd.close();
    await Deno.remove(dir, { recursive: true });
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
    const publish = (term: string) => store.writeMastership(mastershipNow(term));
    const done = runWhileMaster(standing(store, stop.signal), async ({ term, signal }) => {
      terms.push(term);
      assertEquals(++running, 1);
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      running--;
    });
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
      await store.writeMastership({ ...mastershipNow("8"), id: "another:1" });
      await eventually("another node's record is none", () => running === 0, 1000);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals(terms.at(-1), "7");
    } finally {
      stop.abort();
      await done;
      store[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    }
  },
);

Deno.test(
  "a job ends in the moment in which mastership is no longer valid, though nobody says so",
  GRPC,
  async () => {
    const dir = await Deno.makeTempDir();
    const store = await StateStore.open(dir);
    const stop = new AbortController();
    const record = mastershipNow("5", 3500);
    const { heartbeat, validUntil } = record;
    await store.writeMastership(record);
    let endedAt = 0;
    const done = runWhileMaster(standing(store, stop.signal), async ({ signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      endedAt = Date.now();
    });
    try {
      await eventually("its end", () => endedAt > 0);
      assert(endedAt > heartbeat + 2000, "it ended early");
      assertWithin(endedAt - validUntil, 100, "the end after validity");
    } finally {
      stop.abort();
      await done;
      store[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    }
  },
);

Deno.test("what cannot be published is no term: the key goes to another node", GRPC, async () => {
  await using server = await startEtcd();
  let full = false;
  const first = await contend(server.url, "node-1", {
    // deno-lint-ignore require-await
    async prepare(store) {
      for (const name of ["writeMastership", "writeElection", "writeOwnTerm"] as const) {
        const write = store[name].bind(store) as (record: unknown) => Promise<void>;
        const replaced = (record: unknown) =>
          full ? Promise.reject(new Error("the disk is full")) : write(record);
        Object.assign(store, { [name]: replaced });
      }
    },
  });
  await eventually("the first leads", () => leads(first));
  const second = await contend(server.url, "node-2");
  full = true;
  await eventually("the second leads", () => leads(second), 10_000);
  assert(!await leads(first));
  assert(first.log.at("warn").some(({ fields }) => /disk is full/.test(String(fields.reason))));
  full = false;
  await second.stop();
  await eventually("the first leads again", () => leads(first), 15_000);
  await first.stop();
});

Deno.test(
  "a leader whose watch alone has trouble is not said to be without etcd",
  GRPC,
  async () => {
    await using server = await startEtcd();
    await using dir = await tempDir();
    const election = { ttlSeconds: 30, refreshSeconds: 1, marginSeconds: 1 };
    const config = testConfig({
      etcd: { ...testConfig().etcd, endpoints: [server.url] },
      election: { ...testConfig().election, name: "n", ...election },
    });
    const etcd = openEtcd(config.etcd);
    const elections = new EtcdElectionStore(etcd, config);
    let trouble: (error: unknown) => void = () => {};
    elections.watch = (_onChange, onTrouble = () => {}) => {
      trouble = onTrouble;
      return { close: () => {} };
    };
    const keepAlive = elections.keepAlive.bind(elections);
    let failures = 0;
    elections.keepAlive = (...args) =>
      failures++ === 0
        ? Promise.reject(new GRPCUnavailableError("14 UNAVAILABLE: Connection dropped"))
        : keepAlive(...args);
    const store = await StateStore.open(dir.path);
    const log = new LogRecorder();
    const stop = new AbortController();
    const context = { log, clock: systemClock, store, alive: () => {}, pid: 1, place: PLACE };
    const done = runElector(config, elections, context, stop.signal);
    const said = (text: string) =>
      log.records.filter(({ message }) => message.includes(text)).length;
    try {
      await eventually("a refresh succeeds after one that failed", () => said("etcd serves again"));
      trouble(new Error("the watch is not attached"));
      await eventually("it is said", () => said("a change of leader is noticed late"));
      trouble(null);
      await eventually("it is over", () => said("the election key is as it should be again"));
      assertEquals(said("etcd serves again"), 1);
    } finally {
      stop.abort();
      await done;
      store[Symbol.dispose]();
      etcd.close();
    }
  },
);
