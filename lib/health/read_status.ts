/**
 * Gathers every record of the state store into one {@linkcode Status}. The records are read
 * together, but not in one transaction: they may be some milliseconds apart.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import { VERSION } from "../base/version.ts";
import type { Config } from "../config/config_types.ts";
import { REQUESTS } from "../state/asked_for.ts";
import { isMaster } from "../state/is_master.ts";
import { type Mastership, type Released, ROLE_NAMES } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { isElectionCurrent } from "./election_findings.ts";
import type { RoleStatus, SourcedEvent } from "./facts.ts";
import type { Status } from "./status.ts";
import { judge, judgeRole } from "./verdict.ts";

/** What the node knows of itself without the store. */
export interface NodeInfo {
  readonly name: string;
  readonly version: string;
  /** Start of the node, ms since the epoch. */
  readonly startedAt?: number;
  /** @default "always" */
  readonly startupResync?: "always" | "never";
}

/** What a configuration says of it. */
export function nodeInfo({ nodeName: name, sync }: {
  readonly nodeName: string;
  readonly sync: Pick<Config["sync"], "startupResync">;
}): NodeInfo {
  return { name, version: VERSION, startupResync: sync.startupResync };
}

const MAX_EVENTS = 100;

/**
 * Reads and judges the node's state.
 *
 * @throws when the store cannot be read.
 */
export async function readStatus(
  store: StateStore,
  node: NodeInfo,
  clock: Pick<Clock, "now" | "uptime">,
): Promise<Status> {
  const now = clock.now();
  const { released, ...found } = await all({
    mastership: store.readMastership(),
    election: store.readElection(),
    roles: readRoles(store, now),
    cluster: store.readCluster(),
    etcdMembers: store.readEtcdMembers(),
    databases: store.readDatabases(),
    compaction: store.readCompaction(),
    resyncs: store.readResyncs(),
    notifications: store.readNotifications(),
    rounds: store.readRounds(),
    agents: store.readAgents(),
    ports: store.readPorts(),
    events: readEvents(store),
    released: store.readReleased(),
  });
  const { mastership, election } = found;
  const master = isMaster(mastership, clock);
  return judge({
    at: now,
    node: { startedAt: null, startupResync: "always", ...node },
    isMaster: master,
    leader: master ? mastership!.id : isElectionCurrent(found) ? election?.leader ?? null : null,
    since: master ? mastership!.since : null,
    watches: master && node.startupResync === "never" && !isReleased(released, mastership!),
    ...found,
  });
}

/** What is read at the same time, by name. */
async function all<T extends object>(reads: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  const names = Object.keys(reads);
  const values = await Promise.all(Object.values(reads));
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as T;
}

/** An operator has asked for a resync in this term. */
function isReleased(released: Released | null, { term, id }: Mastership): boolean {
  return released?.term === term && released.id === id;
}

async function readRoles(store: StateStore, now: number): Promise<RoleStatus[]> {
  const rows = await Promise.all(["lab", ...ROLE_NAMES].map(async (name) => {
    const [process, alive] = await Promise.all([store.readRole(name), store.readAlive(name)]);
    return { name, process, alive };
  }));
  return rows.filter(({ name, process }) => name !== "lab" || process !== null)
    .map(({ name, process, alive }) => {
      const silentMs = alive && Math.max(0, now - alive.at);
      return { name, process, alive, silentMs, ...judgeRole(process, alive, now) };
    });
}

async function readEvents(store: StateStore): Promise<SourcedEvent[]> {
  const sources = [REQUESTS, "supervisor", "lab", ...ROLE_NAMES];
  const found = await Promise.all(sources.map((source) => store.readEvents(source)));
  return found.flatMap((events, i) => events.map((event) => ({ source: sources[i]!, ...event })))
    .sort((a, b) => b.at - a.at).slice(0, MAX_EVENTS);
}
