/**
 * The history of resyncs in the KV file: the newest ones whatever they did; those before them that mattered,
 * for a week; and by the hour how many there were.
 *
 * @module
 */
import { boundedRun, OLDER } from "./bounded_run.ts";
import type { Kv } from "./kv.ts";
import { changesIn, OlderResyncs } from "./older_resyncs.ts";
import {
  comparedAll,
  MAX_RESYNCS,
  type Resync,
  resyncSchema,
  type ResyncStep,
  resyncStepSchema,
} from "./records/resync.ts";
import { ResyncHours } from "./resync_hours.ts";

/** Written last of all: its version stands for the newest ones. */
const CHANGED_KEY = ["resyncs-changed"];
/** The step of the run that runs, beside the records: it changes often, and they are read only when they change. */
const STEP_KEY = ["resync-step"];

/** The history, one record a resync. */
export class ResyncHistory {
  /** As it was read last: reading 50 records is costly, and they seldom change. */
  #read: { readonly versionstamp: string | null; readonly records: readonly Resync[] } | null =
    null;

  /** Those that mattered and are not among the newest any more. */
  readonly older: OlderResyncs;
  readonly hours: ResyncHours;

  constructor(readonly kv: Kv) {
    this.older = new OlderResyncs(kv);
    this.hours = new ResyncHours(kv);
  }

  /** The newest ones, newest first; empty when there is none. */
  async read(): Promise<Resync[]> {
    const [{ versionstamp }, { value: step }] = await Promise.all([
      this.kv.get(CHANGED_KEY),
      this.kv.get(STEP_KEY),
    ]);
    if (versionstamp === null || this.#read?.versionstamp !== versionstamp) {
      this.#read = { versionstamp, records: await this.#readAll() };
    }
    const parsed = resyncStepSchema.safeParse(step);
    if (!parsed.success) return [...this.#read.records];
    const { id, step: taken } = parsed.data;
    return this.#read.records.map((record) =>
      record.id === id && record.endedAt === null ? { ...record, step: taken } : record
    );
  }

  async #readAll(): Promise<Resync[]> {
    const records: Resync[] = [];
    const range = this.kv.list({ prefix: ["resyncs"] }, { limit: MAX_RESYNCS, reverse: true });
    for await (const { value } of range) {
      const parsed = resyncSchema.safeParse(value);
      if (parsed.success) records.push(parsed.data);
    }
    return records;
  }

  /** Adds a resync or replaces it; one that is over is counted, and what is too old goes. */
  async write(record: Resync): Promise<void> {
    await this.kv.set(["resyncs", record.startedAt, record.id], boundedRun(record));
    const range = this.kv.list({ prefix: ["resyncs"] }, { reverse: true });
    for (const { key, value } of tooOld(await Array.fromAsync(range))) {
      const parsed = resyncSchema.safeParse(value);
      if (!parsed.success) await this.kv.delete(key);
      else await this.older.take(key, boundedRun(parsed.data, OLDER), record.startedAt);
    }
    await this.kv.set(CHANGED_KEY, record.id);
    const { startedAt, endedAt, error } = record;
    if (endedAt === null) return;
    const outcome = error !== null ? "failed" : changesIn(record) > 0 ? "changed" : "empty";
    await this.hours.add({ startedAt, endedAt, outcome });
  }

  /** Notes the step of a run that runs. */
  async writeStep(step: ResyncStep): Promise<void> {
    await this.kv.set(STEP_KEY, step);
  }
}

/**
 * What is too old; `entries` newest first. The last run that compared everything is kept: only it
 * tells what is held back.
 */
function tooOld(entries: readonly Deno.KvEntry<unknown>[]): Deno.KvEntry<unknown>[] {
  const kept = entries.findIndex(({ value }) => {
    const parsed = resyncSchema.safeParse(value);
    return parsed.success && comparedAll(parsed.data);
  });
  const room = kept < MAX_RESYNCS ? MAX_RESYNCS : MAX_RESYNCS - 1;
  return entries.filter((_, i) => i >= room && i !== kept);
}
