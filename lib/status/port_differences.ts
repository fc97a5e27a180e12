/**
 * Ports whose status in Neutron differs from what Felix last wrote to etcd, as far as this node knows:
 *
 * - "waiting": the newest status has not been accepted by Neutron yet: it is queued or on its way;
 * - "failed": Neutron refused it or did not answer, and it is tried again;
 * - "error": Calico says ERROR. Neutron takes no ERROR from outside and shows DOWN.
 *
 * The status of an endpoint that has vanished from etcd, "gone", waits and fails like any other; it is DOWN to
 * Neutron, and no error.
 *
 * A status that somebody changes in Neutron itself is found when the ports are compared next (`comparison.ts`). There
 * is one entry for each endpoint that waits or is in error, in the order in which they began to differ, and none for all others.
 *
 * @module
 */
import { z } from "zod";
import { clip } from "../base/clip.ts";
import type { Clock } from "../base/clock.ts";
import { describeError } from "../base/log.ts";
import { FOLDERS } from "../process/state_files.ts";
import { readStateFile, writeStateFile } from "../state/files.ts";
import type { PortUpdate } from "./reporter.ts";

/** Differences that are shown at most: those that have differed longest. */
export const MAX_PORT_DIFFERENCES = 500;
const FILE = `${FOLDERS.ports}/port-differences.json`;
const WRITE_INTERVAL_MS = 2000;

/** One port that differs. */
export const portDifferenceSchema = z.object({
  host: z.string(),
  port: z.string(),
  /** In Calico's words: ACTIVE, DOWN or ERROR. */
  status: z.string(),
  /** The endpoint has vanished from etcd: its VM was deleted, stopped or migrated. */
  gone: z.boolean().optional(),
  why: z.enum(["waiting", "failed", "error"]),
  /** Since when it differs, ms since the epoch. */
  since: z.number(),
  /** Reports that failed in a row. */
  attempts: z.number().int().nonnegative(),
  error: z.string().nullable(),
});
export type PortDifference = z.infer<typeof portDifferenceSchema>;

/** What the file holds. */
const portDifferencesSchema = z.object({
  at: z.number(),
  total: z.number().int().nonnegative(),
  ports: z.array(portDifferenceSchema).max(MAX_PORT_DIFFERENCES),
});
export type PortDifferencesFile = z.infer<typeof portDifferencesSchema>;

interface Entry {
  update: PortUpdate;
  since: number;
  attempts: number;
  error: string | null;
  /** Neutron has it; it differs only because Neutron shows no ERROR. */
  accepted: boolean;
}

/** How many ports differ for which reason, and since when the one that has waited longest does. */
export interface DifferenceCounts {
  readonly waiting: number;
  readonly failed: number;
  readonly error: number;
  /** ms since the epoch; null: none waits. */
  readonly oldest: number | null;
}

/** The differing ports, kept up to date as reports are queued, accepted and refused. */
export class PortDifferences {
  #entries = new Map<string, Entry>();
  /** The newest beginning of an entry, ms since the epoch. */
  #newest = -Infinity;
  /** Whether the entries are in the order in which they began to differ: what has waited packed comes late. */
  #isOrdered = true;
  #changed = true;
  /** Others that waited when the file was written. */
  #more = 0;
  #writtenAt = -Infinity;

  constructor(readonly clock: Clock) {}

  get total(): number {
    return this.#entries.size;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Whether Neutron has yet to take a report of that endpoint. */
  isUnderWay(key: string): boolean {
    return this.#entries.get(key)?.accepted === false;
  }

  /** Those in error have been accepted, and wait for nothing. */
  counts(): DifferenceCounts {
    const counts = { waiting: 0, failed: 0, error: 0 };
    let oldest = Infinity;
    for (const entry of this.#entries.values()) {
      counts[whyOf(entry)]++;
      if (!entry.accepted) oldest = Math.min(oldest, entry.since);
    }
    return { ...counts, oldest: Number.isFinite(oldest) ? oldest : null };
  }

  /** A new status is queued for that endpoint, which waits since then (ms since the epoch). */
  queued(key: string, update: PortUpdate, since: number): void {
    this.#changed = true;
    const entry = this.#entries.get(key);
    if (!entry) {
      if (since < this.#newest) this.#isOrdered = false;
      else this.#newest = since;
      this.#entries.set(key, { update, since, attempts: 0, error: null, accepted: false });
      return;
    }
    entry.update = update;
    entry.accepted = false;
  }

  /** Neutron has accepted that status; `lasts`: the endpoint still exists. */
  accepted(key: string, status: string, lasts: boolean): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.update.status !== status) return; // a newer one waits
    this.#changed = true;
    if (status === "ERROR" && lasts) {
      Object.assign(entry, { accepted: true, attempts: 0, error: null });
    } else this.#entries.delete(key);
  }

  /** Neutron knows of that error already, as one of its lists shows. */
  known(update: PortUpdate): void {
    const key = `${update.host}/${update.port}`;
    if (this.#entries.has(key)) return;
    this.queued(key, update, this.clock.now());
    this.accepted(key, update.status, true);
  }

  /** A report has failed. */
  failed(key: string, error: unknown): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#changed = true;
    entry.attempts++;
    entry.error = clip(describeError(error), 300);
  }

  /** Those that have differed longest. */
  list(max = MAX_PORT_DIFFERENCES): PortDifference[] {
    if (!this.#isOrdered) {
      this.#entries = new Map([...this.#entries].sort(([, a], [, b]) => a.since - b.since));
      this.#isOrdered = true;
    }
    const found: PortDifference[] = [];
    for (const entry of this.#entries.values()) {
      if (found.length === max) break;
      const { update, since, attempts, error } = entry;
      const { status, gone } = update;
      const [host, port] = [clip(update.host, 253), clip(update.port, 253)];
      found.push({ host, port, status, gone, why: whyOf(entry), since, attempts, error });
    }
    return found;
  }

  /**
   * Writes the file when something has changed, at most every 2 s. `more`: how many others wait.
   *
   * @throws the directory is not writable.
   */
  async publish(stateDir: string, more = 0): Promise<void> {
    const now = this.clock.monotonic();
    if (!this.#changed && more === this.#more) return;
    if (now - this.#writtenAt < WRITE_INTERVAL_MS) return;
    this.#changed = false;
    this.#more = more;
    this.#writtenAt = now;
    const file = { at: this.clock.now(), total: this.total + more, ports: this.list() };
    await writeStateFile(`${stateDir}/${FILE}`, file);
  }
}

function whyOf({ accepted, error }: Entry): PortDifference["why"] {
  if (accepted) return "error";
  return error === null ? "waiting" : "failed";
}

/** What the file holds; null: this node has not been master yet. */
export function readPortDifferences(stateDir: string): Promise<PortDifferencesFile | null> {
  return readStateFile(`${stateDir}/${FILE}`, portDifferencesSchema);
}
