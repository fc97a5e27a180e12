import fc from "fast-check";
import { jsonChanges, MAX_CHANGES } from "../../../lib/sync/apply/json_changes.ts";
import { changeLines } from "../../../lib/sync/apply/change_lines.ts";
import { assert, assertEquals } from "../../support/assert.ts";

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
