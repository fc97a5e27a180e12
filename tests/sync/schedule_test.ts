import { Schedule } from "../../lib/sync/schedule.ts";
import { assertEquals } from "../support/assert.ts";

const SYNC = {
  resyncIntervalSeconds: 600,
  incrementalIntervalSeconds: 5,
  resyncMaxIntervalSeconds: 3600,
};

/** Of a term in which all has been compared at 0 ms. */
function compared(sync = SYNC): Schedule {
  const schedule = new Schedule(sync, 0);
  schedule.planFull(0);
  schedule.planIncremental(0, true);
  return schedule;
}

Deno.test("a term begins with a full resync; then small ones are due between the large ones", () => {
  assertEquals(new Schedule(SYNC, 7).due(7), "full");
  const schedule = compared();
  assertEquals([schedule.due(4999), schedule.waitMs(4000)], [null, 1000]);
  assertEquals([schedule.due(5000), schedule.due(600_000)], ["incremental", "full"]);
});

Deno.test("after a failed full resync nothing else comes before it", () => {
  const schedule = compared();
  schedule.retryFull(30_000);
  assertEquals(schedule.reason, "retry");
  assertEquals([schedule.due(29_999), schedule.due(30_000)], [null, "full"]);
});

Deno.test("what may have been missed is looked for at once, by whatever can find it", () => {
  const schedule = compared();
  schedule.askCompare();
  schedule.planIncremental(100, true);
  assertEquals(schedule.due(100), "incremental");
  schedule.comparing();
  schedule.planIncremental(200, true);
  assertEquals(schedule.due(300), null);
  schedule.askCompare();
  schedule.planIncremental(400, false); // Neutron counts no revisions
  assertEquals(schedule.due(400), "full");
});

Deno.test("with an interval of 0 there are no incremental resyncs but those that are asked for", () => {
  const schedule = compared({ ...SYNC, incrementalIntervalSeconds: 0 });
  assertEquals(schedule.due(599_999), null);
  schedule.askCompare();
  schedule.planIncremental(1, true);
  assertEquals(schedule.due(1), "incremental");
});
