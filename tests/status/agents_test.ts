import { assertEquals } from "../support/assert.ts";
import { HostClock } from "../../lib/status/host_clock.ts";
import { Agents } from "../../lib/status/agents.ts";

const NOW = Date.UTC(2026, 0, 1);
const live = { live: true, now: NOW, monotonic: 0 };
const status = (time: number | null, firstUpdate = false) => ({
  time,
  uptimeSeconds: 1,
  firstUpdate,
});

Deno.test("a start is said once; when that report fails it is said again, whatever came meanwhile", () => {
  const agents = new Agents();
  agents.seen("h1", status(NOW, true), live);
  agents.seen("h1", status(NOW + 1), live);
  assertEquals([agents.takeStart("h1"), agents.takeStart("h1")], [true, false]);
  agents.seen("h1", status(NOW + 2), live); // while the report was on its way
  agents.returnStart("h1");
  assertEquals([agents.takeStart("h1"), agents.takeStart("h1")], [true, false]);
  agents.gone("h1");
  agents.returnStart("h1");
  assertEquals([agents.takeStart("h1"), agents.size], [false, 0]);
});

Deno.test("the stalest agents come first, no more than are asked for; all are counted", () => {
  const agents = new Agents();
  agents.seen("new", status(NOW), live);
  agents.seen("unreadable", status(null), live);
  agents.seen("old", status(NOW - 400_000), live);
  agents.reported("old", NOW - 1);
  assertEquals(agents.stalest(2).map(({ host, reportedAt }) => [host, reportedAt]), [
    ["unreadable", null],
    ["old", NOW - 1],
  ]);
  assertEquals(agents.byFreshness(NOW), { fresh: 1, late: 0, stale: 1, unreadable: 1 });
});

Deno.test("the age of a status is ours, whatever the host's clock says", () => {
  const agents = new Agents();
  agents.seen("wrong", status(NOW - 400_000), live);
  agents.seen("unreadable", status(null), live);
  agents.seen("snapshot", status(NOW - 20_000), { ...live, live: false });
  agents.seen("odd", status(null), { ...live, live: false });
  const ages = (at: number) =>
    ["wrong", "unreadable", "snapshot", "odd", "none"].map((host) => agents.ageOf(host, at));
  assertEquals(ages(1000), [1000, 1000, 21_000, Infinity, Infinity]);
  agents.gone("wrong");
  assertEquals(agents.ageOf("wrong", 1000), Infinity);
});

Deno.test("a status that comes late is old, a clock that was set is not", () => {
  const late = new HostClock();
  assertEquals(late.ageOf(200, true, 0), 0);
  assertEquals(late.ageOf(300, true, 30_000), 0, "as steady as can be");
  // Ten minutes without a watch, then all that was written meanwhile, in one go.
  assertEquals(late.ageOf(570_300, true, 600_000), 570_000);
  assertEquals(late.ageOf(540_300, true, 600_010), 540_000);
  assertEquals(late.ageOf(300, true, 600_500), 0);
  // The same after a snapshot.
  assertEquals(late.ageOf(100_300, false, 700_000), 100_000);
  const set = new HostClock();
  set.ageOf(0, true, 0);
  assertEquals(set.ageOf(300_000, true, 30_000), 300_000, "for all we know");
  assertEquals(set.ageOf(300_100, true, 60_000), 0);
  assertEquals(set.ageOf(300_200, false, 90_000), 100);
  assertEquals(set.ageOf(0, true, 120_000), 0, "set right again");
  const dead = new HostClock();
  assertEquals(dead.ageOf(3_600_000, false, 0), 3_600_000);
  assertEquals(dead.ageOf(-5000, false, 0), 0, "a clock that is ahead");
});

Deno.test("a slow etcd takes no host that goes on writing for old, but once", () => {
  const slow = new HostClock();
  assertEquals(slow.ageOf(0, true, 0), 0);
  // Seen later and later, and not evenly: never twice more than a minute after it was written, for all we know.
  const lags = [80_000, 95_000, 82_000, 130_000, 100_000, 160_000, 90_000];
  const ages = lags.map((lagMs, i) => slow.ageOf(lagMs, true, 110_000 + i * 30_000));
  assertEquals(ages, [80_000, 15_000, 0, 48_000, 0, 60_000, 0]);
  assertEquals(slow.ageOf(100, true, 400_000), 0, "quick again");
  assertEquals(slow.ageOf(80_100, true, 430_000), 80_000, "and slow again");
});
