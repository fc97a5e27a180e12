import { systemClock } from "../../lib/base/clock.ts";
import { COMPACTION_LAST_KEY, electionKey } from "../../lib/calico/keys.ts";
import { runElector } from "../../lib/election/elector.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { refusalOf } from "../../lib/etcd/call_errors.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { checkOnce } from "../../lib/etcd/compaction.ts";
import { describeOutcome } from "../../lib/etcd/compaction_rules.ts";
import { readDatabase } from "../../lib/etcd/database.ts";
import { FencedWriter, writeFenced } from "../../lib/etcd/fenced_write.ts";
import { membersOf } from "../../lib/etcd/members.ts";
import { mirror } from "../../lib/etcd/mirror.ts";
import { publishDatabases } from "../../lib/etcd/publish_databases.ts";
import { Refusals } from "../../lib/etcd/refusal.ts";
import { isMaster } from "../../lib/state/is_master.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { fill, makeRoom, SMALL_QUOTA } from "../support/fill_etcd.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers of connections beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const KEY = electionKey(null);
const TTL_SECONDS = 3;

Deno.test(
  "a full etcd: the leader keeps its term, compacts and deletes; all is right when there is room again",
  GRPC,
  async () => {
    await using server = await startEtcd(SMALL_QUOTA);
    await using dir = await tempDir();
    const election = { ...testConfig().election, ttlSeconds: TTL_SECONDS, refreshSeconds: 1 };
    const etcdConfig = { ...testConfig().etcd, endpoints: [server.url] };
    const config = testConfig({ etcd: etcdConfig, election: { ...election, marginSeconds: 1 } });
    const etcd = openEtcd(config.etcd);
    const store = await StateStore.open(dir.path);
    const log = new LogRecorder();
    const stop = new AbortController();
    const elections = new EtcdElectionStore(etcd, config);
    const place = { bootId: "this boot", pidNamespace: "pid:[1]" };
    const context = { log, clock: systemClock, store, alive: () => {}, pid: 1, place };
    const done = runElector(config, elections, context, stop.signal);
    const published = publishDatabases(etcd, config.etcd, context, stop.signal);
    try {
      const led = await eventually("leads", async () => {
        const record = await store.readMastership();
        return isMaster(record, systemClock) && record;
      });
      const term = { term: led.term, id: led.id, electionKey: KEY, signal: stop.signal };
      const late = { key: "/doomed", value: null, group: "" };
      const { header } = await etcd.put(late.key).value("1").exec();
      await etcd.put(COMPACTION_LAST_KEY).value("1").exec();
      const refused = await fill(etcd);

      const text = String(refusalOf(refused));
      assertMatch(text, /^etcd is full \(\d+ MiB of a quota of 8 MiB, \d+ % of it free inside\)/);
      assertMatch(text, /compact it, defragment .* disarm .*\(.*database space exceeded\)$/);

      const filledAt = systemClock.now();
      await eventually(
        "the term outlives its lease",
        async () => (await store.readMastership())!.heartbeat > filledAt + 2 * TTL_SECONDS * 1000,
        30_000,
      );
      assertEquals((await store.readMastership())!.term, led.term);

      const writer = new FencedWriter(etcd, term, () => {}, true);
      await writer.add({ key: "/new", value: "1", modRevision: "0", group: "" });
      await writer.add({ ...late, modRevision: header.revision });
      await writer.flush();
      assertMatch(String(writer.full), /etcd is full/);
      assertEquals(writer.refused.map(({ key }) => key), ["/new"]);
      assertEquals(await etcd.getAll().prefix("/doomed").keys(), []);

      const own = { at: null };
      const compactor = { etcd, periodSeconds: 60, minRevisions: 5, pid: 1 };
      const check = () => checkOnce(term, compactor, own).then(describeOutcome);
      assertMatch(await check(), /^compacted at revision \d+$/);
      assertMatch(await check(), /etcd is full/);

      await makeRoom(etcd);
      const { mod_revision } = (await etcd.get(KEY).exec()).kvs[0]!;
      await eventually("the key is written again", async () => {
        const key = (await etcd.get(KEY).exec()).kvs[0]!;
        return key.mod_revision !== mod_revision && key.create_revision === led.term;
      });
      const put = { key: "/new", value: "1", modRevision: "0", group: "" };
      assertEquals(await writeFenced(etcd, term, [put]), []);
      assertEquals(await check(), "an earlier compaction is noted, which it could not be before");
      assert(!log.records.some(({ message }) => message === "term ended"), "one term all along");
    } finally {
      stop.abort();
      await Promise.all([done, published]);
      store[Symbol.dispose]();
      etcd.close();
    }
  },
);

Deno.test(
  "a refused call does not wait past its time for how full a silent member is",
  GRPC,
  async () => {
    const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = silent.addr as Deno.NetAddr;
    const config = { ...testConfig().etcd, endpoints: [`http://127.0.0.1:${port}`] };
    const etcd = openEtcd(config);
    try {
      const refused = new Error("etcdserver: mvcc: database space exceeded");
      const explained = new Refusals(config, membersOf(etcd)).explain(
        refused,
        "put",
        {},
        Date.now(),
      );
      const late = new Promise((resolve) => setTimeout(resolve, 500));
      assertEquals(await Promise.race([explained, late]), refused);
      assertMatch(refused.message, /^etcd is full \(how full is not known\)/);
      await late;
    } finally {
      etcd.close();
      silent.close();
    }
  },
);

