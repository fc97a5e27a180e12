/** What the state directory of a node tells of some ports: reports, runs, who leads. @module */
import type { Clock } from "../base/clock.ts";
import { VERSION } from "../base/version.ts";
import type { Config } from "../config/config_types.ts";
import { whoLeads } from "../health/election_findings.ts";
import { readStatus } from "../health/read_status.ts";
import type { Resync } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { readAgentsFile } from "../status/agents_file.ts";
import { readPortDifferences } from "../status/port_differences.ts";
import { readPortReports } from "../status/port_reports.ts";
import { readDifferencesNaming } from "../sync/apply/difference_log.ts";
import { readAnnouncedChanges } from "../sync/report/announced_changes.ts";
import type { CloudAccount, LastChange, NodeAccount } from "./trace.ts";

/** Whose state it is. */
export interface NodeSources {
  readonly store: StateStore;
  readonly clock: Clock;
  readonly config: Pick<Config, "stateDir"> & {
    readonly sync: Pick<Config["sync"], "startupResync">;
  };
}

/** Places of one change that are told. */
const MAX_PLACES = 20;

/** Reads it. @throws the state cannot be read. */
export async function readNode(
  { ports, objects, agents: traced }: CloudAccount,
  { store, clock, config: { stateDir, sync } }: NodeSources,
): Promise<NodeAccount> {
  const supervisor = await store.readSupervisor();
  const node = supervisor?.node ?? null;
  const info = { name: node ?? "", version: VERSION, startupResync: sync.startupResync };
  const status = await readStatus(store, info, clock);
  const of = new Set(ports.map(({ id }) => id));
  const hosts = new Set(traced.map(({ host }) => host));
  const [reports, differing, agents] = await Promise.all([
    readPortReports(stateDir),
    readPortDifferences(stateDir),
    readAgentsFile(stateDir),
  ]);
  const subjects = new Set([...of, ...objects.map(({ subject }) => subject.id)]);
  const last = status.resyncs.find(({ whole, endedAt }) => whole && endedAt !== null);
  const { guards, leftOut } = status.held;
  return {
    node,
    leads: status.isMaster,
    leader: status.leader,
    isElectionKnown: whoLeads(status) !== "not known",
    watches: status.watches,
    reports: reports?.reports.filter(({ port }) => of.has(port)) ?? [],
    reportsSince: reports?.since ?? null,
    differing: differing?.ports.filter(({ port }) => of.has(port)) ?? [],
    agents: agents?.agents.filter(({ host }) => hosts.has(host))
      .map(({ host, reportedAt }) => ({ host, reportedAt })) ?? [],
    changes: [
      ...await announcedChanges(stateDir, subjects),
      ...await lastChanges(stateDir, status.resyncs, subjects),
    ].toSorted((a, b) => b.at - a.at),
    runError: status.isMaster ? last?.error ?? null : null,
    guards: guards.map(({ resync: _, ...guard }) => guard),
    leftOut: leftOut.map(({ resync: _, ...left }) => left),
  };
}

/** The newest change of each key of these objects that was written as Neutron announced it. */
async function announcedChanges(
  stateDir: string,
  subjects: ReadonlySet<string>,
): Promise<LastChange[]> {
  const of = (await readAnnouncedChanges(stateDir)).filter(({ subject }) =>
    subjects.has(subject.id)
  );
  return of.map(({ at, action, kind, key, subject, changes }) => ({
    subject: subject.id,
    run: null,
    at,
    reason: "announced",
    isWritten: true,
    action,
    kind,
    key,
    changes: action === "update" ? changes.slice(0, MAX_PLACES) : [],
  }));
}

/** The newest change of each of these objects that a run has written. */
async function lastChanges(
  stateDir: string,
  resyncs: readonly Resync[],
  subjects: ReadonlySet<string>,
): Promise<LastChange[]> {
  const found: LastChange[] = [];
  const left = new Set(subjects);
  for (const { id: run, startedAt, endedAt, reason, dryRun, differences, error } of resyncs) {
    if (left.size === 0) break;
    if (dryRun || differences === 0) continue;
    const kept = await readDifferencesNaming(stateDir, run, [...left]);
    const here = kept?.objects.filter(({ subject }) => left.has(subject.id)) ?? [];
    for (const { action, kind, key, subject, changes } of here) {
      left.delete(subject.id);
      const at = endedAt ?? startedAt;
      const places = action === "update" ? changes.slice(0, MAX_PLACES) : [];
      found.push({
        subject: subject.id,
        run,
        at,
        reason,
        isWritten: endedAt !== null && error === null,
        action,
        kind,
        key,
        changes: places,
      });
    }
  }
  return found;
}
