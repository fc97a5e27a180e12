/**
 * The node's metrics: gauges and counters from its status, and what the roles have measured.
 *
 * @module
 */
import type { Family, HistogramValue, Sample } from "../metrics/exposition.ts";
import { type Instrument, INSTRUMENTS } from "../metrics/instruments.ts";
import type { MetricsRecord, Series } from "../metrics/meter.ts";
import { ROLE_NAMES, type RoleName } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { clip } from "../base/clip.ts";
import type { Status } from "../health/status.ts";
import { isUp } from "../health/roles.ts";

const MAX_LABEL_CHARS = 100;

/** What each role has measured, by its name. */
export type RoleMetrics = Readonly<Record<string, MetricsRecord["instruments"]>>;

/** Metrics, and the role whose job they tell of; null: the node as a whole, or what each role has measured. */
export interface JobFamily extends Family {
  readonly job: RoleName | null;
}

/** All families. */
export function families(status: Status, measured: RoleMetrics): JobFamily[] {
  return [
    ...nodeFamilies(status),
    ...tellingOf("diagnostics", pageFamilies(status)),
    ...tellingOf("manager", managerFamilies(status)),
    ...tellingOf("resource-syncer", [
      ...resyncFamilies(status),
      ...heldFamilies(status),
      ...notificationFamilies(status),
    ]),
    ...tellingOf("agent-status-watcher", agentFamilies(status)),
    ...tellingOf("endpoint-status-watcher", portFamilies(status)),
    ...tellingOf(null, measuredFamilies(measured)),
  ];
}

function tellingOf(job: RoleName | null, families: readonly Family[]): JobFamily[] {
  return families.map((family) => ({ ...family, job }));
}

/** What each role has written last. */
export async function readMetrics(store: StateStore): Promise<RoleMetrics> {
  const found: Record<string, MetricsRecord["instruments"]> = {};
  for (const role of ROLE_NAMES) {
    const record = await store.readMetrics(role);
    if (record) found[role] = record.instruments;
  }
  return found;
}

const one = (value: number | null | undefined): Sample[] =>
  value === undefined || value === null ? [] : [{ labels: {}, value }];
const seconds = (ms: number | null | undefined): Sample[] =>
  one(ms === null || ms === undefined ? null : ms / 1000);
const by = (label: string, values: Readonly<Record<string, number>>): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: "gauge", help, samples };
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: "counter", help, samples };
}

/** The node and its roles. */
function nodeFamilies({ node, roles }: Status): JobFamily[] {
  const ofRoles = (value: (role: Status["roles"][number]) => number | null | undefined) =>
    roles.flatMap((role): Sample[] => {
      const found = value(role);
      return found === null || found === undefined
        ? []
        : [{ labels: { role: role.name }, value: found }];
    });
  return tellingOf(null, [
    {
      name: "build",
      type: "info",
      help: "Version of this node and its name",
      samples: [{ labels: { version: node.version, node: node.name }, value: 1 }],
    },
    gauge(
      "role_up",
      "Whether a role is running and alive",
      ofRoles((role) => Number(isUp(role))),
    ),
    counter(
      "role_restarts",
      "Restarts of a role after it ended by itself, since the node started",
      ofRoles(({ process }) => process?.restarts ?? 0),
    ),
    gauge(
      "role_start_timestamp_seconds",
      "When a role's process was started",
      ofRoles(({ process }) => process?.startedAt && process.startedAt / 1000),
    ),
    gauge(
      "role_resident_memory_bytes",
      "Resident memory of a role's process",
      ofRoles(({ alive }) => alive?.rssBytes),
    ),
  ]);
}

/** What the page makes of it. */
function pageFamilies({ ready, verdict }: Status): Family[] {
  const level = { ok: 0, warn: 1, error: 2 }[verdict.level];
  return [
    gauge("ready", "Whether this node is ready", one(Number(ready))),
    gauge("verdict_level", "Worst finding: 0 none, 1 warning, 2 error", one(level)),
  ];
}

/** Election, the cloud's nodes and compaction. */
function managerFamilies({ isMaster, since, cluster, compaction }: Status): Family[] {
  return [
    gauge("is_master", "Whether this node is master", one(Number(isMaster))),
    gauge("term_start_timestamp_seconds", "When this node's term began", seconds(since)),
    gauge("nodes", "Nodes of the cloud that are registered", one(cluster?.nodes.length)),
    counter(
      "compaction_checks",
      "Checks whether etcd is due for compaction",
      one(compaction?.checks),
    ),
    counter("compactions", "Compactions of etcd by this node", one(compaction?.compactions)),
    counter(
      "compaction_failures",
      "Checks that failed because etcd did not answer",
      one(compaction?.failures),
    ),
    gauge(
      "last_compaction_timestamp_seconds",
      "Time of the last compaction by this node",
      seconds(compaction?.lastAt),
    ),
  ];
}

function resyncFamilies({ resyncs }: Status): Family[] {
  const done = resyncs.find((r) => r.endedAt !== null);
  const good = resyncs.find((r) => r.endedAt !== null && r.error === null);
  return [
    gauge(
      "last_resync_duration_seconds",
      "Duration of the last finished resync",
      seconds(done && done.endedAt! - done.startedAt),
    ),
    gauge(
      "last_resync_success_timestamp_seconds",
      "End of the last resync that succeeded",
      seconds(good?.endedAt),
    ),
  ];
}

