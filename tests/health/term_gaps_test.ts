import { gapsBetween, knownUntil } from "../../lib/health/term_gaps.ts";
import type { Sighting, TermRecord } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

/** 12:00 UTC and so many seconds. */
const at = (seconds: number) => Date.UTC(2026, 10, 27, 12) + seconds * 1000;
const term = (term: string, start: number, more: Partial<TermRecord> = {}): TermRecord => ({
  term,
  node: `node-${term}`,
  id: `node-${term}:7`,
  start: at(start),
  end: null,
  reason: null,
  ...more,
});
const sighting = (is: Sighting["is"], from: number, to: number, term?: string): Sighting => ({
  is,
  from: at(from),
  to: at(to),
  term: term ?? null,
  id: term ? `node-${term}:7` : null,
  why: is === "unread" ? "no answer" : null,
});

Deno.test("why nobody led: when the leader gave up, what was seen of the key, who was elected", () => {
  const before = term("5", -600, {
    end: at(149),
    reason: "not refreshed before the end of the lease",
    endBy: "leader",
    keyGone: { at: at(195), by: "node-9", how: "seen", revision: "812" },
  });
  const seen = [
    sighting("held", 196, 300, "9"),
    sighting("unread", 140, 190),
    sighting("held", -600, 130, "5"),
  ];
  const [gap, ...others] = gapsBetween([term("9", 195.5), before], seen, at(300));
  assertEquals(others, []);
  assertEquals([gap!.start, gap!.end], [at(149), at(195.5)]);
  assertEquals(
    gap!.known.map((fact) => [fact.is, (("at" in fact ? fact.at : fact.from) - at(0)) / 1000]),
    [
      ["seen", 140],
      ["ended", 149],
      ["key-gone", 195],
      ["elected", 195.5],
    ],
  );
  const ended = gap!.known.find((fact) => fact.is === "ended")!;
  assertEquals([ended.by, ended.node], ["leader", "node-5"]);
});

Deno.test("nobody's word is told as nobody's, and a gap that goes on has no end", () => {
  const observed = term("5", 0, { end: at(60), reason: "the key went", endBy: "observer" });
  const [now] = gapsBetween([observed], [], at(100));
  assertEquals([now!.end, now!.known.length], [null, 1]);
  const old = { ...observed, endBy: undefined };
  const [fact] = gapsBetween([old], [], at(100))[0]!.known;
  assertEquals(fact!.is === "ended" && fact!.by, null);
});

Deno.test("while etcd does not answer, nothing is known beyond the last reading", () => {
  assertEquals(knownUntil({ at: at(0) }, at(20)), at(20));
  assertEquals(knownUntil({ at: at(0) }, at(90)), at(0));
});

Deno.test("a term whose node's clock is ahead is led now: no gap goes on", () => {
  const before = term("5", -600, { end: at(0), reason: "stopped", endBy: "leader" });
  assertEquals(gapsBetween([term("9", 3601), before], [], at(60)), []);
  const earlier = term("3", -900, { end: at(-700), reason: "stopped", endBy: "leader" });
  const gaps = gapsBetween([term("9", 3601), before, earlier], [], at(60));
  assertEquals(gaps.map(({ start, end }) => [start, end]), [[at(-700), at(-600)]]);
  assertEquals(gapsBetween([before], [], at(60)).map(({ end }) => end), [null], "nobody leads");
});
