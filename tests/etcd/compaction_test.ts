import type { Etcd3 } from "etcd3";
import {
  COMPACTION_LAST_KEY as LAST_KEY,
  COMPACTION_TRIGGER_KEY as TRIGGER_KEY,
} from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { FenceLostError, openEtcd } from "../../lib/etcd/client.ts";
import { checkOnce, runCompactor } from "../../lib/etcd/compaction.ts";
import {
  decideCompaction,
  describeOutcome,
  type Findings,
} from "../../lib/etcd/compaction_rules.ts";
import type { Term } from "../../lib/role/master_context.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";

const found = (change: Partial<Findings>): Findings => ({
  trigger: null,
  last: { value: 100n, modRevision: 5000n },
  current: 9000n,
  ...change,
});
const SETTINGS = { periodSeconds: 60, minRevisions: 1000 };
const DECISIONS: [string, Partial<Findings>, string][] = [
  ["a trigger with a sane lease", { trigger: { ttlSeconds: 60 } }, "nothing"],
  ["a trigger without a lease", { trigger: { ttlSeconds: null } }, "record 0"],
  ["a trigger with an oversized lease", { trigger: { ttlSeconds: 61 } }, "record 0"],
  ["no last key", { last: null }, "record 0"],
  ["a last key that is no number", { last: { value: null, modRevision: 1n } }, "record 0"],
  ["a restored backup", { last: { value: 9001n, modRevision: 1n } }, "record 0"],
  ["too little history", { current: 1000n }, "record 100"],
  ["a quiet period: the minimum stays", {
    last: { value: 100n, modRevision: 8900n },
  }, "compact 8000"],
  ["a busy period: all of it stays", {}, "compact 5000"],
  ["nothing new to compact", { last: { value: 8000n, modRevision: 8900n } }, "record 8000"],
];
for (const [what, change, expected] of DECISIONS) {
  Deno.test(`compaction, ${what}: ${expected}`, () => {
    const decision = decideCompaction(found(change), SETTINGS);
    const shown = decision.do === "nothing"
      ? "nothing"
      : decision.do === "record"
      ? `record ${decision.last}`
      : `compact ${decision.at}`;
    assertEquals(shown, expected);
  });
}

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const KEY = "/calico/openstack/v2/no-region/neutron_election";

interface Scene {
  etcd: Etcd3;
  server: EtcdServer;
  term: Term;
  check: (minRevisions?: number) => Promise<{ outcome: string; compactedAt: bigint | null }>;
  /** Writes until etcd's revision is at least that far on; the revision then. */
  write: (count: number) => Promise<bigint>;
  last: () => Promise<string | null>;
  triggerGone: () => Promise<void>;
}

async function scene(play: (scene: Scene) => Promise<void>): Promise<void> {
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  try {
    await etcd.put(KEY).value("node-1:1");
    const { create_revision } = (await etcd.get(KEY).exec()).kvs[0]!;
    const signal = new AbortController().signal;
    const term = { term: create_revision, id: "node-1:1", electionKey: KEY, signal };
    await play({
      etcd,
      server,
      term,
      async check(minRevisions = 10) {
        const found = await checkOnce(term, { etcd, periodSeconds: 60, minRevisions, pid: 77 });
        const compactedAt = found.do === "compact" ? found.at : null;
        return { outcome: describeOutcome(found), compactedAt };
      },
      async write(count) {
        let revision = "0";
        for (let i = 0; i < count; i++) {
          revision = (await etcd.put("/noise").value(String(i)).exec()).header.revision;
        }
        return BigInt(revision);
      },
      last: () => etcd.get(LAST_KEY).string(),
      async triggerGone() {
        await etcd.delete().key(TRIGGER_KEY);
      },
    });
  } finally {
    etcd.close();
  }
}

/** Whether etcd still knows a revision. */
async function knows(etcd: Etcd3, revision: bigint): Promise<boolean> {
  try {
    await etcd.get(KEY).revision(String(revision)).exec();
    return true;
  } catch (error) {
    assertMatch(String(error), /compacted/);
    return false;
  }
}

Deno.test(
  "first check, wait, then all but the last period is compacted",
  GRPC,
  () =>
    scene(async ({ etcd, check, write, last, triggerGone }) => {
      assertEquals((await check()).outcome, "first check");
      assertEquals(await last(), "0");
      const trigger = (await etcd.get(TRIGGER_KEY).exec()).kvs[0]!;
      assertEquals(String(trigger.value), "77");
      const lease = await etcd.leaseClient.leaseTimeToLive({ ID: trigger.lease, keys: false });
      assertEquals(lease.grantedTTL, "60");
      assertMatch((await check()).outcome, /not due/);
      const checkedAt = BigInt((await etcd.get(LAST_KEY).exec()).kvs[0]!.mod_revision);
      await write(50);
      await triggerGone();
      const { compactedAt } = await check();
      assertEquals(compactedAt, checkedAt);
      assertEquals(await last(), String(checkedAt));
      assert(!await knows(etcd, checkedAt - 1n));
      assert(await knows(etcd, checkedAt + 1n), "the last period stays");
    }),
);

