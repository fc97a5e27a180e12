/**
 * The status in OpenMetrics text format: a few gauges and counters, named with their units.
 *
 * @module
 */
import type { Status } from "./status_schema.ts";
import { isUp } from "./verdict.ts";

/** Content type of {@linkcode formatMetrics}. */
export const METRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** All metrics, ending in `# EOF`. */
export function formatMetrics(status: Status): string {
  const { roles, agents, ports, resyncs, cluster, compaction } = status;
  const done = resyncs.find((r) => r.endedAt !== null);
  const good = resyncs.find((r) => r.endedAt !== null && r.error === null);
  const stale = agents && agents.byFreshness.stale + agents.byFreshness.unreadable;
  const one = (value: number | undefined): Sample[] => value === undefined ? [] : [[{}, value]];
  return [
    family("is_master", "gauge", "Whether this node is master", one(Number(status.isMaster))),
    family("ready", "gauge", "Whether this node is ready", one(Number(status.ready))),
    family(
      "role_up",
      "gauge",
      "Whether a role is running and alive",
      roles.map((role): Sample => [{ role: role.name }, Number(isUp(role))]),
    ),
    family(
      "role_restarts",
      "counter",
      "Restarts of a role since the node started",
      roles.map((role): Sample => [{ role: role.name }, role.process?.restarts ?? 0]),
    ),
    family(
      "last_resync_duration_seconds",
      "gauge",
      "Duration of the last finished resync",
      one(done && (done.endedAt! - done.startedAt) / 1000),
    ),
    family(
      "last_resync_success_timestamp_seconds",
      "gauge",
      "End of the last resync that succeeded",
      one(good && good.endedAt! / 1000),
    ),
    family("nodes", "gauge", "Nodes of the cloud that are registered", one(cluster?.nodes.length)),
    family(
      "compaction_checks",
      "counter",
      "Checks whether etcd is due for compaction",
      one(compaction?.checks),
    ),
    family(
      "compactions",
      "counter",
      "Compactions of etcd by this node",
      one(compaction?.compactions),
    ),
    family(
      "compaction_failures",
      "counter",
      "Checks that failed because etcd did not answer",
      one(compaction?.failures),
    ),
    family(
      "last_compaction_timestamp_seconds",
      "gauge",
      "Time of the last compaction by this node",
      one(compaction?.lastAt ? compaction.lastAt / 1000 : undefined),
    ),
    family("agents", "gauge", "Felix agents that are known", one(agents?.total)),
    family(
      "agents_stale",
      "gauge",
      "Agents silent for more than 5 minutes",
      one(stale ?? undefined),
    ),
    family(
      "agent_status_lag_seconds",
      "gauge",
      "Age of agent status when it was seen: median of the last minute's updates",
      one(seconds(agents?.lagMs)),
    ),
    family(
      "agent_status_max_lag_seconds",
      "gauge",
      "Age of agent status when it was seen: most of the last minute's updates",
      one(seconds(agents?.maxLagMs)),
    ),
    family("agent_reports", "counter", "Agent reports that arrived", one(agents?.reported)),
    family("agent_report_failures", "counter", "Agent reports that failed", one(agents?.failed)),
    family("port_reports", "counter", "Port status reports that arrived", one(ports?.reported)),
    family(
      "port_report_failures",
      "counter",
      "Port status reports that failed",
      one(ports?.failed),
    ),
    family("ports", "gauge", "Ports whose status is known", one(ports?.total)),
    family("ports_queued", "gauge", "Port status reports that wait", one(ports?.queued)),
    "# EOF\n",
  ].join("");
}

function seconds(ms: number | null | undefined): number | undefined {
  return ms === null || ms === undefined ? undefined : ms / 1000;
}

function family(
  name: string,
  type: "gauge" | "counter",
  help: string,
  samples: readonly Sample[],
): string {
  const full = `conductor_${name}`;
  const unit = name.endsWith("_seconds") ? `# UNIT ${full} seconds\n` : "";
  const lines = samples.map(([labels, value]) =>
    `${full}${type === "counter" ? "_total" : ""}${formatLabels(labels)} ${value}\n`
  );
  return `# TYPE ${full} ${type}\n${unit}# HELP ${full} ${help}.\n${lines.join("")}`;
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) =>
    `${name}="${value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n")}"`
  );
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}
