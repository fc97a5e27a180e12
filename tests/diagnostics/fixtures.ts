/** A status in good order, to be changed by each test. @module */
import {
  type Agent,
  type Agents,
  type Guard,
  type LeftOut,
  ROLE_NAMES,
} from "../../lib/state/records.ts";
import { countFreshness } from "../../lib/status/freshness.ts";
import type { Facts, RoleStatus } from "../../lib/health/facts.ts";
import type { Status } from "../../lib/health/status.ts";
import { judge, judgeRole } from "../../lib/health/verdict.ts";

/** 2026-11-24 14:02:03 UTC. */
export const NOW = Date.UTC(2026, 10, 24, 14, 2, 3);

const KIND = {
  etcdReadMs: 12,
  neutronReadMs: 340,
  compareMs: 5,
  writeMs: 80,
  etcdItems: 1200,
  neutronItems: 1201,
  correct: 1199,
  created: 2,
  updated: 0,
  deleted: 1,
  conflicts: 0,
};

/** A role that runs, with changes. */
export function role(
  name: string,
  process: Partial<NonNullable<RoleStatus["process"]>> = {},
  alive: Partial<NonNullable<RoleStatus["alive"]>> | null = {},
): RoleStatus {
  const full = {
    state: "running" as const,
    pid: 4242,
    startedAt: NOW - 3_600_000,
    restarts: 0,
    failures: process.restarts ?? 0,
    lastEnd: null,
    nextStartAt: null,
    ...process,
  };
  const sign = alive && { at: NOW - 400, pid: 4242, doing: "working", problem: null, ...alive };
  const silentMs = sign && Math.max(0, NOW - sign.at);
  return { name, process: full, alive: sign, silentMs, ...judgeRole(full, sign, NOW) };
}

/** A resync that succeeded, with changes. */
export function resync(changes: Partial<Facts["resyncs"][number]> = {}): Facts["resyncs"][number] {
  const startedAt = changes.startedAt ?? NOW - 180_000;
  return {
    id: startedAt.toString(36),
    startedAt,
    endedAt: NOW - 177_700,
    reason: "periodic",
    whole: true,
    dryRun: false,
    attempt: 1,
    failureBefore: null,
    error: null,
    kinds: { NetworkPolicy: KIND, WorkloadEndpoint: KIND, LiveMigration: KIND, Subnet: KIND },
    warnings: [],
    guards: [],
    leftOut: [],
    ...changes,
  };
}

/** A guard that held back security groups, with changes. */
export function guard(changes: Partial<Guard> = {}): Guard {
  const names = Array.from({ length: 10 }, (_, i) => `5e6f7a8b-0000-4000-8000-00000000000${i}`);
  return { collection: "security-groups", why: "many", held: 120, lost: 117, names, ...changes };
}

/** Objects that were left, with changes. */
export function left(changes: Partial<LeftOut> = {}): LeftOut {
  const names = ["0f1e2d3c: 3,145,728 bytes", "1f1e2d3c: 2,097,152 bytes"];
  return { collection: "security-groups", why: "too-large", total: 2, names, ...changes };
}

/** A Felix agent that reported `agoMs` ago. */
export function agent(host: string, agoMs: number): Agent {
  return { host, time: NOW - agoMs, uptimeSeconds: 8000, reportedAt: NOW - agoMs + 20 };
}

/** What the watcher writes of these agents: the stalest, and the counts of all. */
export function agentsRecord(agents: Agent[], changes: Partial<Agents> = {}): Agents {
  return {
    at: NOW,
    total: agents.length,
    byFreshness: countFreshness(agents, NOW),
    reported: 300,
    failed: 0,
    lagMs: 300,
    maxLagMs: 900,
    agents: agents.toSorted((a, b) => (a.time ?? 0) - (b.time ?? 0)).slice(0, 50),
    ...changes,
  };
}

