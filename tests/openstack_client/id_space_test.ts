import fc from "fast-check";
import { chooseCuts, endsOf, placeOf, sampleStep } from "../../lib/openstack/id_space.ts";
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
  const parts = (count: number, atOnce = 4) => endsOf({ ...page, count, atOnce }).length;
  assertEquals([0, 999, 3199, 3200, 10_000].map((count) => parts(count)), [1, 1, 1, 2, 6]);
  assertEquals(parts(NaN), 1);
  assertEquals(parts(1e6, 1), 1);
  assertEquals(sampleStep(10), 1);
  assertEquals(sampleStep(1e6), 500);
});

Deno.test("parts get shorter, down to less than two pages, so that all walks end about together", () => {
  const lengths = (count: number, atOnce: number) => {
    const pageSize = 1000;
    const ends = endsOf({ count, pageSize, atOnce });
    return ends.map((end, i) => (end - (ends[i - 1] ?? 0)) * count / pageSize);
  };
  for (const [count, atOnce] of [[1e5, 8], [1e5, 2], [1e6, 8], [2e7, 64], [1e4, 2]] as const) {
    const found = lengths(count, atOnce);
    for (const [i, length] of found.entries()) {
      assert(length >= 1.59, `${count}: part ${i} has ${length} pages`);
      if (i > 0 && i < found.length - 1) assert(length <= found[i - 1]! + 0.001);
    }
    // What one walk has to do at the end while the others have nothing left.
    assert(found.at(-1)! <= 3.2, `${found.at(-1)}`);
    assert(found.length < 16 * atOnce, `${found.length} parts`);
  }
  assert(endsOf({ count: Infinity, pageSize: 1000, atOnce: 8 }).length < 200, "a wrong guess");
});

Deno.test("cuts are ascending ids of the sample, and the parts have the shares of ids that they should", () => {
  const scenario = fc.record({
    known: fc.uniqueArray(fc.uuid({ version: 4 }), { maxLength: 300 }),
    count: fc.nat(2_000_000),
    atOnce: fc.integer({ min: 1, max: 64 }),
  });
  fc.assert(
    fc.property(scenario, ({ known, count, atOnce }) => {
      const reading = { count, pageSize: 1000, atOnce };
      const cuts = chooseCuts(known, reading);
      const ends = endsOf(reading);
      assert(cuts.length < ends.length);
      assertEquals(cuts, [...new Set(cuts)].sort());
      const sorted = known.toSorted();
      for (const cut of cuts) {
        const place = sorted.indexOf(cut);
        assert(place > 0);
        const off = Math.min(...ends.map((end) => Math.abs(end * sorted.length - place)));
        assert(off <= 1, `${cut} is ${off} ids from where a part should end`);
      }
    }),
    { numRuns: 300 },
  );
});
