/** The states in which a node's page is looked at, each made of facts and of what the detail pages read. @module */
import type { Facts } from "../../lib/health/facts.ts";
import type { Details } from "../../lib/diagnostics/details.ts";
import { judge, judgeRole } from "../../lib/health/verdict.ts";
import type { Status } from "../../lib/health/status.ts";
import { details } from "../diagnostics/details_fixture.ts";
import {
  agent,
  agentsRecord,
  facts,
  guard,
  left,
  NOW,
  resync,
  role,
} from "../diagnostics/fixtures.ts";

/** What a page shows. */
export interface State {
  readonly status: Status;
  readonly details: Details;
}

/** Text that would run if it were not escaped, and that has no place to break. */
export const EVIL =
  `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">` +
  "x".repeat(300);

/** A day of a node that leads a cloud of three. */
function healthy(): Partial<Facts> {
  const { cluster } = facts();
  const nodes = [1, 2, 3].map((n) => ({
    ...cluster!.nodes[0]!,
    name: `node-${n}`,
    diagnostics: `10.0.0.${n}:9797`,
    page: `http://10.0.0.${n}:9797`,
  }));
  return {
    cluster: { ...cluster!, nodes },
    agents: agentsRecord(hosts(40, (i) => 1000 + i * 900)),
    resyncs: Array.from({ length: 30 }, (_, i) =>
      resync({
        startedAt: NOW - 180_000 - 300_000 * i,
        endedAt: NOW - 177_700 - 300_000 * i + (i * 337 % 2900),
        reason: i % 6 === 0 ? "periodic" : "incremental",
      })),
    events: events(30),
  };
}

function hosts(n: number, agoMs: (i: number) => number) {
  return Array.from({ length: n }, (_, i) => agent(`compute-${i}.example.org`, agoMs(i)));
}

function events(n: number): Facts["events"] {
  return Array.from({ length: n }, (_, i) => ({
    source: i % 3 === 0 ? "agent-status-watcher" : "supervisor",
    // Some of them of the days before.
    at: NOW - i * 3_700_000,
    level: (["info", "warn", "error"] as const)[i % 3]!,
    message: `the role ended: exit code 1, restart ${n - i}`,
  }));
}

const standby = { isMaster: false, since: null, mastership: null } as const;

/** node-2 leads. */
function standingBy(): Partial<Facts> {
  const { election, cluster, ...others } = { ...facts(), ...healthy() };
  const [term, ...terms] = cluster!.terms;
  const leader = "node-2:99";
  return {
    ...others,
    ...standby,
    leader,
    election: { ...election!, state: "follower", leader },
    cluster: { ...cluster!, terms: [{ ...term!, node: "node-2", id: leader }, ...terms] },
    agents: null,
    ports: null,
  };
}

/** Nobody has led for ten minutes. */
function nobody(): Partial<Facts> {
  const { election, cluster, ...others } = { ...facts(), ...healthy() };
  const [, ...terms] = cluster!.terms;
  const last = { ...cluster!.terms[0]!, end: NOW - 600_000, reason: "etcd did not answer in time" };
  return {
    ...others,
    ...standby,
    leader: null,
    election: { ...election!, state: "candidate", leader: null, term: null },
    cluster: { ...cluster!, terms: [last, ...terms], electionKey: null },
  };
}

/** No member of etcd answers. */
function etcdDown(): Partial<Facts> {
  const { election, etcdMembers, roles } = facts();
  const problem = "etcd at https://etcd-1:2379 does not answer: connection refused";
  const waiting = roles.map((each) =>
    each.name === "diagnostics" ? each : role(each.name, {}, { doing: "waiting for etcd", problem })
  );
  const members = etcdMembers!.members.map((member) => ({
    ...member,
    silentSince: NOW - 90_000,
    error: "connection refused",
  }));
  return {
    ...healthy(),
    ...standby,
    roles: waiting,
    leader: null,
    election: { ...election!, state: "follower", leader: null, term: null, problem },
    etcdMembers: { ...etcdMembers!, members },
    databases: null,
  };
}

function crashLoop(): Partial<Facts> {
  const { roles } = facts();
  const crashed = role("resource-syncer", {
    state: "backoff",
    pid: null,
    restarts: 12,
    lastEnd: "exit code 1: out of memory while the objects of a full run were compared",
    nextStartAt: NOW + 8000,
  });
  return {
    ...healthy(),
    roles: roles.map((each) => each.name === crashed.name ? crashed : each),
  };
}

