/** The faults that have once given a cloud two masters, each played against the real elector. @module */
import { SupersededError } from "../../lib/state/mastership_claim.ts";
import type { StepDownRequest } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { ScriptedKv } from "../support/scripted_kv.ts";
import { type Machine, type Manager, ScriptedCloud } from "./scripted_cloud.ts";

const TTL_MS = 15_000;

/** A leader that has just been refreshed, and a standby. */
async function twoNodes(
  election?: ConstructorParameters<typeof ScriptedCloud>[1],
): Promise<{ cloud: ScriptedCloud; one: Machine; two: Machine; first: Manager; second: Manager }> {
  const cloud = new ScriptedCloud(["node-1", "node-2"], election);
  const [one, two] = cloud.machines as [Machine, Machine];
  const first = cloud.manage(one, 1);
  await cloud.until("the first leads", () => one.leads, 1000);
  const second = cloud.manage(two, 1);
  await cloud.advance((cloud.election.refreshSeconds + 1) * 1000);
  assert(one.leads && !two.leads);
  return { cloud, one, two, first, second };
}

async function askToStepDown({ store }: Manager, at: number, pauseSeconds: number) {
  const request: StepDownRequest = {
    id: "x",
    at,
    by: "a test",
    pauseSeconds,
    outcome: null,
    handledAt: null,
  };
  await store.writeStepDown(request);
}

Deno.test("a release that arrives late does not end the next term of the same process", async () => {
  const { cloud, one, two, first } = await twoNodes();
  await using _ = cloud;
  const { term } = one.record!;
  first.way.held.add("release").add("revoke");
  await askToStepDown(first, one.clock.now(), 0);
  await cloud.until("the next term", () => one.leads && one.record!.term !== term, 10_000);
  first.way.held.clear();
  const next = cloud.etcd.read()!;
  assertEquals([next.value, next.createRevision], ["node-1:1", one.record!.term]);
  assert(first.way.deliver() >= 1);
  assertEquals(cloud.etcd.read()?.createRevision, next.createRevision);
  await cloud.advance(20_000);
  assert(one.leads && !two.leads);
  assertEquals(cloud.violations, []);
});

Deno.test("the deletion of our own stale key that arrives late does not hurt the next creation", async () => {
  const { cloud, one, first } = await twoNodes();
  await using _ = cloud;
  const { term } = one.record!;
  first.way.held.add("release").add("revoke").add("deleteAt");
  await askToStepDown(first, one.clock.now(), 0);
  await cloud.until("a later term, when the lease is gone", () => {
    return (cloud.etcd.read()?.createRevision ?? term) !== term;
  }, 2 * TTL_MS);
  await cloud.advance(1000);
  const { createRevision } = cloud.etcd.read()!;
  first.way.held.clear();
  assert(first.way.deliver() >= 2, "the release, and at least one deletion");
  assertEquals(cloud.etcd.read()?.createRevision, createRevision);
  await cloud.advance(20_000);
  assertEquals(cloud.violations, []);
});

Deno.test("a key that was refreshed since it was judged stale is not deleted", async () => {
  await using cloud = new ScriptedCloud(["node-1"]);
  cloud.etcd.put(() => true, "by-hand:1", "0");
  const [one] = cloud.machines as [Machine];
  const manager = cloud.manage(one, 1);
  manager.way.held.add("deleteAt");
  await cloud.until("it is judged stale", () => {
    return manager.log.records.some(({ message }) => /stale election key/.test(message));
  }, 2 * TTL_MS + 2000);
  cloud.etcd.put(() => true, "by-hand:1", "0");
  manager.way.held.clear();
  assert(manager.way.deliver() >= 1);
  assertEquals(cloud.etcd.read()?.value, "by-hand:1");
  await cloud.advance(TTL_MS);
  assertEquals(cloud.etcd.read()?.value, "by-hand:1", "it counts anew");
  assertEquals(cloud.violations, []);
});

