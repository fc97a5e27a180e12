import { systemClock } from "../../lib/base/clock.ts";
import { FenceLostError, openEtcd } from "../../lib/etcd/client.ts";
import { statusOf } from "../../lib/etcd/database.ts";
import { defragment } from "../../lib/etcd/defragment.ts";
import { membersOf } from "../../lib/etcd/members.ts";
import { EtcdCluster } from "../faults/etcd_cluster.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";

/** grpc-js keeps timers of connections beyond the end of its client. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const KEY = "/election";

Deno.test(
  "three members are defragmented one by one, the leader last and without leading; not with one missing",
  GRPC,
  async () => {
    await using cluster = await EtcdCluster.start();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: cluster.urls, callTimeoutMs: 10_000 });
    try {
      const created = await etcd.put(KEY).value("node-1:1").exec();
      const { signal } = new AbortController();
      const term = { term: created.header.revision, id: "node-1:1", electionKey: KEY, signal };
      const log = new LogRecorder();
      const options = {
        etcd,
        clock: systemClock,
        log,
        alive: () => {},
        defragPercent: 30,
        minFreeBytes: 1_000_000,
      };
      assertEquals(await defragment(term, options), [], "nothing is free yet");
      for (let i = 0; i < 20; i++) await etcd.put("/x").value("x".repeat(200_000)).exec();
      const all = membersOf(etcd).all;
      const look = () => Promise.all(all.map((member) => statusOf(member, Date.now() + 10_000)));
      // What is written and compacted in one batch never gets room in a member's file.
      await eventually("all members have written it to their files", async () => {
        return (await look()).every(({ dbSize }) => Number(dbSize) > 4_000_000);
      });
      const { header } = await etcd.get("/x").exec();
      await etcd.kv.compact({ revision: header.revision, physical: true });
      const before = await eventually("all members have compacted", async () => {
        await etcd.put("/tick").value("1"); // what is free is counted with the next write
        const found = await look();
        return found.every((s) => Number(s.dbSizeInUse) < 0.5 * Number(s.dbSize)) && found;
      });
      const leader = before.findIndex((status) => status.leader === status.header.member_id);

      assertEquals(await defragment(term, { ...options, defragPercent: 0 }), [], "off by default");
      const deposed = await defragment({ ...term, term: "1" }, options).catch((error) => error);
      assert(deposed instanceof FenceLostError);
      cluster.hang((leader + 1) % 3);
      const failed = await defragment(term, options).then(() => null, String);
      assert(failed !== null, "a member is silent: nothing is done");
      assertEquals(log.records.length, 0);
      cluster.resume((leader + 1) % 3);
      await cluster.healthy();

      const stop = new AbortController();
      const ended = await defragment(
        { ...term, signal: stop.signal },
        { ...options, alive: () => stop.abort(new Error("the term is over")) },
      ).then(() => null, String);
      assertEquals(ended, "Error: the term is over");
      assertEquals(log.records.length, 0, "nothing is begun after the term");

      const leads = (await look()).findIndex(({ leader, header }) => leader === header.member_id);
      const done = await defragment(term, options);
      assertEquals([...done].sort(), [...cluster.urls].sort());
      assertEquals(done.at(-1), cluster.urls[leads]);
      const after = await look();
      for (const [at, { dbSize }] of after.entries()) {
        assert(Number(dbSize) < 0.5 * Number(before[at]!.dbSize), `${dbSize} of member ${at}`);
      }
      assert(after[leads]!.leader !== after[leads]!.header.member_id, "it has handed over");
      assertEquals((await etcd.get(KEY).exec()).kvs[0]!.create_revision, term.term);
      assertEquals(await defragment(term, options), [], "there is nothing left to do");
    } finally {
      etcd.close();
    }
  },
);