Deno.test(
  "at least the minimum of revisions stays",
  GRPC,
  () =>
    scene(async ({ etcd, check, write, triggerGone }) => {
      await write(100);
      await check();
      await triggerGone();
      const { compactedAt } = await check(40);
      const now = BigInt((await etcd.get(KEY).exec()).header.revision);
      assert(compactedAt !== null && now - compactedAt >= 40n);
      assert(await knows(etcd, now - 40n));
      await triggerGone();
      assertMatch((await check(1_000_000)).outcome, /not enough history/);
    }),
);

Deno.test(
  "a trigger without a lease or with one too long starts afresh",
  GRPC,
  () =>
    scene(async ({ etcd, check, last }) => {
      await etcd.put(LAST_KEY).value("3");
      await etcd.put(TRIGGER_KEY).value("1");
      assertMatch((await check()).outcome, /no lease/);
      assertEquals(await last(), "0");
      const { ID } = await etcd.leaseClient.leaseGrant({ TTL: 600 });
      await etcd.put(LAST_KEY).value("3");
      await etcd.put(TRIGGER_KEY).value("1").lease(ID);
      assertMatch((await check()).outcome, /longer than the period/);
      assertEquals(await last(), "0");
    }),
);

Deno.test(
  "a restored backup and a damaged last key start afresh",
  GRPC,
  () =>
    scene(async ({ etcd, check, last, triggerGone }) => {
      for (const [value, why] of [["999999", /restored/], ["lots", /no number/]] as const) {
        await etcd.put(LAST_KEY).value(value);
        assertMatch((await check()).outcome, why);
        assertEquals(await last(), "0");
        await triggerGone();
      }
    }),
);

Deno.test(
  "another service's compaction is no error",
  GRPC,
  () =>
    scene(async ({ etcd, check, write, last, triggerGone }) => {
      await check();
      const revision = await write(50);
      await triggerGone();
      await etcd.kv.compact({ revision: String(revision) });
      const { outcome, compactedAt } = await check();
      assertMatch(outcome, /another service/);
      assertEquals(compactedAt, null);
      assert(BigInt((await last())!) > revision);
    }),
);

Deno.test(
  "a deposed master neither compacts nor writes",
  GRPC,
  () =>
    scene(async ({ etcd, check, write, last, triggerGone }) => {
      await check();
      await write(50);
      await triggerGone();
      await etcd.delete().key(KEY);
      await etcd.put(KEY).value("node-2:1");
      const before = await last();
      const refused = await check().catch((error) => error);
      assert(refused instanceof FenceLostError);
      assertEquals(await last(), before);
      assertEquals(await etcd.get(TRIGGER_KEY).string(), null);
      assert(await knows(etcd, 2n));
    }),
);

Deno.test("a period of 0 turns compaction off", GRPC, () =>
  scene(async ({ etcd, term }) => {
    const dir = await Deno.makeTempDir();
    const store = await StateStore.open(dir);
    const options = { etcd, store, clock: systemClock, log: new LogRecorder(), pid: 1 };
    const signal = AbortSignal.timeout(300);
    try {
      await runCompactor({ ...term, signal }, {
        ...options,
        alive: () => {},
        periodSeconds: 0,
        minRevisions: 1,
      });
      assert(signal.aborted, "it ends with the term, not before");
      assertEquals(await etcd.getAll().prefix("/calico/compaction/").keys(), []);
      assertEquals(await store.readCompaction(), null);
    } finally {
      store[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    }
  }));

Deno.test(
  "the compactor keeps account, outlives an outage and ends with its term",
  GRPC,
  () =>
    scene(async ({ etcd, server, term, write }) => {
      const dir = await Deno.makeTempDir();
      const stop = new AbortController();
      const store = await StateStore.open(dir);
      const log = new LogRecorder();
      try {
        const done = runCompactor({ ...term, signal: stop.signal }, {
          etcd,
          store,
          clock: systemClock,
          log,
          alive: () => {},
          periodSeconds: 3, // etcd grants no lease shorter than 2 s
          minRevisions: 10,
          pid: 1,
        });
        const account = (
          what: string,
          test: (a: { checks: number; compactions: number; failures: number }) => boolean,
        ) =>
          eventually(what, async () => {
            const record = await store.readCompaction();
            return record && test(record) && record;
          }, 15_000);
        await account("a check", ({ checks }) => checks > 0);
        await write(50);
        const { lastRevision } = await account(
          "a compaction",
          ({ compactions }) => compactions > 0,
        );
        assert(!await knows(etcd, BigInt(lastRevision!) - 1n));
        server.process.kill("SIGSTOP");
        await account("a failure", ({ failures }) => failures > 0);
        server.process.kill("SIGCONT");
        const { checks } = (await store.readCompaction())!;
        await account("more checks", (now) => now.checks > checks);
        assert(log.at("warn").some((r) => /tried again/.test(r.message)));
        stop.abort();
        await done;
      } finally {
        store[Symbol.dispose]();
        await Deno.remove(dir, { recursive: true });
      }
    }),
);
