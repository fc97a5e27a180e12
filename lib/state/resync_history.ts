/**
 * What the history of resyncs keeps: of all of them the newest, and of each what one record can hold. Deno
 * KV takes no value above 64 KiB, and a run whose account cannot be written would be a failed one. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import { comparedAll, type Guard, type LeftOut, MAX_RESYNCS, resyncSchema } from "./records.ts";

/** Guards, and kinds of objects that were left, in one record. */
const MAX_ENTRIES = 20;
const MAX_WARNINGS = 20;
const MAX_WARNING_CHARS = 500;
/** Of one name, with what is wrong with it. */
const MAX_NAME_CHARS = 200;
/** Of all names together: two bytes each, and as much again for warnings, stay below the limit. */
const NAMES_CHARS = 16_000;

/** What is cut of a record. */
interface Account {
  readonly guards: Guard[];
  readonly leftOut: LeftOut[];
  readonly warnings: string[];
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
export function tooOld(entries: readonly Deno.KvEntry<unknown>[]): Deno.KvKey[] {
  const kept = entries.findIndex(({ value }) => {
    const parsed = resyncSchema.safeParse(value);
    return parsed.success && comparedAll(parsed.data);
  });
  const room = kept < MAX_RESYNCS ? MAX_RESYNCS : MAX_RESYNCS - 1;
  return entries.map(({ key }) => key).filter((_, i) => i >= room && i !== kept);
}
