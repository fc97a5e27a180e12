import { batchedInTime, type Kv } from "../../lib/state/kv.ts";
import { OlderResyncs, weightOf } from "../../lib/state/older_resyncs.ts";
import { HOUR_MS, KEPT_MS, type Resync } from "../../lib/state/records.ts";
import { ResyncHistory } from "../../lib/state/resync_history.ts";
import { StateStore } from "../../lib/state/store.ts";
import { resync } from "../diagnostics/fixtures.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** The start of an hour. */
const START = Date.UTC(2026, 10, 24, 12);
const [counts] = Object.values(resync().kinds);

/** A run that began `n` seconds after the start, and changed so many objects. */
function run(n: number, changed = 0, changes: Partial<Resync> = {}): Resync {
  const kinds = { Subnet: { ...counts!, created: 0, updated: changed, deleted: 0 } };
  const startedAt = START + n * 1000;
  return resync({ startedAt, endedAt: startedAt + 100, kinds, ...changes });
}

const seconds = (runs: readonly Resync[]) =>
  runs.map(({ startedAt }) => (startedAt - START) / 1000);

async function withDir(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "resync-history-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function withKv(use: (kv: Kv) => Promise<void>): Promise<void> {
  using kv = await Deno.openKv(":memory:");
  await use(batchedInTime(kv));
}

Deno.test("what changed, failed or was slow stays after 50 newer runs; the others are counted", () =>
  withDir(async (dir) => {
    using store = await StateStore.open(dir);
    const { older, hours } = store.resyncHistory;
    await store.writeResync(run(0, 3));
    await store.writeResync(run(1));
    await store.writeResync(run(2, 0, { error: "Neutron: 503" }));
    await store.writeResync(run(3, 0, { slow: true }));
    await store.writeResync(run(4, 0, { endedAt: null }));
    for (let n = 5; n < 60; n++) await store.writeResync(run(n, 0, { whole: n === 30 }));
    assertEquals((await store.readResyncs()).length, 50);
    assertEquals(seconds(await older.read(0, 10)), [4, 3, 2, 0]);
    assertEquals(seconds(await older.read(1, 2)), [3, 2]);
    assertEquals(await older.count(), 4);
    const { id } = run(2);
    assertEquals((await older.find(id))!.error, "Neutron: 503");
    assertEquals(await older.find("gone"), null);
    await hours.flush();
    const [hour] = await hours.read();
    assertEquals([hour!.at, hour!.changed, hour!.failed, hour!.empty], [START, 1, 1, 57]);
    assertEquals([hour!.firstAt, hour!.lastAt], [START, START + 59_100]);
    using again = await StateStore.open(dir);
    assertEquals(seconds(await again.resyncHistory.older.read(0, 10)), [4, 3, 2, 0]);
  }));

Deno.test("a run that was taken for over tells how it ended, or goes", () =>
  withDir(async (dir) => {
    using store = await StateStore.open(dir);
    const { older } = store.resyncHistory;
    for (const n of [0, 1]) await store.writeResync(run(n, 0, { endedAt: null }));
    for (let n = 2; n < 60; n++) await store.writeResync(run(n));
    assertEquals((await older.read(0, 9)).map(({ endedAt }) => endedAt), [null, null]);
    await store.writeResync(run(0));
    await store.writeResync(run(1, 7));
    const left = await older.read(0, 9);
    assertEquals(left.map(({ endedAt }) => endedAt), [START + 1100]);
    assertEquals((await store.readResyncs()).length, 50);
  }));

