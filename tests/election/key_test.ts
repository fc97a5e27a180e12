import { isOwnTerm, judgeKey, parseElectionValue, type Situation } from "../../lib/election/key.ts";
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
  granted: false,
  predecessor: false,
  refreshed: false,
  unchangedMs: 0,
  ttlMs: 15_000,
  respectUnleased: false,
  key: "/election",
  ...change,
});

const JUDGEMENTS: [string, Partial<Situation>, string][] = [
  ["no key", {}, "absent"],
  ["another node's key", { observed: key("node-2:7") }, "held"],
  ["another process's key on this host", { observed: key("node-1:7") }, "held"],
  ["a key that this node's earlier manager wrote", {
    observed: key("node-1:7"),
    predecessor: true,
  }, "stale"],
  ["the same, with the pid of now: a container's pid 1", {
    observed: key("node-1:10"),
    predecessor: true,
  }, "stale"],
  ["this process's own leftover", { observed: key("node-1:10"), granted: true }, "stale"],
  ["this very name and pid under another's lease", { observed: key("node-1:10") }, "held"],
  ["another value under a lease of this process", {
    observed: key("node-2:7"),
    granted: true,
  }, "held"],
  ["a value of another shape", { observed: key("hello there"), predecessor: true }, "held"],
  ["no lease, lately changed", { observed: key("node-2:7", "0"), unchangedMs: 29_999 }, "held"],
  ["no lease, unchanged for 2 × ttl", {
    observed: key("node-2:7", "0"),
    unchangedMs: 30_000,
  }, "stale"],
  ["no lease, this host's name", { observed: key("node-1:7", "0"), unchangedMs: 29_999 }, "held"],
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
  const problem = (change: Partial<Situation>) => {
    const judged = judgeKey(situation(change));
    assert(judged.is === "held");
    return judged.problem;
  };
  const [twin, namesake] = [key("node-1:10"), key("node-1:7")];
  assertMatch(
    problem({ observed: twin })!,
    /own name and process id, under a lease.*--elector-name/,
  );
  assert(problem({ observed: twin, refreshed: true }), "two electors of one name");
  assertMatch(problem({ observed: namesake })!, /nothing proves.*is gone.*--elector-name/);
  assertEquals(problem({ observed: namesake, refreshed: true }), null, "another driver, alive");
  assertEquals(problem({ observed: key("node-2:7") }), null);
  assertEquals(parseElectionValue("node-1:2219629"), { name: "node-1", pid: 2219629 });
});

Deno.test("an own-term record tells of a key of that revision and value, of this boot and namespace", () => {
  const place = { bootId: "b", pidNamespace: "pid:[1]" };
  const own = { term: "5", value: "node-1:7", ...place };
  assert(isOwnTerm(own, key("node-1:7"), place));
  assert(!isOwnTerm(null, key("node-1:7"), place));
  assert(!isOwnTerm({ ...own, term: "6" }, key("node-1:7"), place));
  assert(!isOwnTerm(own, key("node-1:8"), place));
  assert(!isOwnTerm(own, key("node-1:7"), { ...place, bootId: "c" }));
  assert(!isOwnTerm(own, key("node-1:7"), { ...place, pidNamespace: "pid:[2]" }));
});
