import { guardSentence, leftOutSentence, namesOf } from "../../../lib/sync/report/held_text.ts";
import type { Guard, LeftOut } from "../../../lib/state/records.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const guard = (changes: Partial<Guard> = {}): Guard => ({
  collection: "security-groups",
  why: "many",
  held: 120,
  lost: 117,
  names: ["a", "b", "c"],
  ...changes,
});

const GUARDS: readonly [changes: Partial<Guard>, said: string][] = [
  [
    {},
    "Held back: Neutron shows 3 of 120 security groups, fewer than max_deletions allows, so nothing " +
    "of them is deleted (117 would " +
    "be). Look at what is missing first; if they are gone indeed, resync --allow-deletions lets it " +
    "through once.",
  ],
  [
    { why: "empty", collection: "ports", held: 12_345, lost: 12_345 },
    "Held back: Neutron shows none of the 12,345 ports that etcd has, so nothing of them is deleted " +
    "(12,345 would be). Check that the service user may see them; if they are gone indeed, resync " +
    "--allow-deletions lets it through once.",
  ],
  [
    { why: "hidden", collection: "qos/policies", held: 20, lost: 5 },
    "Held back: Neutron does not show 5 of 20 QoS policies, though other objects name such, so what " +
    "shows them stays as it is (5 would be lost). Check that the service user may see all of them; " +
    "if they are gone indeed, resync --allow-deletions lets it through once.",
  ],
  [
    { why: "unconfirmed", collection: "projects", held: 9, lost: 4 },
    "Held back: Keystone did not say for certain that 4 of 9 projects are gone, so what shows them " +
    "stays as it is (4 would be lost). The next resync asks again; if they are gone indeed, resync " +
    "--allow-deletions lets it through once.",
  ],
];

Deno.test("each guard has its sentence, with counts and what to do", () => {
  for (const [changes, said] of GUARDS) assertEquals(guardSentence(guard(changes)), said);
  const odd = guardSentence(guard({ collection: `x\n${"y".repeat(9000)}`, held: 3, lost: 9 }));
  assert(odd.includes("shows 0 of 3 objects of x y"), odd);
  assert(odd.length < 300 && !odd.includes("\n"), odd);
});

Deno.test("a guard's names are few, and the rest is counted", () => {
  assertEquals(namesOf(guard(), 2), "a, b and 115 more");
  assertEquals(namesOf(guard({ lost: 3 }), 3), "a, b, c");
  assertEquals(namesOf(guard({ names: [] }), 3), "");
});

Deno.test("objects that are left are counted, and the first is named", () => {
  const left = (changes: Partial<LeftOut>) =>
    leftOutSentence({
      why: "too-large",
      collection: "security-groups",
      total: 1,
      names: ["g1: 3 MB."],
      ...changes,
    });
  assertEquals(left({}), "1 security group is left as it is, too large for etcd: g1: 3 MB.");
  assertEquals(
    left({ why: "not-understood", collection: "ports", total: 1200, names: ["p: null", "q"] }),
    "1,200 ports are left as they are, not understood: p: null, and others.",
  );
  assertEquals(
    left({ why: "bad-key", collection: "ports", total: 2, names: [] }),
    "2 ports are left as they are, without a key that can be used.",
  );
  assert(left({ names: ["n".repeat(9000)] }).length < 300);
});
