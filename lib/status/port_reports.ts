/**
 * What Neutron was told of ports last, and when: the newest report of each port at each host, of the last
 * thousands that were reported, in a file of the state directory for whoever asks about one port.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "../base/clip.ts";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { FOLDERS } from "../process/state_files.ts";
import { readStateFile, writeStateFile } from "../state/files.ts";
import { clipNames } from "./names.ts";
import { type PortUpdate, toldStatus } from "./reporter.ts";

/** Reports that are kept: the newest. */
export const MAX_PORT_REPORTS = 4000;
const FILE = `${FOLDERS.ports}/port-reports.json`;
const WRITE_INTERVAL_MS = 5000;
const MAX_ERROR_CHARS = 200;

/** One report. */
export const portReportSchema = z.object({
  host: z.string(),
  port: z.string(),
  /** In Calico's words: ACTIVE, DOWN or ERROR. */
  status: z.string(),
  /** What Neutron was told of it. */
  told: z.enum(["ACTIVE", "DOWN"]),
  /** The endpoint had vanished from etcd. */
  gone: z.boolean(),
  /** ms since the epoch. */
  at: z.number(),
  /** Why Neutron did not take it; null: it has. */
  error: z.string().nullable(),
});
export type PortReport = z.infer<typeof portReportSchema>;

/** What the file holds. */
const portReportsSchema = z.object({
  /** All reports since then are known, ms since the epoch. */
  since: z.number(),
  /** The newest last. */
  reports: z.array(portReportSchema).max(MAX_PORT_REPORTS),
});
export type PortReportsFile = z.infer<typeof portReportsSchema>;

/** The last reports of one term. */
export class PortReports {
  readonly #reports = new Map<string, PortReport>();
  #since: number;
  #changed = true;
  #writtenAt = -Infinity;

  constructor(readonly clock: Clock, readonly capacity = MAX_PORT_REPORTS) {
    this.#since = clock.now();
  }

  /** Notes a report; `error`: why Neutron did not take it, undefined when it has. */
  note({ host, port, status, gone = false }: PortUpdate, error?: unknown): void {
    const name = `${host}/${port}`;
    const at = this.clock.now();
    const why = error === undefined ? null : clip(describeError(error), MAX_ERROR_CHARS);
    this.#reports.delete(name);
    this.#reports.set(name, {
      ...clipNames({ host, port }),
      status,
      told: toldStatus(status),
      gone,
      at,
      error: why,
    });
    this.#changed = true;
    if (this.#reports.size <= this.capacity) return;
    const [oldest, report] = this.#reports.entries().next().value!;
    this.#reports.delete(oldest);
    this.#since = Math.max(this.#since, report.at);
  }

  /** Writes the file when something has changed, at most every 5 s. @throws the directory is not writable. */
  async publish(stateDir: string): Promise<void> {
    const now = this.clock.monotonic();
    if (!this.#changed || now - this.#writtenAt < WRITE_INTERVAL_MS) return;
    this.#changed = false;
    this.#writtenAt = now;
    const file: PortReportsFile = { since: this.#since, reports: [...this.#reports.values()] };
    await writeStateFile(`${stateDir}/${FILE}`, file);
  }
}

/** What the file holds; null: this node has not been master yet. */
export function readPortReports(stateDir: string): Promise<PortReportsFile | null> {
  return readStateFile(`${stateDir}/${FILE}`, portReportsSchema);
}
