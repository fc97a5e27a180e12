import { paceSchema, type RoundsRecord, sparedSchema } from "../../../lib/state/records.ts";
import {
  paceText,
  periodText,
  requestsText,
  roundsText,
} from "../../../lib/sync/report/rounds_text.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";

const RECORD: RoundsRecord = {
  at: 1_000_000,
  pace: "rounds",
  budgetPercent: 5,
  sharePercent: 4.9,
  round: 12,
  whole: false,
  compared: 45_000,
  total: 100_000,
  startedAt: 900_000,
  endedAt: 899_000,
  everyMs: 831_000,
  isMeasured: true,
  requests: { limit: 1, most: 2, spared: null },
};

Deno.test("rounds in words: how far, how often, and what of Neutron's time", () => {
  assertEquals(
    roundsText(RECORD),
    "round 12, 45 %; every port compared at least every 14 min; " +
      "4.9 % of 5 % allowed of one API worker's time",
  );
  assertMatch(paceText({ ...RECORD, whole: true }), /^round 12 \(whole objects, and etcd\), 45 %$/);
});

Deno.test("rounds in words: Neutron is spared, and why", () => {
  const spared = sparedSchema.options.map((why) =>
    requestsText({ ...RECORD, requests: { limit: 1, most: 8, spared: why } })!
  );
  assertEquals(new Set(spared).size, 4);
  for (const text of spared) {
    assertMatch(text, /^Neutron is spared, 1 of 8 requests at a time: it .{10,}$/);
  }
  const record = { ...RECORD, requests: { limit: 1, most: 8, spared: "slow" as const } };
  assert(roundsText(record).endsWith(`; ${spared[0]}`));
});

Deno.test("rounds in words: what is no more than an estimate is called one, and minutes are rounded up", () => {
  assertEquals(
    periodText({ ...RECORD, isMeasured: false, everyMs: 600_001 }),
    "every port compared at least every 11 min (an estimate: no round has ended yet)",
  );
  assertEquals(periodText({ ...RECORD, everyMs: null }), null);
  assertEquals(
    periodText({ ...RECORD, everyMs: 10_000 }),
    "every port compared at least every 10 s",
  );
});

Deno.test("rounds in words: whatever makes it go by the intervals is said, and no period is promised", () => {
  for (const pace of paceSchema.options) {
    if (pace === "rounds") continue;
    const text = roundsText({ ...RECORD, pace, everyMs: null });
    assertMatch(text, /^by the intervals: .{10,}; 4\.9 % of one API worker's time$/);
    assert(!text.includes("every port"));
  }
});