Deno.test("a user in an address is published neither by what quotes it nor as where etcd is", async () => {
  const url = "http://calico:s3cret@127.0.0.1:1";
  const exec = () => Promise.reject(new Error(`no answer of ${url}`));
  const etcd = { ...testConfig().etcd, endpoints: [url] };
  const read = await readDatabase({ url: "http://127.0.0.1:1", exec }, etcd, 1000);
  assert(!JSON.stringify(read).includes("s3cret"), JSON.stringify(read));
  const client = openEtcd(etcd);
  const { description } = new EtcdElectionStore(client, { ...testConfig(), etcd });
  client.close();
  assertEquals(description, "http://(secret)@127.0.0.1:1");
});

Deno.test(
  "an etcd that is full in the midst of a batch with a conflict: each operation has one fate, and a true one",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    try {
      const { header } = await etcd.put(KEY).value("n:1").exec();
      const { signal } = new AbortController();
      const term = { term: header.revision, id: "n:1", electionKey: KEY, signal };
      const doomed = await etcd.put("/doomed").value("1").exec();
      await etcd.put("/changed").value("1");
      // The batch is refused as a conflict, its first operation written alone; then the alarm is raised.
      const { kv } = etcd;
      const txn = kv.txn.bind(kv);
      let calls = 0;
      kv.txn = async (...request) => {
        if (++calls === 3) {
          const alarm = "Nospace" as never;
          await etcd.maintenance.alarm({ action: "Activate", memberID: "1", alarm });
        }
        return await txn(...request);
      };
      const writer = new FencedWriter(etcd, term, () => {}, true);
      const put = (key: string) => ({ key, value: "1", modRevision: "0", group: "" });
      for (const key of ["/first", "/second", "/changed"]) await writer.add(put(key));
      const { revision } = doomed.header;
      await writer.add({ key: "/doomed", value: null, modRevision: revision, group: "" });
      await writer.flush();
      const keys = await etcd.getAll().prefix("/").keys();
      assertEquals(keys.includes("/first"), true);
      assertEquals(keys.includes("/second") || keys.includes("/doomed"), false);
      assertEquals(writer.refused.map(({ key }) => key), ["/second", "/changed"]);
      assertEquals(writer.conflicts, []);
    } finally {
      etcd.close();
    }
  },
);

Deno.test(
  "a full etcd is followed on, and not read again for each try of a silent watch",
  GRPC,
  async () => {
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
    const stop = new AbortController();
    const { kv } = etcd;
    const range = kv.range.bind(kv);
    let reads = 0;
    kv.range = (...request) => {
      reads++;
      return range(...request);
    };
    const seen: string[] = [];
    const troubles: string[] = [];
    let followed = Promise.resolve();
    try {
      await etcd.put("/felix/a").value("1").exec();
      const changes = mirror(etcd, "/felix/", {
        signal: stop.signal,
        clock: systemClock,
        wants: (key) => key !== "/felix/round-trip",
        roundTripKey: "/felix/round-trip",
        quietMs: 50,
        onTrouble: (error) => error !== null && troubles.push(String(refusalOf(error))),
      });
      followed = (async () => {
        for await (const batch of changes) seen.push(...batch.map(({ key }) => key));
      })().catch(() => {});
      await eventually("it follows", () => seen.includes("/felix/a"));
      await eventually("it is tried", () => etcd.get("/felix/round-trip").string());
      const alarm = "Nospace" as never;
      await etcd.maintenance.alarm({ action: "Activate", memberID: "1", alarm });
      await eventually("it has been tried in vain", () => troubles.length > 0);
      const before = reads;
      await eventually("and again", () => troubles.length > 5);
      assertEquals(reads, before);
      assertMatch(troubles.at(-1)!, /^etcd is full/);
      await etcd.delete().key("/felix/a");
      await eventually("it still follows", () => seen.length === 2);
    } finally {
      stop.abort();
      await followed;
      etcd.close();
    }
  },
);

Deno.test("sizes, quota and alarm are published, and an alarm is logged once", GRPC, async () => {
  await using server = await startEtcd(SMALL_QUOTA);
  await using dir = await tempDir();
  const config = { ...testConfig().etcd, endpoints: [server.url] };
  const etcd = openEtcd(config);
  const store = await StateStore.open(dir.path);
  const log = new LogRecorder();
  try {
    await fill(etcd);
    // Each pause of the loop ends as soon as there is something to read again.
    const turns = Promise.withResolvers<void>();
    let pauses = 0;
    const stop = new AbortController();
    const clock = {
      ...systemClock,
      now: () => systemClock.now(),
      sleep() {
        if (++pauses === 2) turns.resolve();
        return pauses < 2 ? Promise.resolve() : new Promise<void>(() => {});
      },
    };
    publishDatabases(etcd, config, { store, clock, log }, stop.signal);
    await turns.promise;
    const { members: [member] } = (await store.readDatabases())!;
    assertEquals(member!.url, server.url);
    assertEquals([member!.quotaBytes, member!.alarms, member!.problem], [
      8388608,
      ["NOSPACE"],
      null,
    ]);
    assert(member!.sizeBytes! > 6_000_000 && member!.inUseBytes! <= member!.sizeBytes!);
    assertEquals(log.at("error").map(({ message }) => message), ["etcd has raised an alarm"]);
  } finally {
    store[Symbol.dispose]();
    etcd.close();
  }
});
