import { heldNow } from "../../lib/health/held.ts";
import type { Facts, Level } from "../../lib/health/facts.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { facts, guard, left, NOW, resync, status } from "../diagnostics/fixtures.ts";

const watches = { watches: true, node: { ...facts().node, startupResync: "never" as const } };
/** A run that was `secondsAgo`. */
const run = (secondsAgo: number, changes: Parameters<typeof resync>[0] = {}) =>
  resync({ startedAt: NOW - secondsAgo * 1000, ...changes });
const watched = (secondsAgo: number, differences: number) =>
  run(secondsAgo, { dryRun: true, reason: "watching", differences });

const table: readonly [name: string, changes: Partial<Facts>, level: Level, text: RegExp][] = [
  [
    "more is gone than may be",
    { resyncs: [run(9, { guards: [guard()] })] },
    "error",
    /^Held back: Neutron shows 3 of 120 security groups, fewer than max_deletions allows, so nothing of/,
  ],
  [
    "nothing is shown",
    { resyncs: [run(9, { guards: [guard({ why: "empty", lost: 120 })] })] },
    "error",
    /^Held back: Neutron shows none of the 120 security groups that etcd has.*--allow-deletions/,
  ],
  [
    "objects are hidden",
    { resyncs: [run(9, { guards: [guard({ why: "hidden" })] })] },
    "error",
    /^Held back: Neutron does not show 117 of 120 security groups, though.*may see all of them/,
  ],
  [
    "Neutron did not say for certain",
    { resyncs: [run(9, { guards: [guard({ why: "unconfirmed", lost: 2 })] })] },
    "warn",
    /^Held back: Neutron did not say for certain that 2 of 120.*The next resync asks again/,
  ],
  [
    "objects are left",
    { resyncs: [run(9, { leftOut: [left({ total: 3 })] })] },
    "warn",
    /^3 security groups are left as they are, too large for etcd: 0f1e2d3c: 3,145,728 bytes, and/,
  ],
  [
    "what was held back before a failure",
    { resyncs: [run(9, { error: "503" }), run(99, { guards: [guard()] })] },
    "error",
    /^The last resync failed: 503/,
  ],
  [
    "a part was compared since",
    { resyncs: [run(9, { whole: false }), run(99, { guards: [guard()] })] },
    "error",
    /^Held back: Neutron shows 3 of 120/,
  ],
  [
    "a part holds back",
    { resyncs: [run(9, { whole: false, guards: [guard()] }), run(99)] },
    "error",
    /^Held back: Neutron shows 3 of 120/,
  ],
  [
    "everything was let through since",
    { resyncs: [run(9), run(99, { guards: [guard()] })] },
    "ok",
    /sync/,
  ],
  [
    "a dry run that somebody asked for",
    { resyncs: [run(9, { dryRun: true, guards: [guard()] }), run(99)] },
    "ok",
    /everything in sync/,
  ],
  [
    "a standby's history",
    { isMaster: false, since: null, leader: "b:7", resyncs: [run(9, { guards: [guard()] })] },
    "error",
    /holds the election key/,
  ],
  [
    "watching",
    { ...watches, resyncs: [watched(9, 1234), watched(70, 7)] },
    "ok",
    /^node-1 leads since 12:02 UTC; watching only: 1,234 differences, nothing is written; status lag/,
  ],
  [
    "watching, and nothing compared yet",
    { ...watches, resyncs: [run(9000)] },
    "ok",
    /watching only: nothing is compared yet and nothing written/,
  ],
  [
    "watching, after one port was asked for",
    { ...watches, resyncs: [run(9, { whole: false }), watched(70, 7)] },
    "ok",
    /watching only: 7 differences/,
  ],
  [
    "watching a Neutron that shows little",
    { ...watches, resyncs: [{ ...watched(9, 7), guards: [guard()] }] },
    "error",
    /^Held back: Neutron shows 3 of 120/,
  ],
  [
    "watching, because what was asked for failed",
    { ...watches, resyncs: [run(9, { error: "503" }), watched(70, 7)] },
    "error",
    /^The last resync failed: 503/,
  ],
  [
    "no longer watching",
    { resyncs: [run(9, { reason: "requested" }), watched(70, 7)] },
    "ok",
    /everything in sync/,
  ],
  [
    "still watching after a resync that failed",
    { ...watches, resyncs: [watched(3, 7), run(9, { reason: "requested", error: "no" })] },
    "ok",
    /watching only: 7 differences/,
  ],
  [
    "about to end the watching",
    { ...watches, resyncs: [run(9, { endedAt: null }), watched(70, 7)] },
    "warn",
    /first resync is running/,
  ],
];

Deno.test("the verdict never says in sync while something is held back, left or only watched", async (t) => {
  for (const [name, changes, level, text] of table) {
    await t.step(name, () => {
      const found = status(changes).verdict;
      assertEquals(found.level, level, found.text);
      assertMatch(found.detail ?? found.text, text);
      assert(!/everything in sync/.test(found.text) || found.level === "ok", found.text);
    });
  }
});

Deno.test("what is held back comes gravest first, each collection once, with the run that said it", () => {
  const older = run(99, {
    guards: [
      guard(),
      guard({ collection: "ports", why: "empty" }),
      guard({ collection: "subnets" }),
    ],
    leftOut: [left(), left({ why: "bad-key", total: 9 })],
  });
  const newer = run(9, {
    whole: false,
    guards: [
      guard({ why: "unconfirmed", lost: 1 }),
      guard({ collection: "networks", why: "hidden" }),
    ],
    leftOut: [left({ total: 1 })],
  });
  const { guards, leftOut, watching } = status({ resyncs: [newer, older] }).held;
  assertEquals(guards.map(({ collection, why, resync }) => [collection, why, resync]), [
    ["networks", "hidden", newer.id],
    ["ports", "empty", older.id],
    ["subnets", "many", older.id],
    ["security-groups", "unconfirmed", newer.id],
  ]);
  assertEquals(leftOut.map(({ why, total, resync }) => [why, total, resync]), [
    ["bad-key", 9, older.id],
    ["too-large", 1, newer.id],
  ]);
  assertEquals(watching, null);
  const links = status({ resyncs: [newer, older] }).findings.map(({ link }) => link);
  assertEquals(links[0], `/resyncs/${newer.id}`);
});

Deno.test("a node that is not master holds nothing back, whatever its history says", () => {
  const known = facts({ ...watches, resyncs: [run(9, { guards: [guard()], leftOut: [left()] })] });
  const none = { guards: [], leftOut: [], watching: null };
  assertEquals(heldNow({ ...known, isMaster: false, since: null }), none);
  assert(heldNow(known).guards.length === 1);
});

Deno.test("a node that watches is ready before anything is compared", () => {
  assert(status({ ...watches, resyncs: [] }).ready);
});
