import { Etcd3 } from "etcd3";
import { conductorPrefix, electionKey } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { ClusterRegistry } from "../../lib/election/cluster.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import { readRawKey } from "../../lib/election/raw_key.ts";
import type { Leadership } from "../../lib/election/states.ts";
import { FenceLostError, openEtcd } from "../../lib/etcd/client.ts";
import type { TermRecord } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { mastershipNow } from "../support/mastership.ts";
import { tempDir } from "../support/temp_dir.ts";
import { testConfig } from "../support/test_config.ts";
import { LogRecorder } from "../support/log_recorder.ts";

const GRPC = { sanitizeOps: false, sanitizeResources: false };

interface Cloud {
  readonly server: EtcdServer;
  readonly etcd: Etcd3;
  readonly store: StateStore;
  readonly log: LogRecorder;
  readonly stop: AbortController;
  /** All that a registry is made of but its id. */
  readonly base: Omit<ConstructorParameters<typeof ClusterRegistry>[0], "id">;
}

async function withCloud(test: (cloud: Cloud) => Promise<void>): Promise<void> {
  await using server = await startEtcd();
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const etcd = new Etcd3({ hosts: server.url });
  const [stop, log] = [new AbortController(), new LogRecorder()];
  const node = {
    name: "node-1",
    version: "1",
    roles: ["manager"],
    since: 1,
    diagnostics: "x:1",
    page: null,
  };
  const base = { etcd, region: null, node, store, clock: systemClock, log };
  try {
    await test({ server, etcd, store, log, stop, base });
  } finally {
    stop.abort();
    etcd.close();
  }
}

Deno.test(
  "the cloud's record fits into the KV file whatever etcd holds, with the raw election key",
  GRPC,
  () =>
    withCloud(async ({ base, etcd, log, stop, store }) => {
      const registry = new ClusterRegistry({ ...base, id: "node-1:7" });
      const prefix = conductorPrefix(null);
      for (let i = 1; i <= 100; i++) {
        const term = {
          term: String(i),
          node: "n",
          id: "n:1",
          start: i,
          end: i + 1,
          reason: "ü".repeat(3000),
        };
        await etcd.put(`${prefix}terms/${String(i).padStart(20, "0")}`).value(JSON.stringify(term));
      }
      const lease = etcd.lease(30);
      await lease.put(electionKey(null)).value("node-1:7<b>");
      const running = registry.run(stop.signal);
      const cluster = await eventually("the record", () => store.readCluster());
      assert(
        cluster.terms.length > 0 && cluster.terms.length < 100,
        `${cluster.terms.length} terms`,
      );
      assertEquals(cluster.terms[0]!.term, "100");
      const key = cluster.electionKey!;
      assertEquals([key.key, key.value, key.version], [electionKey(null), "node-1:7<b>", "1"]);
      assertEquals(key.leaseGrantedSeconds, 30);
      assert(key.leaseLeftSeconds! > 20 && key.createRevision === key.modRevision);
      stop.abort();
      await running;
      await lease.revoke();
      assertEquals(log.at("warn"), []);
    }),
);

Deno.test(
  "what is written of a term is fenced by it, and no other term's record is replaced",
  GRPC,
  () =>
    withCloud(async ({ base, etcd, log }) => {
      const registry = new ClusterRegistry({ ...base, id: "node-1:7" });
      const prefix = `${conductorPrefix(null)}terms/`;
      const keyOf = (term: string) => prefix + term.padStart(20, "0");
      const put = (record: TermRecord) =>
        etcd.put(keyOf(record.term)).value(JSON.stringify(record)).exec();
      const read = async (term: string): Promise<TermRecord | null> =>
        JSON.parse(await etcd.get(keyOf(term)).string() ?? "null");
      const leadership = (term: string, since: number): Leadership => ({
        lease: "1",
        term,
        since,
        sent: { wall: 0, monotonic: 0, uptime: 0 },
      });
      const open = (term: string, id: string, start: number): TermRecord => ({
        term,
        node: id.split(":")[0]!,
        id,
        start,
        end: null,
        reason: null,
      });
      const { header } = await etcd.put(electionKey(null)).value("node-1:7").exec();
      const term = header.revision;
      await put(open("1", "node-9:1", 3));
      for (
        const [led, id] of [[String(Number(term) + 1), "node-1:7"], [term, "node-1:70"]] as const
      ) {
        const deposed = new ClusterRegistry({ ...base, id });
        deposed.began(leadership(led, 5));
        await deposed.ended(leadership(led, 5), { why: "stopped" });
        assertEquals(await etcd.getAll().prefix(prefix).keys(), [keyOf("1")], "nothing is begun");
        assertEquals((await read("1"))!.end, null, "nor is another's term ended");
      }
      assert(log.at("warn").some(({ fields }) => fields.error instanceof FenceLostError));

      registry.began(leadership(term, 5));
      await eventually("the term before is ended", async () => (await read("1"))!.end === 5);
      assertEquals((await read(term))?.id, "node-1:7");
      await etcd.delete().key(electionKey(null)); // released, or lost
      await registry.ended(leadership(term, 5), { why: "stopped" });
      assertEquals((await read(term))?.reason, "stopped in order");

      // An etcd that was restored gives revisions out again: that term is another's now.
      for (const other of [open(term, "node-2:7", 5), open(term, "node-1:7", 6)]) {
        await put(other);
        await registry.ended(leadership(term, 5), { why: "stopped" });
        assertEquals(await read(term), other);
      }
    }),
);