Deno.test("the least interesting runs go first, of these the oldest; after a week all do", () =>
  withKv(async (kv) => {
    const older = new OlderResyncs(kv, 5);
    const failed = { error: "no etcd" };
    const take = (each: Resync, now = START) => older.take(["resyncs", each.id], each, now);
    await take(run(0, 0, failed));
    await take(run(1, 0, { ...failed, failureBefore: "no etcd" }));
    await take(run(2, 5000));
    await take(run(3, 2));
    await take(run(4, 0, { slow: true }));
    await take(run(5, 3));
    assertEquals(seconds(await older.read(0, 9)), [5, 4, 3, 2, 0], "failed as the one before");
    await take(run(6, 9));
    assertEquals(seconds(await older.read(0, 9)), [6, 5, 4, 2, 0], "changed little, the oldest");
    await take(run(7, 1));
    await take(run(8, 1));
    assertEquals(seconds(await older.read(0, 9)), [8, 7, 4, 2, 0]);
    await take(run(9), START);
    assertEquals(await older.count(), 5, "what changed nothing is not kept");
    await take(run(10, 1), START + KEPT_MS + 4000);
    assertEquals(seconds(await older.read(0, 9)), [10, 8, 7, 4]);
    const stored = await Array.fromAsync(kv.list({ prefix: ["older-resyncs"] }));
    const indexed = await Array.fromAsync(kv.list({ prefix: ["older-resync-index"] }));
    assertEquals([stored.length, indexed.length], [4, 4], "what went is gone from the file");
  }));

Deno.test("what weighs how much", () => {
  const weights: readonly [what: string, weight: number, run: Resync][] = [
    ["nothing", 0, run(0)],
    ["held back, nothing changed", 1, run(0, 0, { warnings: ["w"] })],
    ["differences of a dry run", 1, run(0, 9000, { dryRun: true })],
    ["one object", 2, run(0, 1)],
    ["ten objects", 3, run(0, 10)],
    ["a million objects", 7, run(0, 1e6)],
    ["slow", 8, run(0, 1, { slow: true })],
    ["failed", 9, run(0, 0, { error: "a", failureBefore: "b" })],
    ["failed as before", 1, run(0, 0, { error: "a", failureBefore: "a" })],
    ["never ended", 9, run(0, 0, { endedAt: null })],
  ];
  for (const [what, weight, of] of weights) assertEquals(weightOf(of), weight, what);
});

Deno.test("two processes that write at once lose nothing and spoil nothing", () =>
  withDir(async (dir) => {
    using one = await StateStore.open(dir);
    using other = await StateStore.open(dir);
    const write = async (store: StateStore, from: number) => {
      for (let n = from; n < 160; n += 2) await store.writeResync(run(n, 1));
      await store.resyncHistory.hours.flush();
    };
    await Promise.all([write(one, 0), write(other, 1)]);
    for (const { resyncHistory } of [one, other]) {
      const newest = await resyncHistory.read();
      const older = await resyncHistory.older.read(0, 500);
      const all = seconds([...newest, ...older]);
      assertEquals(all.toSorted((a, b) => a - b), Array.from({ length: 160 }, (_, n) => n));
      assertEquals(newest.length, 50);
      const [hour] = await resyncHistory.hours.read();
      assertEquals([hour!.changed, hour!.firstAt], [160, START]);
    }
  }));

Deno.test("records of the version before are read, and those that mattered are kept", () =>
  withDir(async (dir) => {
    {
      using kv = await Deno.openKv(`${dir}/state.kv`);
      for (let n = 0; n < 50; n++) {
        const { attempt: _, failureBefore: __, ...before } = run(n, n === 0 ? 1 : 0);
        await kv.set(["resyncs", before.startedAt, before.id], before);
      }
    }
    using store = await StateStore.open(dir);
    const found = await store.readResyncs();
    assertEquals([found.length, found[0]!.attempt, found[0]!.failureBefore], [50, 1, null]);
    for (const n of [50, 51]) await store.writeResync(run(n));
    assertEquals(seconds(await store.resyncHistory.older.read(0, 9)), [0]);
  }));

