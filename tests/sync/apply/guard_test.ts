import { assertEquals } from "../../support/assert.ts";
import { whyHeld } from "../../../lib/sync/apply/guard.ts";

const CASES: [
  what: string,
  loss: Parameters<typeof whyHeld>[0],
  max: number | null,
  why: unknown,
][] = [
  ["nothing is missing", { held: 10, listed: 10, lost: 0 }, null, null],
  ["the last one is gone, and the list is empty", { held: 1, listed: 0, lost: 1 }, null, "empty"],
  ["there never was one", { held: 0, listed: 0, lost: 0 }, null, null],
  ["half of them and no more than 50", { held: 60, listed: 10, lost: 50 }, null, null],
  ["more than 50 and more than half", { held: 100, listed: 49, lost: 51 }, null, "many"],
  ["more than 50 and exactly half", { held: 102, listed: 51, lost: 51 }, null, null],
  ["thousands, but less than half", { held: 9000, listed: 5000, lost: 4000 }, null, null],
  ["an operator's limit counts alone", { held: 9000, listed: 8000, lost: 11 }, 10, "many"],
  ["also where it is larger", { held: 100, listed: 5, lost: 95 }, 95, null],
  ["a limit does not make an empty list true", { held: 5, listed: 0, lost: 5 }, 100, "empty"],
  ["what was not listed is not empty", { held: 5, listed: null, lost: 5 }, null, null],
];

for (const [what, loss, max, why] of CASES) {
  Deno.test(`a loss is judged: ${what}`, () => assertEquals(whyHeld(loss, max), why));
}