Deno.test(
  "who held the key from when to when is told of drivers that write no history, with the gap after",
  GRPC,
  () =>
    withCloud(async ({ base, etcd, log, stop, store }) => {
      const elections = new EtcdElectionStore(etcd, testConfig());
      const watch = (onChange: () => void) => elections.watch(onChange);
      const running = new ClusterRegistry({ ...base, id: "node-1:7", watch }).run(stop.signal);
      try {
        const lease = etcd.lease(30);
        await lease.put(electionKey(null)).value("ctl-9:41");
        const terms = async () => (await store.readCluster())?.terms ?? [];
        const [term] = await eventually("its term", async () => {
          const found = await terms();
          return found.length === 1 ? found : null;
        }, 20_000);
        assertEquals([term!.node, term!.id, term!.end], [
          "ctl-9 (another driver)",
          "ctl-9:41",
          null,
        ]);
        assertEquals(term!.term, (await readRawKey(etcd, electionKey(null)))!.createRevision);
        const from = Date.now();
        await lease.revoke();
        const end = await eventually("its end", async () => (await terms())[0]?.end, 20_000);
        assert(end >= from && end <= Date.now(), `${end} is not after ${from}`);
        assertEquals(log.at("warn"), []);
      } finally {
        stop.abort();
        await running;
      }
    }),
);

Deno.test(
  "a backup that is restored shows in this node's registration: it is said, and all is compared again",
  GRPC,
  () =>
    withCloud(async ({ server, base, stop, store, log }) => {
      const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
      try {
        await store.writeMastership(mastershipNow("7"));
        let turn = () => {};
        const watch = (onChange: () => void) => (turn = onChange, { close: () => {} });
        const registry = new ClusterRegistry({ ...base, etcd, id: "node-1:7", watch });
        const written = async () =>
          (await etcd.get(`${conductorPrefix(null)}nodes/node-1`).exec()).kvs[0];
        /** Another election key wakes the registry, which writes its registration again. */
        const registers = async (value: string) => {
          const before = (await written())?.version;
          await etcd.delete().key(electionKey(null));
          await etcd.put(electionKey(null)).value(value);
          await eventually("a registration", async () => {
            turn();
            return (await written())?.version !== before;
          });
        };
        const running = registry.run(stop.signal);
        await eventually("the first registration", written);
        const backup = await server.save();
        await registers("a");
        assertEquals(log.at("error"), []);
        await server.restore(backup);
        // As many revisions as are lost, and more: the cluster's revision does not show it.
        for (let i = 0; i < 50; i++) await etcd.put("/other").value(String(i));
        await registers("b");
        const said = () => log.at("error").map(({ message }) => message);
        await eventually("the message", () => said().length > 0);
        assertEquals(said(), [
          "etcd has gone back: a backup was restored, or another etcd answers",
        ]);
        const request = await eventually("the request", () => store.readResyncRequest());
        assertEquals([request.term, request.dryRun, request.allowDeletions], ["7", false, false]);
        await registers("c");
        assertEquals(said().length, 1, "said once");
        const { seen } = (await store.readCluster())!;
        assertEquals(seen!.filter(({ is }) => is === "restored").length, 1, "it is on the page");
        stop.abort();
        await running;
      } finally {
        etcd.close();
      }
    }),
);
