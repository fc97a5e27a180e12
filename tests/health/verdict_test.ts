import { judge, judgeRole } from "../../lib/health/verdict.ts";
import type { Facts, Level } from "../../lib/health/facts.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { agent, agentsRecord, facts, NOW, resync, role, status } from "../diagnostics/fixtures.ts";

const standby: Partial<Facts> = {
  isMaster: false,
  since: null,
  mastership: null,
  leader: "node-2:7",
  election: { state: "follower", leader: "node-2:7", term: "9", problem: null, at: NOW },
};
const rest = ["resource-syncer", "agent-status-watcher", "endpoint-status-watcher", "diagnostics"]
  .map((name) => role(name));
const noLeader = (state: "starting" | "candidate", problem: string | null = null) => ({
  ...standby,
  leader: null,
  election: { state, leader: null, term: null, problem, at: NOW },
});
const staleAgents = agentsRecord([agent("old", 300_001), agent("new", 1000), agent("x", 1)]);

const table: readonly [name: string, changes: Partial<Facts>, level: Level, text: RegExp][] = [
  [
    "master in order",
    {},
    "ok",
    /^node-1 leads since 12:02 UTC; everything in sync; status lag 300 ms\.$/,
  ],
  ["standby in order", standby, "ok", /^node-2:7 leads; node-1 stands by, all 5 roles run here\.$/],
  [
    "a role in backoff",
    { roles: [role("manager", { state: "backoff", lastEnd: "exit code 1" }), ...rest] },
    "error",
    /^manager: ended and waits for its restart: exit code 1\. Look at/,
  ],
  [
    "a role that is tried once more",
    { roles: [role("manager", { failures: 3, lastEnd: "exit code 1" }), ...rest] },
    "warn",
    /^manager: ends again and again: exit code 1\. The supervisor restarts it/,
  ],
  [
    "a silent role",
    { roles: [role("manager", {}, { at: NOW - 10_001 }), ...rest] },
    "error",
    /^manager: no heartbeat for more than 10 s\. The supervisor restarts it/,
  ],
  [
    "a role just not silent",
    { roles: [role("manager", {}, { at: NOW - 10_000 }), ...rest] },
    "ok",
    /leads/,
  ],
  [
    "a role with a problem",
    { roles: [role("manager", {}, { problem: "etcd does not answer; start it." }), ...rest] },
    "error",
    /^manager: etcd does not answer; start it\.$/,
  ],
  [
    "a stopped role",
    { roles: [role("manager", { state: "stopped" }), ...rest] },
    "warn",
    /^manager: stopped\. Start the node again/,
  ],
  [
    "roles not started",
    { roles: rest.map((r) => ({ ...r, process: null, alive: null, silentMs: null })) },
    "warn",
    /not started yet/,
  ],
  ["election unknown", { ...standby, election: null }, "warn", /has not reported/],
  ["election starting", noLeader("starting"), "warn", /just started/],
  ["no leader", noLeader("candidate"), "error", /^No node leads/],
  [
    "election problem",
    noLeader("candidate", "etcd is out of reach"),
    "error",
    /^No leader is seen, on the word of node-1: etcd is out of reach\. What this node/,
  ],
  ["mastership run out", { isMaster: false, since: null }, "error", /has run out/],
  [
    "last resync failed",
    { resyncs: [resync({ endedAt: null }), resync({ error: "Neutron: 503." }), resync()] },
    "error",
    /^The last resync failed: Neutron: 503\. Check Neutron/,
  ],
  [
    "a standby's failed resync is history",
    { ...standby, resyncs: [resync({ error: "x" })] },
    "ok",
    /by/,
  ],
  [
    "resync warnings",
    { resyncs: [resync({ warnings: ["a", "b"] })] },
    "warn",
    /warns: a \(and 1 more\)/,
  ],
  ["first resync to come", { resyncs: [] }, "warn", /has not started/],
  ["first resync running", { resyncs: [resync({ endedAt: null })] }, "warn", /is running/],
  ["stale agents", { agents: staleAgents }, "warn", /^1 of 3 agents .*\(old\): check Felix/],
  ["a standby's stale agents", { ...standby, agents: staleAgents }, "ok", /stands by/],
  ["a backlog", { agents: { ...facts().agents!, lagMs: 61_000 } }, "warn", /seen 1 min .*late/],
  ["a wrong clock", { agents: { ...facts().agents!, lagMs: 10, maxLagMs: 9e6 } }, "ok", /./],
  ["a long queue", { ports: { ...facts().ports!, queued: 1001 } }, "warn", /1001 port status/],
];

Deno.test("the verdict names what is wrong and what to do", async (t) => {
  for (const [name, changes, level, text] of table) {
    await t.step(name, () => {
      const found = judge(facts(changes)).verdict;
      assertEquals(found.level, level, found.text);
      assertMatch(found.detail ?? found.text, text);
    });
  }
});

Deno.test("errors come before warnings, and all are listed", () => {
  const all = status({
    agents: staleAgents,
    roles: [role("manager", { state: "stopped" }), ...rest],
    resyncs: [resync({ error: "boom" })],
  }).findings;
  assertEquals(all.map((f) => f.level), ["error", "warn", "warn"]);
  assertMatch(all[0]!.text, /boom/);
});

Deno.test("a role may take 10 s to start", () => {
  const process = role("x", { state: "starting", startedAt: NOW - 10_000 }).process;
  assertEquals(judgeRole(process, null, NOW).level, "ok");
  assertEquals(judgeRole(process, null, NOW + 1).level, "warn");
});

Deno.test("readiness wants all roles, a leader, and a resync on the master", () => {
  const node = { ...facts().node, startupResync: "never" as const };
  assert(status().ready);
  assert(status({ ...standby, resyncs: [] }).ready);
  assert(status({ resyncs: [], node }).ready, "startup resync off");
  assert(!status({ resyncs: [] }).ready);
  assert(!status({ resyncs: [resync({ error: "x" })] }).ready);
  assert(!status({ leader: null }).ready);
  assert(!status({ roles: [role("manager", {}, { at: NOW - 11_000 }), ...rest] }).ready);
  assert(!status({ roles: [role("manager", { state: "starting" }), ...rest] }).ready);
});

Deno.test("notifications that are not heard, or that Neutron does not send, are warned of", () => {
  const good = status().notifications!;
  const since = NOW - 3_600_000;
  const said = (changes: Partial<typeof good>, more: Partial<Facts> = {}) =>
    judge({ ...status(), since, notifications: { ...good, ...changes }, ...more }).findings
      .map(({ level, text, detail = text }) => `${level} ${detail}`).join();
  assertEquals(said({}), "");
  const lost = { queue: null, trouble: "message bus at 10.0.0.5:5672: refused" };
  assertMatch(said(lost), /^warn Neutron's notifications are not heard.*10\.0\.0\.5:5672/);
  assertEquals(
    said(lost, { since: NOW - 5000, resyncs: [resync({ startedAt: NOW - 4000 })] }),
    "",
    "the term has just begun",
  );
  assertEquals(said({ ...lost, at: NOW - 60_000 }), "", "an earlier term's");
  assertMatch(said({ received: 0, silent: 30 }), /^warn 30 changes .*driver = messagingv2/);
  assertEquals(said({ received: 1, silent: 30 }), "");
});