/** Reports wait: Neutron is slow. */
function backlog(): Partial<Facts> {
  const { ports, roles } = facts();
  const problem = "Neutron at http://10.0.0.7:9696 answers 503; check neutron-server";
  return {
    ...healthy(),
    roles: roles.map((each) =>
      each.name === "endpoint-status-watcher" ? role(each.name, {}, { problem }) : each
    ),
    ports: { ...ports!, total: 84_000, queued: 41_500, differing: 41_512, failed: 912 },
    agents: agentsRecord(hosts(400, (i) => 60_000 + i * 900), { lagMs: 74_000, maxLagMs: 190_000 }),
  };
}

function guardHeld(): Partial<Facts> {
  const guards = [guard(), guard({ collection: "ports", why: "unconfirmed" })];
  const [last, ...others] = healthy().resyncs!;
  return {
    ...healthy(),
    resyncs: [{ ...last!, guards, leftOut: [left({ total: 12 })] }, ...others],
  };
}

/** Hosts whose Felix has vanished, and one that Neutron spells in another way. */
function agentsGone(): Partial<Facts> {
  const known = hosts(40, (i) => 1000 + i * 900);
  const none = { time: null, uptimeSeconds: null, reportedAt: null };
  const gone = Array.from({ length: 9 }, (_, i) => ({
    ...none,
    host: `compute-${100 + i}.example.org`,
    absent: "gone" as const,
    absentSince: NOW - 86_400_000 + i * 9_000_000,
    endpoints: 30 * i,
  }));
  const unserved = {
    ...none,
    host: "Compute-7.example.org",
    absent: "unserved" as const,
    absentSince: NOW - 700_000,
    endpoints: 12,
    near: ["compute-7.example.org", "compute-17.example.org"],
  };
  const absent = {
    gone: gone.length,
    unserved: 1,
    goneEndpoints: 1080,
    unservedEndpoints: 12,
    hosts: [...gone, unserved],
    stranded: {
      total: 1,
      first: [{ host: "compute-100.example.org", port: "0f1e2d3c-aaaa", since: NOW - 90_000_000 }],
    },
  };
  return { ...healthy(), agents: agentsRecord(known, { absent, seenSince: NOW - 7_000_000 }) };
}

/** The fourth try of a resync after three that failed. */
function retrying(): Partial<Facts> {
  const failureBefore = "Neutron at http://10.0.0.7:9696 answered 503 to /v2.0/ports";
  const [last, ...others] = healthy().resyncs!;
  const now = { ...last!, startedAt: NOW - 9000, endedAt: null, attempt: 4, failureBefore };
  const failed = others.slice(0, 3).map((each) => ({ ...each, error: failureBefore }));
  return {
    ...healthy(),
    resyncs: [{ ...now, id: now.startedAt.toString(36) }, ...failed, ...others.slice(3)],
  };
}

/** What a new master found is compared with what Neutron shows, while the first pass waits for Neutron. */
function firstPass(): Partial<Facts> {
  const { ports, rounds, notifications, roles } = facts();
  const problem = "Neutron fails in the middle of a list (http://10.0.0.7:9696 answered 503 to " +
    "/v2.0/ports); it goes on at the same page, next try in 16 s";
  const [last, ...others] = healthy().resyncs!;
  const startedAt = NOW - 95_000;
  const first = { startedAt, id: startedAt.toString(36), endedAt: null, reason: "startup" };
  return {
    ...healthy(),
    roles: roles.map((each) =>
      each.name === "resource-syncer" ? role(each.name, {}, { problem }) : each
    ),
    resyncs: [{ ...last!, ...first }, ...others],
    rounds: {
      ...rounds!,
      pace: "first",
      sharePercent: null,
      round: 0,
      compared: 0,
      total: 0,
      startedAt: null,
      endedAt: null,
      everyMs: null,
      isMeasured: false,
    },
    notifications: { ...notifications!, early: true },
    ports: {
      ...ports!,
      total: 84_000,
      queued: 310,
      differing: 310,
      comparison: { ...COMPARISON, is: "comparing", unsure: 61_000, wholeAt: null },
    },
  };
}

/** A round of whole objects, ports that go on differing, and an estimate. */
function wholeRound(): Partial<Facts> {
  const { ports, rounds } = facts();
  return {
    ...healthy(),
    rounds: {
      ...rounds!,
      whole: true,
      total: 1_204_000,
      compared: 301_000,
      isMeasured: false,
      requests: { limit: 1, most: 8, spared: "unavailable" },
    },
    ports: { ...ports!, total: 1_000_000, comparison: { ...COMPARISON, persisting: 12 } },
  };
}