function agentFamilies({ agents }: Status): Family[] {
  return [
    gauge(
      "agents",
      "Felix agents by the age of their status: late over 75 s, stale over 5 min",
      by("freshness", agents?.byFreshness ?? {}),
    ),
    gauge(
      "agent_status_lag_seconds",
      "Age of agent status when it was seen: median of the last minute's updates",
      seconds(agents?.lagMs),
    ),
    gauge(
      "agent_status_max_lag_seconds",
      "Age of agent status when it was seen: most of the last minute's updates",
      seconds(agents?.maxLagMs),
    ),
    counter("agent_reports", "Agent reports that arrived", one(agents?.reported)),
    counter("agent_report_failures", "Agent reports that failed", one(agents?.failed)),
  ];
}

function portFamilies({ ports }: Status): Family[] {
  return [
    counter("port_reports", "Port status reports that arrived", one(ports?.reported)),
    counter("port_report_failures", "Port status reports that failed", one(ports?.failed)),
    gauge("ports", "Ports by the status that Felix wrote", by("status", ports?.byStatus ?? {})),
    gauge("ports_queued", "Port status reports that wait", one(ports?.queued)),
    gauge("ports_differing", "Ports whose status Neutron does not show", one(ports?.differing)),
  ];
}

/** What holds of guards and of objects that are left; a standby says nothing of it. */
function heldFamilies({ held: { guards, leftOut, watching }, isMaster }: Status): Family[] {
  return [
    gauge(
      "deletions_held_back",
      "Objects that a guard keeps from being deleted, or from vanishing where they are shown",
      guards.map(({ collection, why, lost }) => ({
        labels: labelsOf(collection, why),
        value: lost,
      })),
    ),
    gauge(
      "objects_left_out",
      "Objects left as they are in etcd for what is wrong with them, or parts left out",
      leftOut.map(({ collection, why, total }) => ({
        labels: labelsOf(collection, why),
        value: total,
      })),
    ),
    gauge(
      "watching_only",
      "Whether this master writes nothing until a resync is asked for",
      one(isMaster ? Number(watching !== null) : null),
    ),
    gauge(
      "watched_differences",
      "Differences that the last comparison found while this master writes nothing",
      one(watching?.differences),
    ),
  ];
}

function labelsOf(collection: string, why: string): Sample["labels"] {
  return { collection: clip(collection, MAX_LABEL_CHARS), why };
}

/** Neutron's notifications, since this node's term began. */
function notificationFamilies({ notifications, isMaster }: Status): Family[] {
  // A standby listens to none; what its last term left is history.
  const told = isMaster ? notifications : null;
  return [
    gauge(
      "notifications_subscribed",
      "Whether Neutron's notifications are heard",
      one(told && Number(told.queue !== null)),
    ),
    counter("notifications", "Notifications of Neutron that came", one(told?.received)),
    counter(
      "notifications_ignored",
      "Notifications that concern nothing in etcd",
      one(told?.ignored),
    ),
    gauge(
      "notifications_pending",
      "Announced objects that wait to be looked at",
      one(told?.pending),
    ),
    counter("notification_passes", "Times that announced changes were handled", one(told?.passes)),
    counter("notification_failures", "Times that handling them failed", one(told?.failures)),
    counter("notification_changes", "Objects changed in etcd that way", one(told?.changes)),
    counter(
      "notification_silent_changes",
      "Objects changed in etcd that only comparing has found",
      one(told?.silent),
    ),
    counter(
      "notification_overflows",
      "Times that notifications were dropped",
      one(told?.overflows),
    ),
    counter(
      "notification_subscriptions",
      "Times that a queue was subscribed to",
      one(told?.subscriptions),
    ),
    gauge(
      "notification_lag_seconds",
      "From a notification's arrival to etcd: median of the last minute",
      seconds(told?.lagMs),
    ),
    gauge(
      "notification_max_lag_seconds",
      "From a notification's arrival to etcd: most of the last minute",
      seconds(told?.maxLagMs),
    ),
  ];
}

/** What the roles have measured. */
function measuredFamilies(measured: RoleMetrics): Family[] {
  const table: [string, Instrument][] = Object.entries(INSTRUMENTS);
  return table.map(([name, instrument]) => {
    const samples = Object.entries(measured).flatMap(([role, instruments]) =>
      (instruments[name] ?? []).map((series) => sampleOf(series, instrument, role))
    );
    return { name, type: instrument.type, help: instrument.help, samples };
  });
}

function sampleOf(series: Series, instrument: Instrument, role: string): Sample {
  const { labels: names, buckets, perRole } = instrument;
  const pairs = names.map((name, i) => [name, series.labels[i] ?? ""]);
  const labels = { ...(perRole ? { role } : {}), ...Object.fromEntries(pairs) };
  if (!buckets) return { labels, value: series.sum };
  const counts = buckets.concat(Infinity).map((_bound, i) => series.counts[i] ?? 0);
  const value: HistogramValue = { bounds: buckets, counts, sum: series.sum };
  return { labels, value };
}
