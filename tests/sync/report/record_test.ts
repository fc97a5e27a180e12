import { systemClock } from "../../../lib/base/clock.ts";
import { Meter } from "../../../lib/metrics/meter.ts";
import { StateStore } from "../../../lib/state/store.ts";
import { DifferenceLog } from "../../../lib/sync/apply/difference_log.ts";
import { recorded } from "../../../lib/sync/report/record.ts";
import type { ResyncResult } from "../../../lib/sync/apply/sync_run.ts";
import { guard, left, resync } from "../../diagnostics/fixtures.ts";
import { assertEquals, assertMatch, eventually } from "../../support/assert.ts";
import { LogRecorder } from "../../support/log_recorder.ts";

const term = {
  term: "7",
  id: "node-1:1",
  electionKey: "/election",
  signal: new AbortController().signal,
};

Deno.test("a run that held something back says so in its record, in the log and to the meter", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "record-" });
  try {
    using store = await StateStore.open(stateDir);
    const [log, meter] = [new LogRecorder(), new Meter()];
    const context = { log, meter, store, clock: systemClock, alive: () => {} };
    const guards = [guard(), guard({ collection: "ports", why: "empty" })];
    const { kinds } = resync() as unknown as ResyncResult;
    const result: ResyncResult = { kinds, warnings: [], guards, leftOut: [left()] };
    const run = (startedAt: number, whole?: boolean) =>
      recorded(
        context,
        term,
        { reason: "periodic", whole, differences: new DifferenceLog(), stateDir, startedAt },
        () => Promise.resolve(result),
      );
    await run(1e12);
    const [record] = await store.readResyncs();
    assertEquals([record!.guards, record!.leftOut], [guards, [left()]]);
    assertEquals([record!.whole, record!.dryRun, record!.error], [true, false, null]);
    const said = log.at("warn");
    assertEquals(said.length, 3, "two guards and the objects left");
    assertMatch(
      String(said[0]!.fields.warning),
      /^Held back: Neutron shows 3 of 120 security groups/,
    );
    assertEquals(said[0]!.fields.names, guard().names);
    await run(2e12, false);
    assertEquals((await store.readResyncs()).map(({ whole }) => whole), [false, true]);
    assertEquals(log.at("warn").length, 3, "what has not changed is said once a term");
    const counted = meter.read().resyncs_held_back!.map(({ labels, sum }) => [...labels, sum]);
    assertEquals(counted, [["security-groups", "many", 2], ["ports", "empty", 2]]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("while a run runs, its record tells its step and after which failure it is tried", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "record-" });
  try {
    using store = await StateStore.open(stateDir);
    const context = { log: new LogRecorder(), store, clock: systemClock, alive: () => {} };
    const failureBefore = "Neutron: 503".padEnd(9000, ".");
    const noted = { reason: "retry" as const, attempt: 3, failureBefore, stateDir };
    const read = async () => (await store.readResyncs())[0]!;
    const { kinds } = resync() as unknown as ResyncResult;
    await recorded(
      context,
      term,
      { ...noted, differences: new DifferenceLog() },
      async (tell) => {
        assertEquals((await read()).step, undefined);
        tell("reading Neutron");
        const { attempt, failureBefore, step } = await eventually("the step", async () => {
          const record = await read();
          return record.step === undefined ? null : record;
        });
        assertEquals([attempt, step], [3, "reading Neutron"]);
        assertMatch(failureBefore!, /^Neutron: 503\.{480,500}…$/);
        return { kinds, warnings: [], guards: [], leftOut: [] };
      },
    );
    const { attempt, step, endedAt } = await read();
    assertEquals([attempt, step, endedAt === null], [3, undefined, false]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("a step that comes right after another and lasts is the one that is told", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "record-" });
  try {
    using store = await StateStore.open(stateDir);
    const context = { log: new LogRecorder(), store, clock: systemClock, alive: () => {} };
    const { kinds } = resync() as unknown as ResyncResult;
    await recorded(
      context,
      term,
      { reason: "startup", differences: new DifferenceLog(), stateDir },
      async (tell) => {
        tell("reading etcd");
        tell("reading Neutron");
        await eventually(
          "the step that lasts",
          async () => (await store.readResyncs())[0]!.step === "reading Neutron",
          30_000,
        );
        return { kinds, warnings: [], guards: [], leftOut: [] };
      },
    );
    assertEquals((await store.readResyncs())[0]!.step, undefined);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("a run that fails as the one before it is no further event", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "record-" });
  try {
    using store = await StateStore.open(stateDir);
    const context = { log: new LogRecorder(), store, clock: systemClock, alive: () => {} };
    const fail = (why: string, failureBefore: string | null) =>
      recorded(
        context,
        term,
        { reason: "retry", failureBefore, differences: new DifferenceLog(), stateDir },
        () => Promise.reject(new Error(why)),
      ).then(() => null, ({ message }) => message);
    assertEquals(await fail("503", null), "503");
    assertEquals(await fail("503", "503"), "503");
    assertEquals(await fail("401", "503"), "401");
    assertEquals((await store.readEvents("resource-syncer")).map(({ message }) => message), [
      "resync failed: 401",
      "resync failed: 503",
    ]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});
