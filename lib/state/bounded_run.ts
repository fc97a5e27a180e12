/**
 * As much of a run's account as one record can hold: Deno KV takes no value above 64 KiB, and a run whose
 * record cannot be written would count as failed. Pure.
 *
 * @module
 */
import { clip } from "../base/clip.ts";
import type { Resync } from "./records/resync.ts";

/** What is cut of a record. */
type Account = Pick<Resync, "guards" | "leftOut" | "warnings">;

/** How much is kept. */
interface Bounds {
  /** Guards, and kinds of objects that were left. */
  readonly entries: number;
  readonly warnings: number;
  readonly warningChars: number;
  /** Longest name, with what is wrong with it. */
  readonly nameChars: number;
  /** All names of a record together. */
  readonly namesChars: number;
}

/** Two bytes for each character of names, and as much again for warnings, stay below the limit. */
const NEWEST: Bounds = {
  entries: 20,
  warnings: 20,
  warningChars: 500,
  nameChars: 200,
  namesChars: 16_000,
};
/** Of one that is kept for a week. */
export const OLDER: Bounds = {
  entries: 20,
  warnings: 5,
  warningChars: 200,
  nameChars: 100,
  namesChars: 2000,
};

/** The same record with fewer and shorter names, where it would be too large; counts stay as they are. */
export function boundedRun<T extends Account>(record: T, bounds: Bounds = NEWEST): T {
  let room = bounds.namesChars;
  const cut = <N extends { names: string[] }>(entry: N): N => {
    const names: string[] = [];
    for (const name of entry.names.map((each) => clip(each, bounds.nameChars))) {
      if (name.length > room) break;
      room -= name.length;
      names.push(name);
    }
    return { ...entry, names };
  };
  return {
    ...record,
    guards: record.guards.slice(0, bounds.entries).map(cut),
    leftOut: record.leftOut.slice(0, bounds.entries).map(cut),
    warnings: record.warnings.slice(0, bounds.warnings)
      .map((each) => clip(each, bounds.warningChars)),
  };
}
