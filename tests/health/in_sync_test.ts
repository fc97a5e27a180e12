/** "Everything in sync" is said only where Neutron, etcd and Felix are known to agree and nothing waits. */
import type { Facts } from "../../lib/health/facts.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { facts, NOW, resync, role, status } from "../diagnostics/fixtures.ts";

const ago = (seconds: number) => NOW - seconds * 1000;
/** A run that was `seconds` ago. */
const run = (seconds: number, changes: Parameters<typeof resync>[0] = {}) =>
  resync({ startedAt: ago(seconds), ...changes });
const part = { reason: "announced", whole: false };
const ports = (changes: Partial<NonNullable<Facts["ports"]>>) => ({
  ports: { ...facts().ports!, ...changes },
});
const agents = (changes: Partial<NonNullable<Facts["agents"]>>) => ({
  agents: { ...facts().agents!, ...changes },
});
const absent = (awaited: number) => ({
  gone: 0,
  unserved: 0,
  goneEndpoints: 0,
  unservedEndpoints: 0,
  awaited,
  hosts: [],
  stranded: { total: 0, first: [] },
});
const compared = {
  is: "compared" as const,
  unsure: 0,
  found: 0,
  accepted: 0,
  persisting: 0,
  pages: 1,
  lost: 0,
  wholeAt: ago(10),
};
const never = { ...facts().node, startupResync: "never" as const };
const before = ago(7201);

