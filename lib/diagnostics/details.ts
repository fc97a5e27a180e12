/**
 * What the detail pages show beyond the status: everything bounded where it is written, and read only
 * when somebody asks. Files that have not changed are not parsed again.
 *
 * @module
 */
import type { Samples } from "../state/records.ts";
import { type AgentsFile, readAgentsFile } from "../status/agents_file.ts";
import { type PortDifferencesFile, readPortDifferences } from "../status/port_differences.ts";
import { type Differences, readDifferences } from "../sync/apply/difference_log.ts";
import type { LogRecord } from "../state/page_feed.ts";
import type { PermissionRow } from "../process/permissions.ts";
import type { Fed } from "./fed.ts";
import type { RoleMetrics } from "./metrics.ts";
import type { Sampler } from "./samples.ts";
import { Shared } from "./shared.ts";
import type { Status } from "../health/status.ts";
import type { Tracer } from "./tracer.ts";

/** What is read on demand. */
export interface Details {
  /** Figures of the last hour. */
  samples(): Samples;
  /** Last log records of a process, oldest first, at most 300. */
  log(role: string): readonly LogRecord[];
  /** What a process may do; null: the supervisor has not told. */
  permissions(role: string): PermissionRow | null;
  /** All Felix agents; null: this node has not been master yet. Rejects when the file cannot be read. */
  agents(): Promise<AgentsFile | null>;
  /** Ports whose status Neutron does not show; null: this node has not been master yet. */
  portDifferences(): Promise<PortDifferencesFile | null>;
  /** What a resync found; null: nothing, or it has left the history. `id` as in the history. */
  differences(id: string): Promise<Differences | null>;
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
  fed: Pick<Fed, "log" | "permissions">,
  sampler: Pick<Sampler, "samples">,
): Details {
  const agents = new Shared<AgentsFile | null>(MOMENT_MS);
  const ports = new Shared<PortDifferencesFile | null>(MOMENT_MS);
  return {
    samples: () => sampler.samples,
    log: (role) => fed.log(role),
    permissions: (role) => fed.permissions(role),
    agents: () => agents.get("", () => readAgentsFile(stateDir)),
    portDifferences: () => ports.get("", () => readPortDifferences(stateDir)),
    differences: (id) => readDifferences(stateDir, id),
  };
}
