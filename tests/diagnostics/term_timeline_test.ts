import {
  endingAt,
  windowOf,
  windowQuerySchema,
  within,
} from "../../lib/diagnostics/charts/time_window.ts";
import { gapsBetween } from "../../lib/health/term_gaps.ts";
import type { TermRecord } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const NOW = Date.UTC(2026, 10, 27);
const HOUR = 3_600_000;
const DAY = { span: "day", to: "" } as const;
const term = (start: number, end: number | null): TermRecord => ({
  term: String(start),
  node: "n",
  id: "n:1",
  start: NOW - start * HOUR,
  end: end === null ? null : NOW - end * HOUR,
  reason: null,
});
const gaps = (...terms: TermRecord[]) =>
  gapsBetween(terms, [], NOW)
    .map(({ start, end }) => within(windowOf(DAY, NOW), { start, end: end ?? NOW })!)
    .map(({ start, end }) => [(NOW - start) / HOUR, (NOW - end) / HOUR]);

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

Deno.test("the axis is a day, an hour or ten minutes, now or earlier, and moves in steps", () => {
  const at = NOW + 12 * HOUR + 34 * 60_000 + 5000; // 12:34:05
  const shown = (query: Parameters<typeof windowOf>[0]) => {
    const { from, to, marks } = windowOf(query, at);
    return [from, to, ...marks].map((time) => new Date(time).toISOString().slice(8, 16));
  };
  assertEquals(shown(DAY).slice(0, 2), ["26T13:00", "27T13:00"]);
  assertEquals(shown({ span: "hour", to: "" }).slice(0, 2), ["27T11:35", "27T12:35"]);
  const ten = shown({ span: "10min", to: "2026-11-27T12:05" });
  assertEquals(ten.slice(0, 2), ["27T11:55", "27T12:05"]);
  assertEquals(
    ten.slice(2),
    [55, 57, 59, 61, 63, 65].map((minute) =>
      `27T${minute < 60 ? 11 : 12}:${String(minute % 60).padStart(2, "0")}`
    ),
  );
  assertEquals(shown({ span: "hour", to: "2030-01-01T00:00" })[1], "27T12:35", "not in the future");
  assertEquals(endingAt("hour", at - HOUR, at), { span: "hour", to: "2026-11-27T11:35" });
  assertEquals(endingAt("hour", at + 1, at).to, "");
  assertEquals(windowQuerySchema.parse({ span: "year", to: "2026-99-99T00:00" }), DAY);
  assertEquals(windowQuerySchema.parse({ to: "<b>" }), DAY);
});
