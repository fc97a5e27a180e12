/** What is said when nobody leads: only where it is known, since when, and on whose word. */
import type { Facts } from "../../lib/health/facts.ts";
import { formatStatus } from "../../lib/health/status_text.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { facts, NOW, role, status } from "../diagnostics/fixtures.ts";

type Term = NonNullable<Facts["cluster"]>["terms"][number];

function leaderless(changes: Partial<Facts> = {}, state: "candidate" | "stopping" = "candidate") {
  const election = { state, leader: null, term: null, problem: null, at: NOW } as const;
  return { isMaster: false, since: null, mastership: null, leader: null, election, ...changes };
}

/** A cloud whose newest term is that one. */
function cluster(term: Partial<Term> | null) {
  const { cluster, ...rest } = facts();
  const [, ended] = cluster!.terms;
  const nodes = ["node-1", "node-3"].map((name) => ({ ...cluster!.nodes[0]!, name }));
  return { ...rest, cluster: { ...cluster!, nodes, terms: term ? [{ ...ended!, ...term }] : [] } };
}

const said = (term: Partial<Term> | null) =>
  status(leaderless({ cluster: cluster(term).cluster })).verdict;

Deno.test("nobody leads: since when, on whose word, and what to do", () => {
  const history = said({ end: NOW - 63_000, reason: "stopped in order" });
  assertEquals([history.kind, history.level, history.link], ["no-leader", "error", "/election"]);
  assertEquals(
    history.text,
    "No node leads since 14:01 UTC, on the word of node-1 and of the history in etcd.",
  );
  assertEquals(
    history.detail,
    `${history.text} The last term: stopped in order. Registered: node-1, node-3. ` +
      "Nothing is synchronised: check etcd and the managers' logs.",
  );
  assertEquals(
    said({ end: null, until: NOW - 3000 }).text,
    "No node leads since about 14:02 UTC, the end of node-2's lease as node-1 saw it.",
  );
  const told = said({ end: NOW - 63_000, endBy: "leader", reason: "stopped in order" });
  assertEquals(
    told.text,
    "No node leads since 14:01 UTC, on the word of node-2, which led, and of node-1.",
  );
  const own = said({ node: "node-1", end: NOW - 63_000, endBy: "leader" });
  assertEquals(own.text, "No node leads since 14:01 UTC, on the word of node-1, which led.");
  const gone = { at: NOW - 63_000, by: "node-3", how: "seen" } as const;
  assertEquals(
    said({ end: NOW, endBy: "observer", keyGone: gone }).text,
    "No node leads since 14:01 UTC, on the word of node-3 and of node-1.",
  );
  assertEquals(
    said({ end: NOW, keyGone: { ...gone, by: "node-1" } }).text,
    "No node leads since 14:01 UTC, on the word of node-1.",
  );
  assertEquals(
    said({ end: NOW, keyGone: { ...gone, how: "lease" } }).text,
    "No node leads since about 14:01 UTC, the end of node-2's lease as node-3 saw it.",
  );
  assertEquals(
    said({ end: NOW, endBy: "leader", keyGone: gone }).text,
    "No node leads since 14:02 UTC, on the word of node-2, which led, and of node-1.",
  );
  const here = cluster({ end: null }).cluster;
  const free = {
    is: "free",
    from: NOW - 63_000,
    to: NOW,
    term: null,
    id: null,
    why: null,
  } as const;
  assertEquals(
    status(leaderless({ cluster: { ...here, seen: [free] } })).verdict.text,
    "No node leads since 14:01 UTC, on the word of node-1.",
  );
  for (const term of [null, { end: null }, { end: null, until: NOW + 3000 }]) {
    assertEquals(
      said(term).text,
      "No node leads, on the word of node-1; since when is not known.",
    );
  }
});

