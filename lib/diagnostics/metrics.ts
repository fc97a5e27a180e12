/**
 * The node's metrics: gauges and counters from its status, and what the roles have measured.
 *
 * @module
 */
import type { Family, HistogramValue, Sample } from "../metrics/exposition.ts";
import { type Instrument, INSTRUMENTS } from "../metrics/instruments.ts";
import type { MetricsRecord, Series } from "../metrics/meter.ts";
import { comparedAll, type DatabaseSize, ROLE_NAMES, type RoleName } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import { clip } from "../base/clip.ts";
import { busFamilies } from "./bus_metrics.ts";
import type { Status } from "../health/status.ts";
import { differingNodes } from "../health/configurations.ts";
import { databasesNow } from "../health/etcd_databases.ts";
import { membersNow } from "../health/etcd_members.ts";
import { runningNow, runsOfTerm } from "../health/resync_findings.ts";
import { isUp } from "../health/roles.ts";
import { agentsNow, portsNow, roundsNow } from "../health/status_now.ts";

const MAX_LABEL_CHARS = 100;

/** What each role has measured, by its name. */
export type RoleMetrics = Readonly<Record<string, MetricsRecord["instruments"]>>;

/** Metrics, and the role whose job they tell of; null: the node as a whole, or what each role has measured. */
export interface JobFamily extends Family {
  readonly job: RoleName | null;
}

