/**
 * The metrics of one role, out of those that Prometheus gets: what it has measured itself, what carries
 * its name as a label, and what tells of its job. Pure.
 *
 * @module
 */
import type { Family, HistogramValue, Sample } from "../metrics/exposition.ts";
import { formatBytes, formatCount, formatDuration } from "../base/format.ts";
import { families, type RoleMetrics } from "./metrics.ts";
import type { Status } from "../health/status.ts";

/** One value, for people. */
export interface RoleMetric {
  readonly name: string;
  /** Without the role's own: `kind="Subnet"`. */
  readonly labels: string;
  readonly value: string;
  readonly help: string;
}

const MAX_METRICS = 100;

/** The metrics of `role`. */
export function roleMetrics(status: Status, measured: RoleMetrics, role: string): RoleMetric[] {
  const own = Object.hasOwn(measured, role) ? measured[role]! : {};
  const all = families(status, { [role]: own });
  const found = all.flatMap((family) => {
    const about = Object.hasOwn(own, family.name) || family.job === role;
    return family.samples
      .filter(({ labels }) => labels.role === undefined ? about : labels.role === role)
      .map((sample) => metricOf(family, sample));
  });
  return found.slice(0, MAX_METRICS);
}

function metricOf({ name, type, help }: Family, { labels, value }: Sample): RoleMetric {
  const parts = Object.entries(labels).filter(([label]) => label !== "role")
    .map(([label, text]) => `${label}="${text}"`);
  return {
    name: `conductor_${name}${type === "counter" ? "_total" : ""}`,
    labels: parts.join(", "),
    value: typeof value === "number" ? withUnit(name, value) : histogramText(name, value),
    help: `${help}.`,
  };
}

function histogramText(name: string, { counts, sum }: HistogramValue): string {
  const count = counts.reduce((a, b) => a + b, 0);
  if (count === 0) return "none";
  return `${formatCount(count)} times, mean ${withUnit(name, sum / count)}`;
}

function withUnit(name: string, value: number): string {
  if (name.endsWith("_timestamp_seconds")) return new Date(value * 1000).toISOString();
  if (name.endsWith("_seconds")) return formatDuration(value * 1000);
  return name.endsWith("_bytes") ? formatBytes(value) : formatCount(value);
}
