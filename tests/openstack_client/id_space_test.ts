import fc from "fast-check";
import { chooseCuts, partsOf, placeOf, sampleStep } from "../../lib/openstack/id_space.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("a UUID's place is a share of their space; what is none has none", () => {
  assertEquals(placeOf("00000000-0000-4000-8000-000000000000"), 0);
  assertEquals(placeOf("80000000-0000-4000-8000-000000000000"), 0.5);
  assert(placeOf("ffffffff-ffff-4000-8000-000000000000") < 1);
  for (const other of ["", "p-001", "80000000", "8000000g-0000-4000-8000-000000000000"]) {
    assert(Number.isNaN(placeOf(other)), other);
  }
});

Deno.test("small lists, and one request at a time, are no reason to cut", () => {
  const page = { pageSize: 1000, atOnce: 4 };
  assertEquals([0, 999, 3199, 3200, 10_000].map((count) => partsOf({ ...page, count })), [
    1,
    1,
    1,
    2,
    6,
  ]);
  assertEquals(partsOf({ count: 1e6, pageSize: 1000, atOnce: 4 }), 16, "some parts for each walk");
  assertEquals(partsOf({ count: 1e6, pageSize: 1000, atOnce: 1 }), 1);
  assertEquals(sampleStep(10), 1);
  assertEquals(sampleStep(1e6), 500);
});

Deno.test("cuts are ascending ids of the sample, and of evenly spread ids the parts are alike", () => {
  const scenario = fc.record({
    known: fc.uniqueArray(fc.uuid({ version: 4 }), { maxLength: 300 }),
    count: fc.nat(2_000_000),
    atOnce: fc.integer({ min: 1, max: 64 }),
  });
  fc.assert(
    fc.property(scenario, ({ known, count, atOnce }) => {
      const reading = { count, pageSize: 1000, atOnce };
      const cuts = chooseCuts(known, reading);
      assert(cuts.length < partsOf(reading) || cuts.length === 0);
      assertEquals(cuts, [...new Set(cuts)].sort());
      const sorted = known.toSorted();
      const places = [0, ...cuts.map((cut) => sorted.indexOf(cut)), sorted.length];
      const lengths = places.slice(1).map((place, i) => place - places[i]!);
      assert(Math.max(...lengths) - Math.min(...lengths) <= 1, `${lengths}`);
    }),
    { numRuns: 300 },
  );
});
