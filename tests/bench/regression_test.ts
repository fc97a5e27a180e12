import { slopeOf, studentT975 } from "../../bench/regression.ts";
import { Random } from "../../lab/random.ts";
import { throws } from "node:assert/strict";
import { assert, assertEquals } from "../support/assert.ts";

const x = Array.from({ length: 40 }, (_, i) => i);

Deno.test("regression: a straight line has its slope, for sure", () => {
  const { slope, low, high } = slopeOf(x, x.map((v) => 3 + 0.5 * v));
  for (const value of [slope, low, high]) assertEquals(value.toFixed(9), "0.500000000");
});

Deno.test("regression: noise alone is flat 19 times in 20, and a slope in the noise is seen", () => {
  const random = new Random(1);
  const noise = () => random.next() + random.next() + random.next() - 1.5;
  let flat = 0;
  let seen = 0;
  for (let i = 0; i < 400; i++) {
    const level = slopeOf(x, x.map(() => 100 + noise()));
    if (level.low <= 0 && level.high >= 0) flat++;
    const rising = slopeOf(x, x.map((v) => 100 + 0.05 * v + noise()));
    if (rising.low > 0) seen++;
  }
  assert(flat >= 365 && flat <= 395, `flat ${flat} of 400`);
  assert(seen > 380, `seen ${seen} of 400`);
});

Deno.test("regression: Student's quantiles are those of the tables", () => {
  const table: [number, number][] = [[3, 3.182], [5, 2.571], [10, 2.228], [30, 2.042]];
  for (const [degrees, value] of table) {
    assert(Math.abs(studentT975(degrees) - value) < 0.02 * value, String(degrees));
  }
});

Deno.test("regression: two points are refused", () => {
  throws(() => slopeOf([1, 2], [1, 2]));
});
