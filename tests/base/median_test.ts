import { median } from "../../lib/base/median.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("median: the middle one, of an even number the lower, whatever the order", () => {
  assertEquals([[3], [5, 1], [9, 2, 10], [4, 1, 3, 2]].map(median), [3, 1, 9, 2]);
});
