/**
 * Gathers every record of the state store into one {@linkcode Status}. The records are read one
 * after the other, not in one transaction: they may be some milliseconds apart.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { isMaster } from "../election/is_master.ts";
import { ROLE_NAMES } from "../state_records.ts";
import type { StateStore } from "../state_store.ts";
import type { Facts, RoleStatus, SourcedEvent, Status } from "./status_schema.ts";
import { findings, judgeRole, notReadyReasons, verdict } from "./verdict.ts";

export { type Status, statusSchema } from "./status_schema.ts";

/** What the node knows of itself without the store. */
export interface NodeInfo {
  readonly name: string;
  readonly version: string;
  /** Start of the node, ms since the epoch. */
  readonly startedAt?: number;
  /** @default "always" */
  readonly startupResync?: "always" | "never";
}

const MAX_EVENTS = 100;
/** What judging needs of a clock. */
type Clocks = Pick<Clock, "now" | "uptime">;

/**
 * Reads and judges the node's state.
 *
 * @throws when the store cannot be read.
 */
export async function readStatus(
  store: StateStore,
  node: NodeInfo,
  clock: Clocks,
): Promise<Status> {
  const facts = await readFacts(store, node, clock);
  const notReady = notReadyReasons(facts);
  return {
    ...facts,
    verdict: verdict(facts),
    findings: findings(facts),
    ready: notReady.length === 0,
    notReady,
  };
}

async function readFacts(store: StateStore, node: NodeInfo, clock: Clocks): Promise<Facts> {
  const now = clock.now();
  const mastership = await store.readMastership();
  const election = await store.readElection();
  const master = isMaster(mastership, clock);
  return {
    at: now,
    node: {
      name: node.name,
      version: node.version,
      startedAt: node.startedAt ?? null,
      startupResync: node.startupResync ?? "always",
    },
    isMaster: master,
    leader: election?.leader ?? null,
    since: master ? mastership!.since : null,
    mastership,
    election,
    roles: await readRoles(store, now),
    cluster: await store.readCluster(),
    compaction: await store.readCompaction(),
    resyncs: await store.readResyncs(),
    agents: await store.readAgents(),
    ports: await store.readPorts(),
    events: await readEvents(store),
  };
}

async function readRoles(store: StateStore, now: number): Promise<RoleStatus[]> {
  const roles: RoleStatus[] = [];
  for (const name of ["lab", ...ROLE_NAMES]) {
    const process = await store.readRole(name);
    if (name === "lab" && process === null) continue;
    const alive = await store.readAlive(name);
    const silentMs = alive && Math.max(0, now - alive.at);
    roles.push({ name, process, alive, silentMs, ...judgeRole(process, alive, now) });
  }
  return roles;
}

async function readEvents(store: StateStore): Promise<SourcedEvent[]> {
  const events: SourcedEvent[] = [];
  for (const source of ["supervisor", "lab", ...ROLE_NAMES]) {
    for (const event of await store.readEvents(source)) events.push({ source, ...event });
  }
  return events.sort((a, b) => b.at - a.at).slice(0, MAX_EVENTS);
}
