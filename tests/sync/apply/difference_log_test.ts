import {
  DifferenceLog,
  DRY_RUN_BOUNDS,
  HISTORY_BOUNDS,
  readAsked,
  readDifferences,
} from "../../../lib/sync/apply/difference_log.ts";
import { diffLines } from "../../../lib/sync/apply/change_lines.ts";
import type { Change } from "../../../lib/sync/model/compare.ts";
import { StateStore } from "../../../lib/state/store.ts";
import { assert, assertEquals, assertMatch, assertWithin } from "../../support/assert.ts";
import { LogRecorder } from "../../support/log_recorder.ts";
import { resync } from "../../diagnostics/fixtures.ts";

const stored = (value: unknown) => ({
  value: new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value)),
  modRevision: "5",
});

function change(id: string, value: unknown): Change {
  return {
    key: `/calico/x/${id}`,
    kind: "Subnet",
    subject: { type: "subnet", id },
    group: "subnets",
    value: value === null ? null : JSON.stringify(value),
    modRevision: "5",
    action: value === null ? "delete" : "update",
  };
}

async function withDir(use: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "difference-log-" });
  try {
    await use(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("differences are kept object by object, and go with their resync", () =>
  withDir(async (dir) => {
    const log = new LogRecorder();
    const first = new DifferenceLog();
    first.add(
      change("a", { cidr: "10.0.0.0/8", gateway_ip: "10.0.0.1" }),
      stored({ cidr: "10.0.0.0/8" }),
    );
    first.add(change("b", null), stored("<script>not JSON"));
    await first.save(dir, "one", [], { log });
    const kept = (await readDifferences(dir, "one"))!;
    assertEquals([kept.id, kept.total], ["one", 2]);
    assertMatch(kept.objects[0]!.lines.join("|"), /\+ {2}"gateway_ip": "10\.0\.0\.1"/);
    assertEquals(kept.objects[1]!.lines, ["- <script>not JSON"]);
    const second = new DifferenceLog();
    second.add(change("c", {}), undefined);
    await second.save(dir, "two", ["two"], { log });
    assertEquals(await readDifferences(dir, "one"), null);
    assertEquals(log.records.length, 0);
  }));

Deno.test("a first resync of 100,000 objects keeps the first of them, in a small file", () =>
  withDir(async (dir) => {
    const differences = new DifferenceLog();
    const value = { name: "x".repeat(5000), list: Array.from({ length: 200 }, (_, i) => i) };
    for (let i = 0; i < 100_000; i++) differences.add(change(`id-${i}`, value), undefined);
    await differences.save(dir, "big", [], { log: new LogRecorder() });
    const kept = (await readDifferences(dir, "big"))!;
    assertEquals(kept.total, 100_000);
    assert(
      kept.objects.length <= HISTORY_BOUNDS.objects && kept.objects.length > 10,
      `${kept.objects.length}`,
    );
    assert(kept.objects[0]!.cut > 100);
    assert((await Deno.stat(`${dir}/resources/differences/big.json`)).size < 1_500_000);
  }));

Deno.test("what was asked for last is kept with room for more, until something else is asked for", () =>
  withDir(async (dir) => {
    const differences = new DifferenceLog(DRY_RUN_BOUNDS);
    for (let i = 0; i < 5000; i++) {
      const host = stored({ a: 1, "n~/": { mac: "é".repeat(3000) } });
      differences.add(change(`id-${i}`, { a: 2, "n~/": { mac: "x" }, more: [1] }), host);
    }
    await differences.saveAsked(dir, "first");
    const kept = (await readAsked(dir, "first"))!;
    assertEquals(kept.total, 5000);
    assert(kept.objects.length > 500 && kept.objects.length <= DRY_RUN_BOUNDS.objects);
    assertEquals(kept.objects[0]!.changes.map(({ path }) => path), ["/a", "/more", "/n~0~1/mac"]);
    await new DifferenceLog().saveAsked(dir, "second");
    assertEquals(await readAsked(dir, "first"), null);
    assertEquals((await readAsked(dir, "second"))!.objects, []);
  }));

Deno.test("two huge values are shown whole rather than compared for minutes", () => {
  const lines = (mark: string) => Array.from({ length: 50_000 }, (_, i) => `${mark}${i}`);
  const from = performance.now();
  assertEquals(
    diffLines(["same", ...lines("a"), "end"], ["same", ...lines("b"), "end"]).length,
    100_000,
  );
  assertWithin(performance.now() - from, 2000, "the comparison");
});

Deno.test("the history keeps 50 resyncs, whatever they hold", () =>
  withDir(async (dir) => {
    using store = await StateStore.open(dir);
    const warnings = Array.from({ length: 20 }, () => "w".repeat(500));
    for (let i = 0; i < 60; i++) await store.writeResync(resync({ startedAt: 1e12 + i, warnings }));
    const found = await store.readResyncs();
    assertEquals(found.length, 50);
    assertEquals([found[0]!.startedAt, found.at(-1)!.startedAt], [1e12 + 59, 1e12 + 10]);
    await store.writeResync({ ...found[0]!, endedAt: 1e12 + 99 });
    const again = await store.readResyncs();
    assertEquals([again.length, again[0]!.endedAt], [50, 1e12 + 99]);
  }));

Deno.test("the last resync that compared everything stays in the history", () =>
  withDir(async (dir) => {
    using store = await StateStore.open(dir);
    const at = (n: number) => ({ startedAt: 1e12 + n, endedAt: 1e12 + n });
    for (const n of [0, 1]) await store.writeResync(resync(at(n)));
    for (let n = 2; n < 70; n++) {
      const error = n % 2 ? "Neutron is away" : null;
      await store.writeResync(resync({ ...at(n), whole: error !== null, error }));
    }
    const found = (await store.readResyncs()).map(({ startedAt }) => startedAt - 1e12);
    assertEquals([found.length, found[0], found.at(-2), found.at(-1)], [50, 69, 21, 1]);
    await store.writeResync(resync(at(70)));
    assertEquals((await store.readResyncs()).map((each) => each.startedAt - 1e12).at(-1), 21);
  }));

Deno.test("however much is held back and left out, the record is written, with all its counts", () =>
  withDir(async (dir) => {
    using store = await StateStore.open(dir);
    const names = Array.from({ length: 10 }, () => "漢".repeat(500));
    const collections = Array.from({ length: 24 }, (_, i) => `collection-${i}`);
    const told = {
      warnings: Array.from({ length: 20 }, () => "語".repeat(500)),
      guards: collections.map((collection) => ({
        collection,
        why: "many" as const,
        held: 900,
        lost: 800,
        names,
      })),
      leftOut: collections.map((collection) => ({
        collection,
        why: "too-large" as const,
        total: 70,
        names,
      })),
    };
    await store.writeResync(resync(told));
    const [found] = await store.readResyncs();
    assertEquals([found!.guards.length, found!.leftOut.length], [20, 20]);
    assertEquals(found!.guards[0]!.names[0], `${"漢".repeat(199)}…`);
    assertEquals(found!.leftOut.at(-1), { ...told.leftOut[19]!, names: [] });
    const { kinds, error } = found!;
    const answer = {
      id: "1",
      at: 1,
      state: "done" as const,
      doing: "done",
      dryRun: false,
      differences: 0,
    };
    await store.writeResyncAnswer({ ...answer, ...told, kinds, error });
    assertEquals((await store.readResyncAnswer())!.guards.length, 20);
  }));