/** Notifications are not heard, and no list of ports comes. */
function byIntervals(): Partial<Facts> {
  const { ports, rounds, notifications } = facts();
  const trouble = "no broker answers: connection refused by 10.0.0.9:5672";
  return {
    ...healthy(),
    notifications: { ...notifications!, queue: null, trouble },
    rounds: { ...rounds!, pace: "unheard", startedAt: null, everyMs: null },
    ports: {
      ...ports!,
      total: 84_000,
      queued: 59_000,
      differing: 59_000,
      comparison: { ...COMPARISON, is: "telling", unsure: 59_000, lost: 3, wholeAt: null },
    },
  };
}

function watching(): Partial<Facts> {
  const node = { ...facts().node, startupResync: "never" as const };
  const dry = { dryRun: true, reason: "watching", differences: 12 };
  const resyncs = healthy().resyncs!.map((each) => ({ ...each, ...dry }));
  return { ...healthy(), node, watches: true, resyncs };
}

function hostile(): Partial<Facts> {
  const { node, cluster, election, ports, roles } = facts();
  const terms = cluster!.terms.map((term) => ({ ...term, node: EVIL, id: EVIL, reason: EVIL }));
  const nodes = [{ ...cluster!.nodes[0]!, name: EVIL, version: EVIL, diagnostics: EVIL }];
  return {
    node: { ...node, name: EVIL },
    leader: EVIL,
    election: { ...election!, leader: EVIL },
    roles: roles.map((each) => role(each.name, { lastEnd: EVIL, restarts: 1 }, { doing: EVIL })),
    cluster: { ...cluster!, terms, nodes },
    resyncs: [resync({ reason: EVIL, warnings: [EVIL], error: EVIL, kinds: { [EVIL]: KIND } })],
    agents: agentsRecord([agent(EVIL, 400_000)]),
    ports: {
      ...ports!,
      byStatus: { [EVIL]: 7 },
      recent: [{ at: NOW, host: EVIL, port: EVIL, status: EVIL, reported: false }],
    },
    events: [{ source: EVIL, at: NOW, level: "info", message: EVIL }],
  };
}

function notStarted(): Facts["roles"] {
  return facts().roles.map(({ name }) => ({
    name,
    process: null,
    alive: null,
    silentMs: null,
    ...judgeRole(null, null, NOW),
  }));
}

const COMPARISON: NonNullable<NonNullable<Facts["ports"]>["comparison"]> = {
  is: "compared",
  unsure: 0,
  found: 840,
  accepted: 828,
  persisting: 0,
  pages: 84,
  lost: 0,
  wholeAt: NOW - 60_000,
};
const KIND = Object.values(resync().kinds)[0]!;
const NOTHING = {
  resyncs: [],
  agents: null,
  ports: null,
  events: [],
  cluster: null,
  election: null,
};

/** All of them by name, each made when it is asked for. */
export const STATES: Readonly<Record<string, () => State>> = {
  "healthy": () => state(healthy()),
  "standby": () => state(standingBy()),
  "watching": () => state(watching()),
  "nobody-leads": () => state(nobody()),
  "etcd-down": () => state(etcdDown()),
  "crash-loop": () => state(crashLoop()),
  "first-pass": () => state(firstPass()),
  "whole-round": () => state(wholeRound()),
  "by-intervals": () => state(byIntervals()),
  "backlog": () => state(backlog(), details(500)),
  "agents-gone": () => state(agentsGone()),
  "retrying": () => state(retrying()),
  "guard-held": () => state(guardHeld()),
  "many-agents": () =>
    state({ ...healthy(), agents: agentsRecord(hosts(5000, (i) => 1000 + i * 70)) }, details(5000)),
  "hostile": () => state(hostile(), details(5, EVIL)),
  "empty": () => state({ ...NOTHING, ...standby, leader: null, roles: notStarted() }, details(0)),
};

function state(changes: Partial<Facts>, shown = details(40)): State {
  return { status: judge(facts(changes)), details: shown };
}

/** The pages of a state. */
export function pagesOf({ status }: State): string[] {
  const [last] = status.resyncs;
  return [
    "",
    "election",
    "resyncs",
    "resyncs/hours",
    ...last ? [`resyncs/${last.id}`] : [],
    "agents",
    "ports",
    "configuration",
    "roles/resource-syncer",
    "roles/supervisor",
  ];
}
