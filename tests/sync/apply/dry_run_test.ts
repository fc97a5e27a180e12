import { DryRunSink } from "../../../lib/sync/apply/dry_run.ts";
import { grouped, groupsOf } from "../../../lib/sync/apply/difference_groups.ts";
import { DifferenceLog } from "../../../lib/sync/apply/difference_log.ts";
import { jsonChanges } from "../../../lib/sync/apply/json_changes.ts";
import type { Change } from "../../../lib/sync/model/compare.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";

const stored = (value: unknown) => ({
  value: new TextEncoder().encode(JSON.stringify(value)),
  modRevision: "5",
});

function change(id: string, value: unknown, changes: Partial<Change> = {}): Change {
  return {
    key: `/calico/${id}`,
    kind: "WorkloadEndpoint",
    subject: { type: "port", id },
    group: "ports",
    value: value === null ? null : JSON.stringify(value),
    modRevision: "5",
    action: value === null ? "delete" : "update",
    ...changes,
  };
}

async function textOf(
  changes: readonly (readonly [Change, unknown])[],
  maxChars?: number,
): Promise<string> {
  const sink = new DryRunSink(maxChars);
  for (const [change, was] of changes) {
    await sink.add(change, was === undefined ? undefined : stored(was));
  }
  return sink.text();
}

Deno.test("what is the same in many objects is told once, with their keys", async () => {
  const port = (id: string, group: string, node = "h") => ({
    name: id,
    ids: ["default", group],
    node,
  });
  assertEquals(
    await textOf([
      [change("a", port("a", "new")), port("a", "old")],
      [change("s", { a: 1 }, { kind: "Subnet", action: "create" }), undefined],
      [change("b", port("b", "new")), port("b", "old")],
      [change("c", port("c", "new", "h2")), port("c", "old", "h1")],
      [change("d", null), { gone: true }],
      [change("e", port("e", "new", "h2")), port("e", "old", "h1")],
      [change("f", { n: 2 }), { n: 1, list: [1] }],
    ]),
    `update 2 ports: /ids/1 "old" -> "new"
    /calico/a
    /calico/b
create /calico/s
  + {
  +  "a": 1
  + }
update 2 ports, each of them:
  /ids/1 "old" -> "new"
  /node "h1" -> "h2"
    /calico/c
    /calico/e
delete /calico/d
  - {
  -  "gone": true
  - }
update /calico/f
  /list [1] -> nothing
  /n 1 -> 2
`,
  );
});

Deno.test("what does not fit is never taken for the same, and nothing of it is left out of the text", async () => {
  const long = (end: string) => ({ a: "x".repeat(3000) + end });
  const many = (n: number) =>
    Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, n]));
  const path = (end: string) => ({ ["p".repeat(600) + end]: 1 });
  const pairs = [
    [long("1"), long("2"), long("3")],
    [many(0), many(1), { ...many(1), k49: 2 }],
    [{}, path("1"), path("2")],
    ["text 1", { a: 1 }, { a: 2 }],
  ] as const;
  for (const [was, one, other] of pairs) {
    const text = await textOf([[change("a", one), was], [change("b", other), was]]);
    assertMatch(text, /^update \/calico\/a\n {2}[-+] /);
    assertMatch(text, /\nupdate \/calico\/b\n/);
  }
  const text = await textOf([[change("a", long("2")), long("1")]]);
  assert(text.includes(JSON.stringify(long("2").a)), "all of it is there");
  const control = jsonChanges("{}", JSON.stringify({ "a\u001b[2J": 1 })).changes;
  assertEquals([control[0]!.clipped, control[0]!.path], [true, "/a\\u001b[2J"]);
});

Deno.test("a text of a large cloud ends with how many there are, and of how many it tells", async () => {
  const changes = Array.from(
    { length: 2000 },
    (_, i) => [change(`port-${i}`, { a: 2 }), { a: 1 }] as const,
  );
  const whole = await textOf(changes);
  assertMatch(whole, /^update 2,000 ports: \/a 1 -> 2\n/);
  assertEquals(whole.split("\n").length, 2002);
  const cut = await textOf(changes, 1000);
  assert(cut.length < 3000, `${cut.length}`);
  const shown = cut.split("\n").filter((line) => line.startsWith("    ")).length;
  assertMatch(cut, new RegExp(`^update ${shown} ports: .*first ${shown}\n$`, "s"));
  assertMatch(cut, /… and more: 2,000 differences in all/);
});

Deno.test("the differences that are kept are put together in the same way, the most first", () => {
  const log = new DifferenceLog();
  const add = (id: string, was: unknown, is: unknown, more: Partial<Change> = {}) =>
    log.add(change(id, is, more), stored(was));
  add("a", { x: 1 }, { x: 2 });
  for (const id of ["b", "c", "d"]) add(id, { y: 1 }, { y: 2 });
  add("e", { x: 1 }, { x: 2 });
  add("f", { x: 1 }, { x: 2 }, { kind: "LiveMigration" });
  add("g", { x: 1 }, null);
  add("h", { x: 1 }, null);
  assertEquals(
    grouped(log.objects).map((group) => group.map(({ subject }) => subject.id).join("")),
    ["ae", "bcd", "f", "g", "h"],
  );
  assertEquals(groupsOf(log.objects).map(({ count, changes }) => [count, changes[0]!.path]), [
    [3, "/y"],
    [2, "/x"],
  ]);
  // Records of the version before tell no places.
  const before = log.objects.map((object) => ({ ...object, changes: [] }));
  assertEquals([groupsOf(before).length, grouped(before).length], [0, 8]);
});
