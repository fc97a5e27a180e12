import { gapsBetween } from "../../lib/diagnostics/charts/term_timeline.tsx";
import type { TermRecord } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const NOW = Date.UTC(2026, 10, 27);
const HOUR = 3_600_000;
const term = (start: number, end: number | null): TermRecord => ({
  term: String(start),
  node: "n",
  id: "n:1",
  start: NOW - start * HOUR,
  end: end === null ? null : NOW - end * HOUR,
  reason: null,
});
const gaps = (...terms: TermRecord[]) =>
  gapsBetween(terms, NOW).map(({ start, end }) => [(NOW - start) / HOUR, (NOW - end) / HOUR]);

Deno.test("the time in which nobody led is shown as such, newest first", () => {
  assertEquals(gaps(term(2, null), term(5, 3), term(8, 6)), [[3, 2], [6, 5]]);
  assertEquals(gaps(term(8, 3)), [[3, 0]], "nobody leads now");
  assertEquals(gaps(), [], "nothing is known");
});

Deno.test("a takeover within a second is no gap, nor are terms that overlap", () => {
  assertEquals(gaps(term(3, null), term(6, 3 + 0.9 / 3600)), []);
  assertEquals(gaps(term(3, null), term(6, 2)), []);
  assertEquals(gaps(term(1, null), term(4, 3), term(6, 2)), [[2, 1]]);
});

Deno.test("of a gap that began earlier, the last 24 h are shown", () => {
  assertEquals(gaps(term(2, null), term(60, 50)), [[24, 2]]);
});
