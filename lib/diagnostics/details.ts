/**
 * What the detail pages show beyond the status: everything bounded where it is written, and read only
 * when somebody asks. Files that have not changed are not parsed again.
 *
 * @module
 */
import type { EffectiveRow } from "../config/effective_rows.ts";
import type { Resync, ResyncHour, Samples } from "../state/records.ts";
import type { ResyncHistory } from "../state/resync_history.ts";
import { type AgentsFile, readAgentsFile } from "../status/agents_file.ts";
import { type PortDifferencesFile, readPortDifferences } from "../status/port_differences.ts";
import { type Differences, readDifferences } from "../sync/apply/difference_log.ts";
import type { LogRecord } from "../state/page_feed.ts";
import type { PermissionRow } from "../process/permissions.ts";
import type { Fed } from "./fed.ts";
import type { RoleMetrics } from "./metrics.ts";
import type { Sampler } from "./samples.ts";
import { Shared } from "./shared.ts";
import type { Span } from "./charts/time_window.ts";
import type { Status } from "../health/status.ts";
import type { Tracer } from "./tracer.ts";

/** What is read on demand. */
export interface Details {
  /** Figures of the past, at least of that span. */
  samples(span: Span): Samples;
  /** Every option with its value and where that comes from; empty: the supervisor has not told. */
  configuration(): readonly EffectiveRow[];
  /** Last log records of a process, oldest first, at most 300. */
  log(role: string): readonly LogRecord[];
  /** What a process may do; null: the supervisor has not told. */
  permissions(role: string): PermissionRow | null;
  /** All Felix agents; null: this node has not been master yet. Rejects when the file cannot be read. */
  agents(): Promise<AgentsFile | null>;
  /** Ports whose status Neutron does not show; null: this node has not been master yet. */
  portDifferences(): Promise<PortDifferencesFile | null>;
  /** Of the runs that are kept beside the newest: `limit` after the first `offset`, and how many there are. */
  olderResyncs(offset: number, limit: number): Promise<OlderPage>;
  /** One of these; null: it is not among them. */
  olderResync(id: string): Promise<Resync | null>;
  /** Runs by the hour, newest first; an hour without one is absent. */
  resyncHours(): Promise<readonly ResyncHour[]>;
  /** What a resync found; null: nothing, or it has left the history. `id` as in the history. */
  differences(id: string): Promise<Differences | null>;
}

/** Some of the older runs, newest first. */
export interface OlderPage {
  readonly total: number;
  readonly resyncs: readonly Resync[];
}

/** Where routes and pages find what they show. */
export interface Sources {
  readonly readStatus: () => Promise<Status>;
  /** What the roles have measured. */
  readonly readMetrics: () => Promise<RoleMetrics>;
  readonly details: Details;
  readonly tracer: Tracer;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The writers write every 2 to 5 s; many readers in between share one parsing. */
const MOMENT_MS = 1000;

/** Of this node. */
export function nodeDetails(
  stateDir: string,
  fed: Pick<Fed, "log" | "permissions" | "configuration">,
  sampler: Pick<Sampler, "samples">,
  history: ResyncHistory,
): Details {
  const agents = new Shared<AgentsFile | null>(MOMENT_MS);
  const ports = new Shared<PortDifferencesFile | null>(MOMENT_MS);
  const older = new Shared<OlderPage>(MOMENT_MS);
  const hours = new Shared<readonly ResyncHour[]>(MOMENT_MS);
  return {
    samples: (span) => sampler.samples(span),
    configuration: () => fed.configuration(),
    log: (role) => fed.log(role),
    permissions: (role) => fed.permissions(role),
    agents: () => agents.get("", () => readAgentsFile(stateDir)),
    portDifferences: () => ports.get("", () => readPortDifferences(stateDir)),
    olderResyncs: (offset, limit) =>
      older.get(`${offset} ${limit}`, async () => ({
        total: await history.older.count(),
        resyncs: limit === 0 ? [] : await history.older.read(offset, limit),
      })),
    olderResync: (id) => history.older.find(id),
    resyncHours: () => hours.get("", () => history.hours.read()),
    differences: (id) => readDifferences(stateDir, id),
  };
}