Deno.test("while nothing changes, reading the newest reads no records, and a page only its own", () =>
  withKv(async (kv) => {
    let [lists, gets] = [0, 0];
    const history = new ResyncHistory({
      ...kv,
      get: (...args) => (gets++, kv.get(...args)),
      list: (...args) => (lists++, kv.list(...args)),
    } as Kv);
    for (let n = 0; n < 80; n++) await history.write(run(n, 1));
    await history.read();
    [lists, gets] = [0, 0];
    assertEquals([await history.older.count(), lists, gets], [30, 0, 1]);
    gets = 0;
    for (let i = 0; i < 10; i++) assertEquals((await history.read()).length, 50);
    assertEquals([lists, gets], [0, 20]);
    gets = 0;
    assertEquals((await history.older.read(20, 10)).length, 10);
    assertEquals([lists, gets], [0, 11]);
  }));

Deno.test("however much a run tells, it is kept for a week in little room", () =>
  withKv(async (kv) => {
    const history = new ResyncHistory(kv);
    const names = Array.from({ length: 10 }, () => "漢".repeat(500));
    const leftOut = Array.from(
      { length: 20 },
      () => ({ why: "too-large" as const, collection: "ports", total: 70, names }),
    );
    const warnings = Array.from({ length: 20 }, () => "語".repeat(500));
    await history.write(run(0, 1, { leftOut, warnings, error: "é".repeat(500) }));
    for (let n = 1; n < 52; n++) await history.write(run(n));
    const [kept] = await history.older.read(0, 1);
    assertEquals(kept!.leftOut.map(({ total }) => total), Array(20).fill(70));
    assert(new TextEncoder().encode(JSON.stringify(kept)).length < 16_000);
  }));

Deno.test("hours tell how many runs there were, and for how long there was none", () =>
  withDir(async (dir) => {
    using store = await StateStore.open(dir);
    const { hours } = store.resyncHistory;
    const add = (n: number, outcome: "empty" | "changed" | "failed" = "empty", tookMs = 100) => {
      const startedAt = START + n * 1000;
      return hours.add({ startedAt, endedAt: startedAt + tookMs, outcome });
    };
    for (let n = 0; n < 60; n++) await add(n, n === 7 ? "changed" : "empty");
    await add(180, "failed", 2500);
    await add(3600);
    await hours.flush();
    const read = async () => await hours.read();
    assertEquals(await read(), [
      {
        at: START + HOUR_MS,
        changed: 0,
        failed: 0,
        empty: 1,
        firstAt: START + 3_600_000,
        lastAt: START + 3_600_100,
        longestMs: 100,
        pauseMs: 3_600_000 - 182_500,
      },
      {
        at: START,
        changed: 1,
        failed: 1,
        empty: 59,
        firstAt: START,
        lastAt: START + 182_500,
        longestMs: 2500,
        pauseMs: 180_000 - 59_100,
      },
    ]);
    // Another process goes on, after a time in which none ran.
    using next = await StateStore.open(dir);
    const startedAt = START + 3600_000 + 900_000;
    await next.resyncHistory.hours.add({ startedAt, endedAt: startedAt, outcome: "empty" });
    const [last] = await read();
    assertEquals([last!.empty, last!.pauseMs], [2, 3_600_000 - 182_500]);
    for (let hour = 2; hour < 200; hour++) await add(hour * 3600);
    await hours.flush();
    const kept = await read();
    assertEquals(kept.length, 24 * 7 + 1);
    assertEquals(kept.at(-1)!.at, kept[0]!.at - KEPT_MS);
  }));

Deno.test("counts that cannot be written now are written later", () =>
  withKv(async (kv) => {
    let broken = true;
    const history = new ResyncHistory({
      ...kv,
      atomic: () => {
        if (broken) throw new Error("the disk is full");
        return kv.atomic();
      },
    } as Kv);
    const { hours } = history;
    const add = (n: number) =>
      hours.add({ startedAt: START + n * 1000, endedAt: START + n * 1000, outcome: "empty" });
    for (const n of [0, 1, 10]) await add(n);
    broken = false;
    for (const n of [11, 20]) await add(n);
    const [hour] = await hours.read();
    assertEquals([hour!.empty, hour!.firstAt, hour!.lastAt], [5, START, START + 20_000]);
  }));