/** What ends a term while the disk is full. */
const ENDS: Record<string, (one: Machine, first: Manager) => Promise<void>> = {
  "a step of the clock forward": (one) => Promise.resolve(one.clock.step(3000)),
  "a step of the clock back": (one) => Promise.resolve(one.clock.step(-5000)),
  "a step-down": async (one, first) => {
    one.file.full = false;
    await askToStepDown(first, one.clock.now(), 10);
    one.file.full = true;
  },
  "an etcd that does not answer": (_one, first) => {
    first.way.held.add("keepAlive").add("refresh").add("get").add("release");
    return Promise.resolve();
  },
  "the manager's stop": (_one, first) => Promise.resolve(first.stop()),
};
const TIMES = [
  { ttlSeconds: 15, refreshSeconds: 5, marginSeconds: 2 },
  { ttlSeconds: 60, refreshSeconds: 10, marginSeconds: 2 },
];
for (const [what, end] of Object.entries(ENDS)) {
  for (const times of TIMES) {
    const { ttlSeconds } = times;
    Deno.test(`a full disk and ${what}, TTL ${ttlSeconds} s: nobody else leads while this node may believe to`, async () => {
      const { cloud, one, two, first } = await twoNodes(times);
      await using _ = cloud;
      const { term } = one.record!;
      one.file.full = true;
      await end(one, first);
      await cloud.until("the term ends", () => {
        return first.log.records.some(({ message }) => message === "term ended");
      }, ttlSeconds * 1000);
      assertEquals(cloud.etcd.read()?.createRevision, term, "the key stays");
      await cloud.until("the second leads", () => two.leads, (ttlSeconds + 3) * 1000);
      assertEquals(cloud.violations, []);
      await cloud.advance(30_000);
      assert(two.leads && !one.leads, "a node that cannot publish does not disturb");
      assertEquals(cloud.violations, []);
    });
  }
}

Deno.test("a full disk that has room again: the term ends in order, and the key goes at once", async () => {
  const { cloud, one, two } = await twoNodes();
  await using _ = cloud;
  one.file.full = true;
  one.clock.step(3000);
  await cloud.advance(2000);
  one.file.full = false;
  await cloud.until("somebody leads", () => one.leads || two.leads, 3000);
  assertEquals(cloud.violations, []);
});

Deno.test("a manager that finds a predecessor's record it cannot clear lets it run out", async () => {
  const { cloud, one, two, first } = await twoNodes();
  await using _ = cloud;
  one.file.full = true;
  const { term } = one.record!;
  first.stop();
  await cloud.advance(500);
  const heir = cloud.manage(one, 2);
  await cloud.until("the second leads", () => two.leads, TTL_MS + 3000);
  assert(heir.log.at("warn").some(({ message }) => /cannot be published/.test(message)));
  assert(two.record!.term !== term);
  assertEquals(cloud.violations, []);
});

Deno.test("a manager that is killed and restarted is leader again at once: the own term", async () => {
  const { cloud, one, two, first } = await twoNodes();
  await using _ = cloud;
  const { term } = one.record!;
  for (const call of ["get", "keepAlive", "refresh", "release"] as const) first.way.held.add(call);
  first.kv.standStill(); // as good as dead
  using supervisor = new StateStore(new ScriptedKv(one.file).kv);
  await supervisor.writeMastership(null);
  const heir = cloud.manage(one, 2);
  const ms = await cloud.until("it leads again", () => one.leads, 2000);
  assert(ms <= 1000, `${ms} ms`);
  assert(one.record!.term !== term && one.record!.id === "node-1:2");
  assert(
    heir.log.at("warn").some(({ fields }) => /an earlier manager/.test(String(fields.reason))),
  );
  first.kv.goOn();
  await cloud.advance(30_000);
  assert(one.leads && !two.leads);
  assertEquals(cloud.violations, []);
});

for (
  const [what, place] of Object.entries({
    "after a restart of the machine": { bootId: "next boot", pidNamespace: "pid:[1]" },
    "in another container": { bootId: "boot", pidNamespace: "pid:[2]" },
  })
) {
  Deno.test(`an earlier manager's key ${what}: left to its lease`, async () => {
    const { cloud, one, two, first } = await twoNodes();
    await using _ = cloud;
    for (const call of ["get", "keepAlive", "refresh", "release"] as const) {
      first.way.held.add(call);
    }
    first.kv.standStill();
    using supervisor = new StateStore(new ScriptedKv(one.file).kv);
    await supervisor.writeMastership(null);
    const heir = cloud.manage(one, 2, place);
    const ms = await cloud.until("somebody leads", () => one.leads || two.leads, TTL_MS + 1000);
    assert(ms > TTL_MS / 2, `after ${ms} ms, the lease still lived`);
    assertMatch(
      String(heir.log.at("warn")[0]?.message),
      /nothing proves that this process is gone/,
    );
    first.kv.goOn();
    assertEquals(cloud.violations, []);
  });
}

