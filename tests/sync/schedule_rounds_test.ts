import { Schedule } from "../../lib/sync/schedule.ts";
import { assertEquals } from "../support/assert.ts";

const SYNC = {
  resyncIntervalSeconds: 60,
  incrementalIntervalSeconds: 10,
  resyncMaxIntervalSeconds: 3600,
};

/** Of a term in which all has been compared at 0 ms. */
function compared(): Schedule {
  const schedule = new Schedule(SYNC, 0);
  schedule.planFull(0);
  schedule.planIncremental(0, true);
  return schedule;
}

Deno.test("while comparing goes round, no interval makes a run due", () => {
  const schedule = compared();
  assertEquals([schedule.due(900_000, 950_000), schedule.waitMs(900_000, 950_000)], [null, 50_000]);
  assertEquals(schedule.due(950_000, 950_000), "slice");
});

Deno.test("what is asked for goes before slices, and is a gap until it has succeeded", () => {
  const schedule = compared();
  schedule.askCompare();
  schedule.planIncremental(100, true);
  assertEquals([schedule.hasGap, schedule.due(100, 0)], [true, "incremental"]);
  schedule.comparing();
  schedule.retryIncremental(2000);
  assertEquals([schedule.hasGap, schedule.due(1999), schedule.due(2000)], [
    true,
    null,
    "incremental",
  ]);
  schedule.comparing();
  schedule.askCompare(); // once more, while it runs
  schedule.compared();
  assertEquals(schedule.hasGap, true);
  schedule.comparing();
  schedule.compared();
  assertEquals(schedule.hasGap, false);
  schedule.askFull(5000);
  assertEquals(schedule.due(5000, 0), "full");
});

Deno.test("when rounds stop, ids and revisions are listed at once, and all after its interval", () => {
  const schedule = compared();
  schedule.endRounds(900_000);
  assertEquals(schedule.due(900_000), "incremental");
  schedule.planIncremental(900_000, true);
  assertEquals(schedule.due(959_999), "incremental");
  assertEquals(schedule.due(960_000), "full");
  const failed = compared();
  failed.retryFull(5000);
  failed.endRounds(6000);
  assertEquals(failed.due(6000), "full", "what failed does not wait for its interval");
});

Deno.test("by the intervals, listing never takes more than half of one worker's time", () => {
  const sync = { ...SYNC, resyncIntervalSeconds: 1, incrementalIntervalSeconds: 1 };
  const schedule = new Schedule(sync, 0);
  let now = 0;
  let busy = 0;
  const costs = { full: 64_000, incremental: 43_000, slice: 0 };
  for (let i = 0; i < 50; i++) {
    const due = schedule.due(now)!;
    const from = now;
    now += costs[due] / 2; // two requests at a time
    busy += costs[due];
    schedule.noteBusy({ startedAt: from, endedAt: now, busyMs: costs[due], failed: false });
    if (due === "full") schedule.planFull(now);
    schedule.planIncremental(now, true);
    now += schedule.waitMs(now);
  }
  assertEquals(Math.round(100 * busy / now), 50);
  // What may have been missed is looked for at once all the same.
  schedule.planFull(now);
  schedule.noteBusy({ startedAt: now, endedAt: now, busyMs: 43_000, failed: false });
  assertEquals(schedule.due(now + 2000), null);
  schedule.askCompare();
  schedule.planIncremental(now, true);
  assertEquals(schedule.due(now), "incremental");
});

Deno.test("what a run took makes nobody wait longer than until it is warned of, and a minute after a failure", () => {
  const startedAt = 0;
  const endedAt = 600_000;
  const waitMs = (busyMs: number, failed: boolean, sync = SYNC) => {
    const schedule = new Schedule(sync, 0);
    schedule.noteBusy({ startedAt, endedAt, busyMs, failed });
    schedule.planFull(endedAt);
    schedule.planIncremental(endedAt, true);
    return schedule.waitMs(endedAt);
  };
  assertEquals(waitMs(1_200_000, true), 60_000);
  assertEquals(waitMs(310_000, true), 20_000, "a short one");
  assertEquals(waitMs(1_200_000, false), 1_800_000);
  assertEquals(waitMs(9_600_000, false), 3_600_000);
  const seldom = { ...SYNC, resyncMaxIntervalSeconds: 1 };
  assertEquals(waitMs(9_600_000, false, seldom), 60_000);
});
