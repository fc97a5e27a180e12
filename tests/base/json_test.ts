import { isDeeper } from "../../lib/base/json.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("how deep lists and objects are nested is told to a level, however deep that is", () => {
  for (
    const [value, levels] of [[1, 0], [null, 0], [[], 1], [[1, "a"], 1], [{ a: [{}] }, 3]] as const
  ) {
    assertEquals([isDeeper(value, levels), isDeeper(value, levels - 1)], [false, levels > 0]);
  }
  assertEquals(isDeeper(JSON.parse("[".repeat(200_000) + "]".repeat(200_000)), 10_000), true);
});
