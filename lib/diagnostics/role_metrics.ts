/**
 * The metrics of one role, out of the text that Prometheus gets: those that carry the role's name as
 * their label, and those that tell of its job. Buckets are left to Prometheus. Pure.
 *
 * @module
 */

/** One value. */
export interface RoleMetric {
  readonly name: string;
  /** Without the role's own, as in the text: `kind="Subnet"`. */
  readonly labels: string;
  readonly value: string;
  readonly help: string;
}

const MAX_METRICS = 80;

/** What tells of a role's job, after `conductor_`. */
const JOBS: Readonly<Record<string, RegExp>> = {
  "manager": /^(is_master|mastership|election|term|nodes|compaction|last_compaction|lease)/,
  "resource-syncer": /^(last_resync|resync|sync|neutron|etcd_write|notification|event)/,
  "agent-status-watcher": /^(agent)/,
  "endpoint-status-watcher": /^(port|nova)/,
  "diagnostics": /^(http|page|stream|ready)/,
};

/** The metrics of `role` in an OpenMetrics text. */
export function roleMetrics(text: string, role: string): RoleMetric[] {
  const found: RoleMetric[] = [];
  const help = new Map<string, string>();
  const own = `role="${role}"`;
  for (const line of text.split("\n")) {
    const described = /^# HELP (\S+) (.*)$/.exec(line);
    if (described) help.set(described[1]!, described[2]!);
    const sample = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)/.exec(line);
    if (!sample || found.length === MAX_METRICS) continue;
    const [, name, labels = "", value] = sample;
    const parts = labels.split(/,(?=[a-z_]+=")/).filter((part) => part !== "");
    const labelled = parts.some((part) => part.startsWith('role="'));
    const job = JOBS[role]?.test(name!.replace(/^conductor_/, "")) ?? false;
    if (name!.endsWith("_bucket") || (labelled ? !parts.includes(own) : !job)) continue;
    const family = name!.replace(/_(total|count|sum|created)$/, "");
    found.push({
      name: name!,
      labels: parts.filter((part) => part !== own).join(", "),
      value: value!,
      help: help.get(family) ?? help.get(name!) ?? "",
    });
  }
  return found;
}
