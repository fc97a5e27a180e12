import fc from "fast-check";
import { Pace } from "../../../lib/sync/rounds/pace.ts";
import { Share } from "../../../lib/sync/rounds/share.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("pace: slices and rests take the share that is allowed, whatever the slices cost", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 50 }),
    (budget, costs) => {
      const pace = new Pace(budget);
      const share = new Share();
      let now = 0;
      let busy = 0;
      for (const [i, busyMs] of costs.entries()) {
        share.add(now, busyMs);
        now += busyMs + pace.restMs({ busyMs, objects: 1000, sort: `${i % 3}` });
        busy += busyMs;
      }
      assert(busy / now <= budget / 100 + 1e-9);
      const told = share.percent(now);
      assert(told === null || told <= budget + 0.1, `${told}`);
    },
  ));
});

Deno.test("pace: alike slices take just that share", () => {
  const pace = new Pace(5);
  for (let i = 0; i < 20; i++) {
    assertEquals(pace.restMs({ busyMs: 430, objects: 1000, sort: "ports" }), 430 * 19);
  }
});

Deno.test("pace: a Neutron that is slower than usual gets longer rests, and soon the usual ones again", () => {
  const pace = new Pace(5);
  const rest = (busyMs: number, sort = "ports") => pace.restMs({ busyMs, objects: 1000, sort });
  for (let i = 0; i < 10; i++) rest(400);
  assertEquals(rest(800), 800 * 19, "twice is nothing unusual");
  assertEquals(Math.round(rest(1200) / 1200), 19 * 3);
  assertEquals(rest(4000), 120_000, "no longer than two minutes");
  assertEquals(rest(8000), 8000 * 19, "which the share itself may need");
  assertEquals(rest(100_000), 1_000_000, "no longer than the longest");
  assertEquals(rest(400), 400 * 19);
  assertEquals(rest(9000, "networks"), 9000 * 19, "other lists are another matter");
  // What lasts is what is usual.
  for (let i = 0; i < 10; i++) rest(1200);
  assertEquals(rest(1200), 1200 * 19);
});

Deno.test("pace: after one failure it goes on soon, and pays what it owes slice by slice", () => {
  const pace = new Pace(5);
  const rest = () => pace.restMs({ busyMs: 1000, objects: 1000, sort: "ports" }) / 1000;
  assertEquals(pace.restAfterFailureMs(100), 100 * 19, "a short one is no matter");
  assertEquals(rest(), 19);
  assertEquals(pace.restAfterFailureMs(30_000), 60_000);
  // 570 s in all, 60 s of which were rested.
  const rests = Array.from({ length: 28 }, rest);
  assertEquals(rests, [...Array(26).fill(38), 35, 19]);
});

Deno.test("pace: a Neutron that goes on failing is soon asked no more often than its share allows", () => {
  const pace = new Pace(5);
  const rests = Array.from({ length: 20 }, () => pace.restAfterFailureMs(30_000) / 1000);
  assertEquals(rests.slice(0, 4).map(Math.round), [60, 255, 413, 491]);
  assertEquals(Math.round(rests.at(-1)!), 570);
});

Deno.test("pace: whatever fails, no more than two of the longest rests are owed", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.array(fc.record({ busyMs: fc.integer({ min: 1, max: 5000 }), fails: fc.boolean() })),
    (budget, slices) => {
      const pace = new Pace(budget);
      let now = 0;
      let busy = 0;
      for (const { busyMs, fails } of slices) {
        busy += busyMs;
        now += busyMs;
        now += fails
          ? pace.restAfterFailureMs(busyMs)
          : pace.restMs({ busyMs, objects: 1000, sort: "ports" });
        assert(busy <= budget / 100 * (now + 2_000_000));
      }
    },
  ));
});

Deno.test("share: what was taken of the last ten minutes", () => {
  const share = new Share();
  assertEquals(share.percent(0), null);
  share.add(0, 30_000);
  assertEquals(share.percent(60_000), 50);
  share.add(300_000, 30_000);
  assertEquals(share.percent(600_000 - 1), 10);
  assertEquals(share.percent(900_000 - 1), 5);
  assertEquals(share.percent(900_001), null);
});