/** A master with everything in order, with changes. */
export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    at: NOW,
    node: { name: "node-1", version: "0.1.0", startedAt: null, startupResync: "always" },
    isMaster: true,
    leader: "node-1:4242",
    since: NOW - 7_200_000,
    watches: false,
    mastership: {
      heartbeat: NOW - 100,
      validUntil: NOW + 12_000,
      uptime: 1000,
      term: "77",
      id: "node-1:4242",
      since: NOW - 7_200_000,
    },
    election: { state: "leader", leader: "node-1:4242", term: "77", problem: null, at: NOW - 100 },
    roles: ROLE_NAMES.map((name) => role(name)),
    cluster: {
      at: NOW - 3000,
      terms: [
        {
          term: "77",
          node: "node-1",
          id: "node-1:4242",
          start: NOW - 7_200_000,
          end: null,
          reason: null,
        },
        {
          term: "12",
          node: "node-2",
          id: "node-2:99",
          start: NOW - 9_000_000,
          end: NOW - 7_201_000,
          reason: "stopped in order",
        },
      ],
      nodes: [
        {
          name: "node-1",
          version: "0.1.0",
          roles: [...ROLE_NAMES],
          since: NOW - 7_300_000,
          diagnostics: "127.0.0.1:9797",
          page: null,
        },
      ],
    },
    etcdMembers: {
      at: NOW - 4000,
      members: [1, 2, 3].map((n) => ({
        url: `https://etcd-${n}:2379`,
        silentSince: null,
        error: null,
      })),
    },
    databases: {
      at: NOW - 20_000,
      members: [1, 2, 3].map((n) => ({
        url: `https://etcd-${n}:2379`,
        sizeBytes: 400 * 2 ** 20,
        inUseBytes: 300 * 2 ** 20,
        quotaBytes: 2 ** 31,
        alarms: [],
        problem: null,
      })),
    },
    compaction: {
      at: NOW - 30_000,
      outcome: "compacted at revision 4000",
      lastRevision: "4000",
      lastAt: NOW - 30_000,
      checks: 9,
      compactions: 1,
      failures: 0,
    },
    resyncs: [
      resync(),
      resync({ startedAt: NOW - 3_780_000, endedAt: NOW - 3_779_000 }),
      resync({ startedAt: NOW - 7_190_000, endedAt: NOW - 7_186_000, reason: "startup" }),
    ],
    rounds: {
      at: NOW - 300,
      pace: "rounds",
      budgetPercent: 5,
      sharePercent: 4.9,
      round: 12,
      whole: false,
      compared: 450,
      total: 1201,
      startedAt: NOW - 120_000,
      endedAt: NOW - 121_000,
      everyMs: 831_000,
      isMeasured: true,
      requests: { limit: 2, most: 2, spared: null },
    },
    notifications: {
      at: NOW,
      queue: "calico-conductor.no-region.0a1b2c3d",
      trouble: null,
      pending: 0,
      received: 420,
      ignored: 300,
      passes: 40,
      failures: 0,
      changes: 52,
      silent: 3,
      subscriptions: 1,
      overflows: 0,
      lagMs: 84,
      maxLagMs: 210,
    },
    agents: agentsRecord(["host-1", "host-2", "host-3"].map((host) => agent(host, 8000))),
    ports: {
      at: NOW,
      total: 1200,
      queued: 0,
      differing: 0,
      failing: 0,
      oldest: null,
      reported: 5000,
      failed: 1,
      byStatus: { ACTIVE: 1181, DOWN: 19 },
      recent: ["ACTIVE", "DOWN", "ERROR", "ACTIVE"].map((status, i) => ({
        at: NOW - i * 4000,
        host: `host-${i}`,
        port: `0f1e2d3c-aaaa-bbbb-cccc-00000000000${i}`,
        status,
        reported: i !== 1,
      })),
    },
    events: [
      { source: "manager", at: NOW - 7_200_000, level: "info", message: "became master" },
      { source: "supervisor", at: NOW - 7_300_000, level: "info", message: "manager started" },
    ],
    ...changes,
  };
}

/** The status that follows from the facts. */
export function status(changes: Partial<Facts> = {}): Status {
  return judge(facts(changes));
}
