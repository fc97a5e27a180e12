import { FenceLostError } from "../../../lib/etcd/client.ts";
import { StateStore } from "../../../lib/state/store.ts";
import { DifferenceLog } from "../../../lib/sync/apply/difference_log.ts";
import type { ResyncResult } from "../../../lib/sync/apply/sync_run.ts";
import { runPartial } from "../../../lib/sync/report/partial.ts";
import { isSlow } from "../../../lib/sync/report/slow.ts";
import { resync } from "../../diagnostics/fixtures.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { LogRecorder } from "../../support/log_recorder.ts";

const { kinds } = resync() as unknown as ResyncResult;
const result: ResyncResult = { kinds, warnings: [], guards: [], leftOut: [] };

Deno.test("a run is slow against those of its kind before it, if these say what is usual", () => {
  const before = [900, 1000, 1100, 1200, 1300].map((ms, i) =>
    resync({ startedAt: i, endedAt: i + ms, whole: false })
  );
  const slow = (ms: number, whole = false, of = before, reason = "periodic") =>
    isSlow({ whole, reason, startedAt: 1e6, endedAt: 1e6 + ms }, of);
  assertEquals([slow(3300), slow(3301)], [false, true]);
  assert(!slow(9e6, true), "whole runs are of another kind");
  assert(!slow(9e6, false, before, "startup"), "and so are those for another reason");
  assert(!slow(9e6, false, before.slice(1)), "four do not say what is usual");
  const quick = before.map((run) => ({ ...run, endedAt: run.startedAt + 10 }));
  assertEquals([slow(1000, false, quick), slow(1001, false, quick)], [false, true]);
  const failed = before.map((run) => ({ ...run, error: "no" }));
  assert(!slow(9e6, false, failed), "those that failed say nothing");
});

Deno.test("a run of some objects is recorded when it tells something, and counted when not", async () => {
  const stateDir = await Deno.makeTempDir({ prefix: "partial-" });
  try {
    using store = await StateStore.open(stateDir);
    const stop = new AbortController();
    const term = { term: "7", id: "n:1", electionKey: "/e", signal: stop.signal };
    const clock = new FakeClock();
    const context = { log: new LogRecorder(), store, clock, alive: () => {} };
    const noted = (attempt = 1) => ({
      reason: "incremental" as const,
      attempt,
      differences: new DifferenceLog(),
      stateDir,
    });
    const run = (tells: boolean, attempt = 1, ms = 10) => {
      clock.step(1000);
      return runPartial(context, term, noted(attempt), () => {
        clock.step(ms);
        return Promise.resolve({ result, tells });
      });
    };
    const fail = (error: Error) => {
      clock.step(1000);
      return runPartial(context, term, noted(), () => Promise.reject(error));
    };
    const recorded = async () => (await store.readResyncs()).map(({ error }) => error);
    await run(false);
    assertEquals(await recorded(), []);
    await run(true);
    assertEquals(await recorded(), [null]);
    await assertRejects(() => fail(new Error("no Neutron")), Error);
    assertEquals(await recorded(), ["no Neutron", null]);
    await assertRejects(() => fail(new FenceLostError("7", "n:1")), FenceLostError);
    assertEquals((await recorded()).length, 2, "whose term is over has not failed");
    await run(false, 2);
    assertEquals(await recorded(), [null, "no Neutron", null], "the failure is not the last word");
    for (let i = 0; i < 5; i++) await run(true);
    await run(false, 1, 5000);
    const [slow, quick] = await store.readResyncs();
    assertEquals([slow!.slow, slow!.endedAt! - slow!.startedAt, quick!.slow], [true, 5000, false]);
    await store.resyncHistory.hours.flush();
    const hours = await store.resyncHistory.hours.read();
    const sum = (of: "empty" | "changed" | "failed") => hours.reduce((n, hour) => n + hour[of], 0);
    assertEquals([sum("empty"), sum("changed"), sum("failed")], [1, 8, 1]);
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});