/** All families. */
export function families(status: Status, measured: RoleMetrics): JobFamily[] {
  const told = FAMILIES.flatMap(([job, of]) => of(status).map((family) => ({ ...family, job })));
  return [...told, ...measuredFamilies(measured).map((family) => ({ ...family, job: null }))];
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

/** What a metric is now: samples, or a value without labels; null or undefined: it has none. */
type Now = readonly Sample[] | number | boolean | null | undefined;
/** Metrics by name: what each means, and what it is. A value whose name ends in _seconds is given in ms. */
type Rows = Readonly<Record<string, readonly [help: string, now: Now]>>;

function familiesOf(type: Family["type"], rows: Rows): Family[] {
  return Object.entries(rows).map(([name, [help, now]]) => ({
    name,
    type,
    help,
    samples: samplesOf(now ?? [], name.endsWith("_seconds") ? 1000 : 1),
  }));
}

function samplesOf(now: NonNullable<Now>, unit: number): readonly Sample[] {
  return typeof now === "object" ? now : [{ labels: {}, value: Number(now) / unit }];
}

const gauges = (rows: Rows) => familiesOf("gauge", rows);
const counters = (rows: Rows) => familiesOf("counter", rows);

const by = (label: string, values: Readonly<Record<string, number>> = {}): Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

/** The node and its roles. */
function nodeFamilies({ node, roles }: Status): Family[] {
  const ofRoles = (value: (role: Status["roles"][number]) => number | null | undefined) =>
    roles.flatMap((role): Sample[] => {
      const found = value(role);
      return found === null || found === undefined
        ? []
        : [{ labels: { role: role.name }, value: found }];
    });
  const build = [{ labels: { version: node.version, node: node.name }, value: 1 }];
  const started = ofRoles(({ process }) => process?.startedAt && process.startedAt / 1000);
  return [
    ...familiesOf("info", { build: ["Version of this node and its name", build] }),
    ...gauges({
      role_up: ["Whether a role is running and alive", ofRoles((role) => Number(isUp(role)))],
      role_start_timestamp_seconds: ["When a role's process was started", started],
      role_resident_memory_bytes: [
        "Resident memory of a role's process",
        ofRoles(({ alive }) => alive?.rssBytes),
      ],
    }),
    ...counters({
      role_restarts: [
        "Restarts of a role after it ended by itself, since the node started",
        ofRoles(({ process }) => process?.restarts ?? 0),
      ],
    }),
  ];
}

/** What the page makes of it. */
function pageFamilies({ ready, verdict }: Status): Family[] {
  const level = { ok: 0, warn: 1, error: 2 }[verdict.level];
  return gauges({
    ready: ["Whether this node is ready", ready],
    verdict_level: ["Worst finding: 0 none, 1 warning, 2 error", level],
  });
}

/** Election, the cloud's nodes and compaction. */
function managerFamilies(status: Status): Family[] {
  const { isMaster, since, cluster, compaction } = status;
  const { checks, compactions, failures, lastAt } = compaction ?? {};
  return [
    ...gauges({
      is_master: ["Whether this node is master", isMaster],
      term_start_timestamp_seconds: ["When this node's term began", since],
      etcd_member_up: [
        "Whether a member of etcd answers a read that needs the cluster's agreement",
        membersNow(status).map(({ url, silentSince }) => ({
          labels: { member: clip(url, MAX_LABEL_CHARS) },
          value: Number(silentSince === null),
        })),
      ],
      ...databaseGauges(status),
      node_config_differs: [
        "Whether another node has another version, region string or configuration",
        differingNodes(status).map(({ node, differs }) => ({
          labels: { node: clip(node, MAX_LABEL_CHARS) },
          value: Number(differs),
        })),
      ],
      nodes: ["Nodes of the cloud that are registered", cluster?.nodes.length],
      last_compaction_timestamp_seconds: ["Time of the last compaction by this node", lastAt],
    }),
    ...counters({
      compaction_checks: ["Checks whether etcd is due for compaction", checks],
      compactions: ["Compactions of etcd by this node", compactions],
      compaction_failures: ["Checks that failed because etcd did not answer", failures],
    }),
  ];
}

/** The databases of etcd's members. */
function databaseGauges(status: Status) {
  const members = databasesNow(status);
  const of = (value: (database: DatabaseSize) => number | null): Sample[] =>
    members.flatMap((database) => {
      const found = value(database);
      const labels = { member: clip(database.url, MAX_LABEL_CHARS) };
      return found === null ? [] : [{ labels, value: found }];
    });
  const known = ({ problem }: DatabaseSize) => problem === null;
  return {
    etcd_database_size_bytes: [
      "Size of the database file of a member of etcd",
      of(({ sizeBytes }) => sizeBytes),
    ],
    etcd_database_in_use_bytes: [
      "The part of it that is in use",
      of(({ inUseBytes }) => inUseBytes),
    ],
    etcd_database_quota_bytes: [
      "Size from which on etcd takes no writes",
      of(({ quotaBytes }) => quotaBytes),
    ],
    etcd_database_alarm: [
      "Whether etcd has raised an alarm, mostly for want of space",
      of((database) => known(database) ? Number(database.alarms.length > 0) : null),
    ],
  } satisfies Record<string, [help: string, samples: Sample[]]>;
}

function resyncFamilies(status: Status): Family[] {
  const { resyncs, isMaster } = status;
  const done = resyncs.find((r) => r.endedAt !== null);
  const good = resyncs.find((r) => r.endedAt !== null && r.error === null);
  return gauges({
    last_resync_duration_seconds: [
      "Duration of the last finished resync",
      done && done.endedAt! - done.startedAt,
    ],
    last_resync_success_timestamp_seconds: ["End of the last resync that succeeded", good?.endedAt],
    last_full_comparison_timestamp_seconds: [
      "End of this term's last resync that compared everything and succeeded",
      isMaster ? runsOfTerm(status).find(comparedAll)?.endedAt : null,
    ],
    resync_running_start_timestamp_seconds: [
      "When the resync of everything that runs now began",
      isMaster ? runningNow(status)?.startedAt : null,
    ],
  });
}

/** What an earlier term has counted stays; what it found says nothing of now. */
function agentFamilies(status: Status): Family[] {
  const { reported, failed, dropped } = status.agents ?? {};
  const { byFreshness, absent, lagMs, maxLagMs } = agentsNow(status) ?? {};
  const hosts = absent && { gone: absent.gone, unserved: absent.unserved };
  return [
    ...gauges({
      agents: [
        "Felix agents by their status: late over 75 s, stale over 5 min; hosts without one",
        by("freshness", byFreshness && { ...byFreshness, ...hosts }),
      ],
      endpoints_without_agent: [
        "Endpoints on hosts of which no Felix gives a status",
        absent && absent.goneEndpoints + absent.unservedEndpoints,
      ],
      migrations_stranded: [
        "Live migrations that have led to a host without an agent for over 2 h",
        absent?.stranded.total,
      ],
      agent_status_lag_seconds: [
        "Age of agent status when it was seen: median of the last minute's updates",
        lagMs,
      ],
      agent_status_max_lag_seconds: [
        "Age of agent status when it was seen: most of the last minute's updates",
        maxLagMs,
      ],
    }),
    ...counters({
      agent_reports: ["Agent reports that arrived", reported],
      agent_report_failures: ["Agent reports that failed", failed],
      agent_reports_dropped: ["Agent reports not sent: Felix's status was over 75 s old", dropped],
    }),
  ];
}

function portFamilies(status: Status): Family[] {
  const { reported, failed } = status.ports ?? {};
  const ports = portsNow(status);
  return [
    ...counters({
      port_reports: ["Port status reports that arrived", reported],
      port_report_failures: ["Port status reports that failed", failed],
      port_differences_found: [
        "Ports that Neutron showed otherwise than Felix when they were compared",
        ports?.comparison?.found,
      ],
      port_differences_reported: [
        "Reports of such ports that Neutron took",
        ports?.comparison?.accepted,
      ],
      port_pages_lost: [
        "Pages of Neutron's ports that were lost before they were compared",
        ports?.comparison?.lost,
      ],
    }),
    ...gauges({
      ports: ["Ports by the status that Felix wrote", by("status", ports?.byStatus)],
      ports_queued: ["Port status reports that wait", ports?.queued],
      ports_differing: ["Ports whose status Neutron does not show", ports?.differing],
      ports_failing: ["Port status reports that failed and are tried again", ports?.failing],
      ports_not_compared: [
        "Ports of which nobody knows yet whether Neutron shows their status",
        ports?.comparison?.unsure,
      ],
      ports_persisting: [
        "Ports that Neutron shows otherwise although it took their status",
        ports?.comparison?.persisting,
      ],
      ports_compared_timestamp_seconds: [
        "When all of Neutron's ports were last compared",
        ports?.comparison?.wholeAt,
      ],
      port_status_oldest_timestamp_seconds: [
        "Since when the port status waits that has waited longest",
        ports?.oldest,
      ],
    }),
  ];
}

/** What holds of guards and of objects that are left; a standby says nothing of it. */
function heldFamilies({ held: { guards, leftOut, watching }, isMaster }: Status): Family[] {
  const sample = (collection: string, why: string, value: number): Sample => ({
    labels: { collection: clip(collection, MAX_LABEL_CHARS), why },
    value,
  });
  return gauges({
    deletions_held_back: [
      "Objects that a guard keeps from being deleted, or from vanishing where they are shown",
      guards.map(({ collection, why, lost }) => sample(collection, why, lost)),
    ],
    objects_left_out: [
      "Objects left as they are in etcd for what is wrong with them, or parts left out",
      leftOut.map(({ collection, why, total }) => sample(collection, why, total)),
    ],
    watching_only: [
      "Whether this master writes nothing until a resync is asked for",
      isMaster ? watching !== null : null,
    ],
    watched_differences: [
      "Differences that the last comparison found while this master writes nothing",
      watching?.differences,
    ],
  });
}

/** Neutron's notifications, since this node's term began. */
function notificationFamilies({ notifications, isMaster }: Status): Family[] {
  // A standby listens to none; what its last term left is history.
  const told = isMaster ? notifications : null;
  return [
    ...gauges({
      notifications_subscribed: [
        "Whether Neutron's notifications are heard",
        told && told.queue !== null,
      ],
      notifications_pending: ["Announced objects that wait to be looked at", told?.pending],
      notification_lag_seconds: [
        "From a notification's arrival to etcd: median of the last minute",
        told?.lagMs,
      ],
      notification_max_lag_seconds: [
        "From a notification's arrival to etcd: most of the last minute",
        told?.maxLagMs,
      ],
    }),
    ...counters({
      notifications: ["Notifications of Neutron that came", told?.received],
      notifications_ignored: ["Notifications that concern nothing in etcd", told?.ignored],
      notification_passes: ["Times that announced changes were handled", told?.passes],
      notification_failures: ["Times that handling them failed", told?.failures],
      notification_changes: ["Objects changed in etcd that way", told?.changes],
      notification_silent_changes: [
        "Objects changed in etcd that only comparing has found",
        told?.silent,
      ],
      notification_overflows: ["Times that notifications were dropped", told?.overflows],
      notification_subscriptions: ["Times that a queue was subscribed to", told?.subscriptions],
    }),
  ];
}

/** How Neutron and etcd are compared. */
function comparingFamilies(status: Status): Family[] {
  const told = roundsNow(status);
  const inRounds = told?.pace === "rounds" ? told : null;
  return gauges({
    neutron_comparing_share: [
      "Share of one API worker of Neutron's that comparing took in the last ten minutes",
      told && told.sharePercent === null ? null : told && told.sharePercent! / 100,
    ],
    neutron_requests_allowed: [
      "Requests to Neutron that the resource syncer may send at a time; fewer: it is spared",
      told?.requests.limit,
    ],
    compare_rounds_on: [
      "Whether all is compared round and round, not by the intervals",
      told && inRounds !== null,
    ],
    compare_round: ["Number of the round of comparing in this term", told?.round],
    compare_round_progress: [
      "Share of all objects that this round has compared",
      inRounds && inRounds.total > 0 ? Math.min(1, inRounds.compared / inRounds.total) : null,
    ],
    compare_period_seconds: [
      "Every port is compared at least so often: the longest of the last rounds, or an estimate",
      told?.everyMs,
    ],
  });
}

/** What is told of which job. */
const FAMILIES: readonly (readonly [RoleName | null, (status: Status) => Family[]])[] = [
  [null, nodeFamilies],
  ["diagnostics", pageFamilies],
  ["manager", managerFamilies],
  ["resource-syncer", resyncFamilies],
  ["resource-syncer", heldFamilies],
  ["resource-syncer", notificationFamilies],
  ["resource-syncer", comparingFamilies],
  [null, busFamilies],
  ["agent-status-watcher", agentFamilies],
  ["endpoint-status-watcher", portFamilies],
];

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
