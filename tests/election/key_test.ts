import { judgeKey, parseElectionValue, type Situation } from "../../lib/election/key.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const key = (value: string, lease = "9") => ({
  value,
  lease,
  createRevision: "5",
  modRevision: "6",
});
const situation = (change: Partial<Situation>): Situation => ({
  observed: null,
  name: "node-1",
  pid: 10,
  pidAlive: true,
  predecessor: false,
  unchangedMs: 0,
  ttlMs: 15_000,
  respectUnleased: false,
  key: "/election",
  ...change,
});

const JUDGEMENTS: [string, Partial<Situation>, string][] = [
  ["no key", {}, "absent"],
  ["another node's key", { observed: key("node-2:7") }, "held"],
  ["a Python driver's key on this host", { observed: key("node-1:7") }, "held"],
  ["this host's key of a dead process", { observed: key("node-1:7"), pidAlive: false }, "stale"],
  ["this host's key, its pid another program", {
    observed: key("node-1:7"),
    predecessor: true,
  }, "stale"],
  ["another host's key, pid dead here", { observed: key("node-2:7"), pidAlive: false }, "held"],
  ["this process's own leftover", { observed: key("node-1:10") }, "stale"],
  ["a value of another shape", { observed: key("hello there"), pidAlive: false }, "held"],
  ["no lease, lately changed", { observed: key("node-2:7", "0"), unchangedMs: 29_999 }, "held"],
  ["no lease, unchanged for 2 × ttl", {
    observed: key("node-2:7", "0"),
    unchangedMs: 30_000,
  }, "stale"],
  ["no lease, unchanged, but respected", {
    observed: key("node-2:7", "0"),
    unchangedMs: 1e9,
    respectUnleased: true,
  }, "held"],
];
for (const [what, change, is] of JUDGEMENTS) {
  Deno.test(`${what}: ${is}`, () => {
    assertEquals(judgeKey(situation(change)).is, is);
  });
}

Deno.test("what is wrong with a key is said with its remedy", () => {
  const foreign = judgeKey(situation({ observed: key("hello there") }));
  assert(foreign.is === "held");
  assertMatch(foreign.problem!, /no <name>:<pid>.*delete/);
  for (const respectUnleased of [false, true]) {
    const unleased = judgeKey(situation({ observed: key("node-2:7", "0"), respectUnleased }));
    assert(unleased.is === "held");
    assertMatch(unleased.problem!, /without a lease.*delete \/election/);
  }
  assertEquals(parseElectionValue("node-1:2219629"), { name: "node-1", pid: 2219629 });
});
