import fc from "fast-check";
import { jsonChanges, MAX_CHANGES } from "../../../lib/sync/apply/json_changes.ts";
import { changeLines } from "../../../lib/sync/apply/change_lines.ts";
import { pairsOf } from "../../../lib/sync/apply/list_pairs.ts";
import { assert, assertEquals, assertWithin } from "../../support/assert.ts";

const text = (value: unknown) => JSON.stringify(value);
const paths = (before: unknown, after: unknown) =>
  jsonChanges(text(before), text(after)).changes.map(({ path }) => path);

Deno.test("each place that differs has its path, and what was and is there", () => {
  const before = { spec: { node: "host-1", ports: [1, 2, 3], gone: null } };
  const after = { spec: { node: "host-2", ports: [1, 9], "a/b~c": true } };
  assertEquals(jsonChanges(text(before), text(after)).changes, [
    { path: "/spec/a~1b~0c", after: true },
    { path: "/spec/gone", before: null },
    { path: "/spec/node", before: "host-1", after: "host-2" },
    { path: "/spec/ports/1", before: 2, after: 9 },
    { path: "/spec/ports/2", before: 3 },
  ]);
  assertEquals(jsonChanges(null, text({ a: 1 })).changes, [{ path: "", after: { a: 1 } }]);
  assertEquals(jsonChanges(text({ a: 1 }), null).changes, [{ path: "", before: { a: 1 } }]);
  assertEquals(paths({ a: [] }, { a: {} }), ["/a"]);
});

Deno.test("whatever a key holds, it can be told and is told in few words", () => {
  const nested = "[".repeat(100_000) + "]".repeat(100_000);
  for (const stored of [nested, "\u0000not JSON", '"text"', "", "7", "[".repeat(100_000)]) {
    const { changes } = jsonChanges(stored, text({ a: 1 }));
    assertEquals(changes.map(({ path, after }) => [path, after]), [["", { a: 1 }]]);
    assert(text(changes).length < 3000);
    const lines = changeLines({ value: text({ a: 1 }) }, {
      value: new TextEncoder().encode(stored),
      modRevision: "1",
    });
    assert(lines.length < 10 && text(lines).length < 2000, stored.slice(0, 20));
  }
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i]));
  const { changes, more } = jsonChanges(text({}), text(many));
  assertEquals([changes.length, more], [MAX_CHANGES, 100 - MAX_CHANGES]);
  const [long] = jsonChanges(text({ a: "" }), text({ a: "x".repeat(10_000) })).changes;
  assertEquals([long!.before, long!.clipped, String(long!.after).length], ["", true, 2000]);
});

Deno.test("no changes for equal values, whatever the order of keys; some for others", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (a, b) => {
    const [was, is] = [text({ v: a }), text({ v: b })];
    assertEquals(jsonChanges(was, was).changes, []);
    const same = text(JSON.parse(was)) === text(JSON.parse(is));
    if (!same && jsonChanges(was, is).changes.length === 0) {
      // Only the order of keys differs.
      assertEquals(JSON.parse(was), JSON.parse(is));
    }
  }));
});

Deno.test("an item that comes into a list, or goes, is told alone, whatever follows it", () => {
  const rules = ["a", "b", "c", "d"].map((port) => ({ action: "Allow", port }));
  const changes = (before: unknown, after: unknown) =>
    jsonChanges(text({ rules: before }), text({ rules: after })).changes;
  const rule = { port: "new", action: "Allow" };
  assertEquals(changes(rules, rules.toSpliced(1, 0, rule)), [{ path: "/rules/1", after: rule }]);
  assertEquals(changes(rules, rules.toSpliced(1, 1)), [{ path: "/rules/1", before: rules[1] }]);
  assertEquals(changes(rules, rules.toSpliced(0, 2, rule)), [
    { path: "/rules/0/port", before: "a", after: "new" },
    { path: "/rules/1", before: rules[1] },
  ]);
  assertEquals(changes(["a", "b", "c"], ["c", "a", "b"]), [
    { path: "/rules/0", after: "c" },
    { path: "/rules/2", before: "c" },
  ]);
  const turned = rules.map(({ action, port }) => ({ port, action }));
  assertEquals(changes(rules, turned), [], "the order of keys is no difference");
  const numbers = (from: number) => Array.from({ length: 2000 }, (_, i) => from + i);
  const started = performance.now();
  const { changes: first, more } = jsonChanges(text(numbers(0)), text(numbers(5000)));
  assertEquals([first.length, more, first[1]!.path], [MAX_CHANGES, 2000 - MAX_CHANGES, "/1"]);
  assertWithin(performance.now() - started, 2000, "two long lists");
});

Deno.test("the pairs of two lists hold each item once, in order, but for those that are equal", () => {
  const list = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 12 });
  fc.assert(fc.property(list, list, (before, after) => {
    const pairs = pairsOf(before, after);
    const side = (which: 1 | 2) =>
      pairs.map((pair) => pair[which]).filter((item) => item !== undefined);
    const [gone, come] = [side(1), side(2)];
    // What is left without them is the same on both sides.
    assertEquals(before.length - gone.length, after.length - come.length);
    const count = (of: readonly unknown[]) => {
      const counts = new Map<unknown, number>();
      for (const item of of) counts.set(item, (counts.get(item) ?? 0) + 1);
      return counts;
    };
    const [b, a, g, c] = [before, after, gone, come].map(count);
    for (let n = 0; n <= 4; n++) {
      const left = (all?: Map<unknown, number>, some?: Map<unknown, number>) =>
        (all?.get(n) ?? 0) - (some?.get(n) ?? 0);
      assertEquals(left(b, g), left(a, c));
    }
    for (const [i, was, is] of pairs) {
      assertEquals(was === undefined ? after[i] : before[i], was ?? is);
    }
  }));
});