Deno.test("a predecessor's record that cannot be read counts for a whole TTL", async () => {
  await using cloud = new ScriptedCloud(["node-1"]);
  const [one] = cloud.machines as [Machine];
  one.file.full = one.file.unreadable = true;
  const manager = cloud.manage(one, 1);
  await cloud.advance(TTL_MS);
  assertEquals(cloud.etcd.revision, 1, "it does not stand");
  assert(manager.log.at("warn").some(({ message }) => /has not run out/.test(message)));
  await cloud.until("it stands", () => cloud.etcd.revision > 1, 3000);
});

Deno.test("two electors of one name and process id: the lease decides, and both say so", async () => {
  await using cloud = new ScriptedCloud(["a", "b"]);
  const [a, b] = cloud.machines as [Machine, Machine];
  cloud.manage(a, 1, undefined, "node-1");
  await cloud.until("the first leads", () => a.leads, 1000);
  const { term } = a.record!;
  const twin = cloud.manage(b, 1, { bootId: "b", pidNamespace: "pid:[1]" }, "node-1");
  await cloud.advance(60_000);
  assert(a.leads && !b.leads);
  assertEquals(a.record!.term, term, "never disturbed");
  const [said] = twin.log.at("warn");
  assertMatch(said!.message, /own name and process id, under a lease.*two electors have one name/);
  assertEquals(cloud.violations, []);
});

Deno.test("an orphaned manager that stood still before a write does not write over its successor's", async () => {
  const { cloud, one, two, first } = await twoNodes();
  await using _ = cloud;
  first.kv.standStill();
  await cloud.advance(5000); // it refreshes, and stands before its record
  using supervisor = new StateStore(new ScriptedKv(one.file).kv);
  await supervisor.writeMastership(null); // the next one's first act
  cloud.manage(one, 2);
  await cloud.until("the successor leads", () => one.leads, 2000);
  const record = one.record!;
  assertEquals(record.id, "node-1:2");
  first.kv.goOn();
  await cloud.advance(500);
  assertEquals(one.record!.id, "node-1:2");
  assert(await first.done.catch((error) => error) instanceof SupersededError);
  assert(first.log.at("error").some(({ message }) => /another manager of this node/.test(message)));
  await cloud.advance(30_000);
  assertEquals(one.record!.term, record.term, "nor takes its key");
  await supervisor.writeMastership(null);
  assert(!one.leads, "the supervisor's word goes on counting");
  assert(!two.leads);
  assertEquals(cloud.violations, []);
});

Deno.test("without its claim, a manager does not take its predecessor's key at once", async () => {
  const { cloud, one, two, first } = await twoNodes();
  await using _ = cloud;
  first.kv.standStill();
  await cloud.advance(5000);
  one.file.full = true;
  const heir = cloud.manage(one, 2);
  await cloud.advance(8500); // the record that it found has run out; the one on its way has not
  one.file.full = false;
  first.kv.goOn();
  await cloud.advance(30_000);
  assert(one.leads || two.leads);
  assertEquals(cloud.violations, []);
  assert(await heir.store.claim.confirm());
});

Deno.test("an orphaned standby does not take its successor's key for its predecessor's", async () => {
  const { cloud, one, two, first, second } = await twoNodes();
  await using _ = cloud;
  second.kv.standStill();
  await cloud.advance(1000);
  cloud.manage(two, 2);
  first.stop();
  await cloud.until("the successor leads", () => two.leads, 3000);
  const { term } = two.record!;
  second.kv.goOn();
  await cloud.advance(10_000);
  assertEquals(two.record?.term, term);
  assert(two.leads && !one.leads);
  assert(await second.done.catch((error) => error) instanceof SupersededError);
  assertEquals(cloud.violations, []);
});