Deno.test("a node whose manager stops or is down does not say that nobody leads", () => {
  const rest = facts().roles.slice(1);
  const kinds = (changes: Partial<Facts>, state?: "stopping") =>
    status(leaderless(changes, state)).findings.map(({ kind, level }) => `${kind} ${level}`);
  assertEquals(kinds({}, "stopping"), ["election-unknown warn"]);
  assertEquals(kinds({ roles: [role("manager", { state: "backoff" }), ...rest] }), [
    "role error",
    "election-unknown warn",
  ]);
  assertEquals(kinds({ roles: [role("manager", {}, { at: NOW - 10_001 }), ...rest] }), [
    "role error",
    "election-unknown warn",
  ]);
  assertMatch(status(leaderless({}, "stopping")).verdict.text, /^Who leads is not known here/);
});

Deno.test("what a manager that died saw last is not said of now", () => {
  const rest = facts().roles.slice(1);
  const roles = [role("manager", { state: "backoff", lastEnd: "killed" }), ...rest];
  const own = { state: "leader", leader: "node-1:4242", term: "77", problem: null } as const;
  for (
    const election of [own, { ...own, state: "candidate", problem: "the watch fails" }] as const
  ) {
    const over = { ...leaderless(), election: { ...election, at: NOW - 600_000 } };
    const found = status({ ...over, roles });
    assertEquals(found.findings.map(({ kind }) => kind), ["role", "election-unknown"]);
    assertMatch(formatStatus(found), /^master {2}not known$/m);
  }
  const master = status({ roles });
  assertEquals(master.findings.map(({ kind }) => kind), ["role"], "its mastership still holds");
  assertMatch(formatStatus(status(leaderless())), /^master {2}nobody$/m);
  assertMatch(formatStatus(status(leaderless({}, "stopping"))), /^master {2}not known$/m);
});

Deno.test("a node that cannot see the election says that, since when, and why, first of all", () => {
  const problem = "etcd at https://etcd-1:2379 does not answer";
  const election = { state: "candidate", leader: null, term: null, problem, at: NOW } as const;
  const look = { from: NOW - 63_000, to: NOW, term: null, id: null, why: "waited 3 s" };
  const seen = [{ ...look, is: "unread" as const }];
  const [, ...rest] = facts().roles;
  const roles = [role("manager", {}, { problem }), ...rest];
  const changes = { ...leaderless({ election }), roles, cluster: { ...facts().cluster!, seen } };
  const { findings, verdict } = status(changes);
  assertEquals(findings.map(({ kind }) => kind), ["leader-unseen", "role"]);
  assertEquals(
    verdict.text,
    "No leader is seen since 14:01 UTC, on the word of node-1: " +
      "etcd at https://etcd-1:2379 does not answer.",
  );
  const held = {
    ...changes,
    cluster: { ...facts().cluster!, seen: [{ ...look, is: "held" as const }] },
  };
  assertMatch(status(held).verdict.text, /^No leader is seen, on the word of node-1: etcd at/);
  const down = { ...changes, roles: [role("manager", { state: "backoff" }), ...rest] };
  assertEquals(status(down).findings.map(({ kind }) => kind), ["role", "election-unknown"]);
});

Deno.test("that nodes are configured otherwise comes after what is wrong now", () => {
  const configurations = {
    same: [],
    unknown: [],
    differing: [{ node: "node-2", differences: [{ what: "sync", here: null, there: null }] }],
  };
  const { findings } = status({
    cluster: { ...facts().cluster!, at: NOW, configurations },
    ports: { ...facts().ports!, failing: 1 },
  });
  assertEquals(findings.map(({ kind }) => kind), ["ports-failing", "node-config-differs"]);
});

Deno.test("that nobody leads comes before a role, and a full etcd before both", () => {
  const [first, ...others] = facts().databases!.members;
  const databases = { at: NOW, members: [...others, { ...first!, alarms: ["NOSPACE"] }] };
  const roles = [...facts().roles.slice(0, -1), role("diagnostics", { state: "backoff" })];
  assertEquals(status(leaderless({ databases, roles })).findings.map(({ kind }) => kind), [
    "etcd-alarm",
    "no-leader",
    "role",
  ]);
});
