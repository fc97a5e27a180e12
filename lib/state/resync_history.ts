/**
 * The history of resyncs in the KV file: the newest ones are kept, and of each as much as one record can hold.
 * Deno KV takes no value above 64 KiB, and a run whose record cannot be written would count as failed.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { Kv } from "./kv.ts";
import {
  comparedAll,
  MAX_RESYNCS,
  type Resync,
  resyncSchema,
  type ResyncStep,
  resyncStepSchema,
} from "./records/resync.ts";

/** Guards, and kinds of objects that were left, in one record. */
const MAX_ENTRIES = 20;
const MAX_WARNINGS = 20;
const MAX_WARNING_CHARS = 500;
/** Longest name, with what is wrong with it. */
const MAX_NAME_CHARS = 200;
/** All names of a record together; two bytes for each character, and as much again for warnings, stay below the limit. */
const NAMES_CHARS = 16_000;

/** What is cut of a record. */
type Account = Pick<Resync, "guards" | "leftOut" | "warnings">;

/** Written last of all: its version stands for the whole history. */
const CHANGED_KEY = ["resyncs-changed"];
/** The step of the run that runs, beside the records: it changes often, and they are read only when they change. */
const STEP_KEY = ["resync-step"];

/** The history, one record a resync. */
export class ResyncHistory {
  /** As it was read last: reading 50 records is costly, and they seldom change. */
  #read: { readonly versionstamp: string | null; readonly records: readonly Resync[] } | null =
    null;

  constructor(readonly kv: Kv) {}

  /** Newest first; empty when there is none. */
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

  /** Adds a resync or replaces it; what is too old goes. */
  async write(record: Resync): Promise<void> {
    await this.kv.set(["resyncs", record.startedAt, record.id], boundedRun(record));
    const range = this.kv.list({ prefix: ["resyncs"] }, { reverse: true });
    for (const key of tooOld(await Array.fromAsync(range))) await this.kv.delete(key);
    await this.kv.set(CHANGED_KEY, record.id);
  }

  /** Notes the step of a run that runs. */
  async writeStep(step: ResyncStep): Promise<void> {
    await this.kv.set(STEP_KEY, step);
  }
}

/** The same record with fewer and shorter names, where it would be too large; counts stay as they are. */
export function boundedRun<T extends Account>(record: T): T {
  let room = NAMES_CHARS;
  const cut = <N extends { names: string[] }>(entry: N): N => {
    const names: string[] = [];
    for (const name of entry.names.map((each) => clip(each, MAX_NAME_CHARS))) {
      if (name.length > room) break;
      room -= name.length;
      names.push(name);
    }
    return { ...entry, names };
  };
  return {
    ...record,
    guards: record.guards.slice(0, MAX_ENTRIES).map(cut),
    leftOut: record.leftOut.slice(0, MAX_ENTRIES).map(cut),
    warnings: record.warnings.slice(0, MAX_WARNINGS).map((each) => clip(each, MAX_WARNING_CHARS)),
  };
}

/**
 * Keys of what is too old; `entries` newest first. The last run that compared everything is kept: only it
 * tells what is held back.
 */
function tooOld(entries: readonly Deno.KvEntry<unknown>[]): Deno.KvKey[] {
  const kept = entries.findIndex(({ value }) => {
    const parsed = resyncSchema.safeParse(value);
    return parsed.success && comparedAll(parsed.data);
  });
  const room = kept < MAX_RESYNCS ? MAX_RESYNCS : MAX_RESYNCS - 1;
  return entries.map(({ key }) => key).filter((_, i) => i >= room && i !== kept);
}