const table: readonly [name: string, changes: Partial<Facts>, kind: string, text: RegExp][] = [
  ["all agree", {}, "all-well", /; everything in sync; status lag 300 ms\.$/],
  [
    "a report is queued",
    ports({ queued: 1, differing: 1 }),
    "all-well",
    /; in sync but for port status on the way; status/,
  ],
  [
    "a report is being sent",
    ports({ differing: 1 }),
    "all-well",
    /in sync but for port status on the way/,
  ],
  [
    "Neutron has announced something",
    { notifications: { ...facts().notifications!, pending: 2 } },
    "all-well",
    /in sync but for announced changes on the way/,
  ],
  [
    "both",
    { ...ports({ queued: 1 }), notifications: { ...facts().notifications!, pending: 2 } },
    "all-well",
    /in sync but for announced changes and port status on the way/,
  ],
  [
    "hosts that an earlier watcher has seen may write again",
    agents({ absent: absent(2), seenSince: ago(30) }),
    "all-well",
    /in sync but for hosts' status on the way/,
  ],
  [
    "agents had no time yet to write again, and have not",
    agents({ byFreshness: { ...facts().agents!.byFreshness, late: 1 }, seenSince: ago(30) }),
    "all-well",
    /in sync but for hosts' status on the way/,
  ],
  [
    "agents had no time yet to write again, and have",
    agents({ byFreshness: { fresh: 5, late: 0, stale: 0, unreadable: 0 }, seenSince: ago(30) }),
    "all-well",
    /everything in sync/,
  ],
  [
    "nobody is awaited",
    agents({ absent: absent(0), seenSince: ago(3000) }),
    "all-well",
    /everything in sync/,
  ],
  [
    "all at once",
    {
      node: { ...facts().node, name: "n".repeat(60) },
      notifications: { ...facts().notifications!, pending: 2 },
      ...ports({ queued: 1 }),
      ...agents({ absent: absent(2), seenSince: ago(30) }),
    },
    "all-well",
    /^.{1,119}in sync but for announced changes, port status and hosts' status on the way\.$/,
  ],
  [
    "what an earlier term left of notifications",
    { notifications: { ...facts().notifications!, pending: 2, at: ago(3600) } },
    "all-well",
    /everything in sync/,
  ],
  [
    "ports are not read yet",
    { ports: null },
    "all-well",
    /etcd are in sync, Felix's status is not/,
  ],
  ["ports are not all read yet", ports({ seen: false }), "all-well", /status is not read yet/],
  [
    "ports are not all compared with Neutron",
    ports({ comparison: { ...compared, is: "comparing", unsure: 3 } }),
    "all-well",
    /in sync but for port status on the way/,
  ],
  ["ports are compared", ports({ comparison: compared }), "all-well", /everything in sync/],
  [
    "etcd is not seen by those who follow agents",
    { agents: { ...facts().agents!, seenSince: null } },
    "all-well",
    /Felix's status is not read yet/,
  ],
  ["agents are not read yet", { agents: null }, "all-well", /Felix's status is not read yet/],
  [
    "ports are an earlier term's",
    ports({ at: before, byStatus: { ERROR: 4 }, queued: 2000 }),
    "all-well",
    /Felix's status is not read yet/,
  ],
  [
    "agents are an earlier term's",
    { agents: { ...facts().agents!, at: before } },
    "all-well",
    /Felix's status is not read yet/,
  ],
  [
    "a report has failed",
    ports({ failing: 1 }),
    "ports-failing",
    /^1 port status report to Neutron/,
  ],
  [
    "a report waits for long",
    ports({ queued: 3, oldest: ago(61) }),
    "ports-overdue",
    /^3 port status reports wait for Neutron, the first since 14:01 UTC\.$/,
  ],
  [
    "a report waits for a minute",
    ports({ queued: 3, oldest: ago(60) }),
    "all-well",
    /in sync but for port status/,
  ],
  [
    "a port is in error",
    ports({ byStatus: { ACTIVE: 7, ERROR: 2 } }),
    "ports-in-error",
    /^2 ports are in error on their hosts; Neutron shows DOWN\.$/,
  ],
  [
    "this term has compared nothing",
    { resyncs: [resync({ startedAt: before })] },
    "first-resync-due",
    /./,
  ],
  [
    "an earlier term's run ended with it",
    {
      resyncs: [
        run(3, { endedAt: null }),
        resync({ startedAt: before, error: "mastership ended" }),
      ],
    },
    "first-resync-running",
    /./,
  ],
  [
    "only parts were compared in this term",
    { resyncs: [run(9, part), resync({ startedAt: before })], node: never, rounds: null },
    "all-well",
    /Neutron and etcd are not compared yet/,
  ],
  [
    "a part was compared after everything failed",
    { resyncs: [run(9, part), run(60, { error: "503" }), run(99)] },
    "resync-failed",
    /^The last resync failed: 503\. Check Neutron and etcd; it is tried again by itself\.$/,
  ],
  [
    "a part was compared after warnings",
    { resyncs: [run(9, part), run(60, { warnings: ["x is odd"] })] },
    "resync-warned",
    /x is odd/,
  ],
  [
    "everything was compared after a failure",
    { resyncs: [run(9), run(60, { error: "503" })] },
    "all-well",
    /everything in sync/,
  ],
  [
    "what was asked for failed, which nothing tries again",
    { resyncs: [run(40, { reason: "requested", whole: false, error: "503" }), run(60)] },
    "resync-failed",
    /^The resync asked for at 14:01 UTC failed: 503\. It is not tried again by itself\.$/,
  ],
  [
    "roles are starting",
    { roles: [role("manager", { state: "starting", startedAt: NOW }), ...facts().roles.slice(1)] },
    "all-well",
    /^node-1 leads since 12:02 UTC; its roles are starting; status/,
  ],
  [
    "it only watches, and something was asked for",
    {
      node: never,
      watches: true,
      resyncs: [
        run(9, { ...part, reason: "requested" }),
        run(60, { dryRun: true, differences: 7 }),
      ],
    },
    "all-well",
    /watching only: 7 differences, only what was asked for is written; status/,
  ],
];

Deno.test("everything in sync is said only where that is known", async (t) => {
  for (const [name, changes, kind, text] of table) {
    await t.step(name, () => {
      const { verdict } = status(changes);
      assertEquals(verdict.kind, kind, verdict.text);
      assertMatch(verdict.detail ?? verdict.text, text);
    });
  }
});

Deno.test("a standby says what it sees, and nothing of being in sync", () => {
  const election = { ...facts().election!, state: "follower" as const, leader: "node-2:7" };
  const standby = { isMaster: false, since: null, mastership: null, leader: "node-2:7", election };
  const odd = {
    ...ports({ failing: 3, byStatus: { ERROR: 9 } }),
    resyncs: [resync({ error: "x" })],
  };
  for (const changes of [standby, { ...standby, ...odd }]) {
    const { text } = status(changes).verdict;
    assertEquals(text, "node-2:7 leads; node-1 stands by, all 5 roles run here.");
    assert(!/sync/.test(text));
  }
});

Deno.test("a try that runs is told, with its step; one whose process has ended is not", () => {
  const failed = run(60, { error: "Neutron at https://neutron:9696 answers 503." });
  const retry = { reason: "retry", endedAt: null, attempt: 3, step: "reading Neutron" };
  const verdict = (changes: Partial<Facts>) => status(changes).verdict;
  const runs = verdict({ resyncs: [run(20, retry), failed] });
  assertEquals(
    runs.text,
    "The last resync failed; try 3 runs since 14:01 UTC: Neutron at https://neutron:9696 answers 503.",
  );
  assertEquals(
    runs.detail,
    "The last resync failed: Neutron at https://neutron:9696 answers 503. " +
      "Try 3 runs since 14:01 UTC: reading Neutron, step 4 of 8.",
  );
  assertEquals([runs.level, runs.link], ["error", `/resyncs/${failed.id}`]);
  const begins = verdict({ resyncs: [run(20, { ...retry, step: undefined }), failed] });
  assertMatch(begins.detail!, /Try 3 runs since 14:01 UTC: begins\.$/);
  const syncer = (process: Parameters<typeof role>[1], alive: Parameters<typeof role>[2] = {}) => ({
    roles: facts().roles.map((each) =>
      each.name === "resource-syncer" ? role(each.name, process, alive) : each
    ),
    resyncs: [run(20, retry), failed],
  });
  const restarted = status(syncer({ startedAt: ago(10) }));
  const down = status(syncer({ state: "backoff" }));
  for (const { findings } of [restarted, down]) {
    const { detail, text } = findings.find(({ kind }) => kind === "resync-failed")!;
    assertMatch(detail ?? text, /answers 503\. Check Neutron and etcd; it is tried again/);
  }
  const says = status(syncer({}, { problem: "the last resync failed (503); next try in 4 s" }));
  assertEquals(says.findings.map(({ kind }) => kind), ["resync-failed", "role"]);
});

Deno.test("a run without an end is not called the first that runs once its process has ended", () => {
  const roles = facts().roles.map((each) =>
    each.name === "resource-syncer" ? role(each.name, { startedAt: ago(10) }) : each
  );
  const kind = (seconds: number) =>
    status({ roles, resyncs: [run(seconds, { endedAt: null })] }).verdict.kind;
  assertEquals([kind(5), kind(20)], ["first-resync-running", "first-resync-due"]);
});
