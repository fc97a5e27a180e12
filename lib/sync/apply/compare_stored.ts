/**
 * Compares objects of one kind with the values that etcd holds of their keys, as a full resync does it page
 * by page: the values are asked for first, so that they are on their way while others are compared.
 *
 * @module
 */
import { readFenced } from "../../etcd/fenced_write.ts";
import { changeOf, isExpressed } from "./change_of.ts";
import type { Stored } from "../model/compare.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { Desired, Kind } from "../model/translate.ts";
import type { SyncRun } from "./sync_run.ts";

/** What etcd holds of some keys: their rows in the table of keys (−1: not there), and their values. */
export interface StoredValues {
  readonly rows: readonly number[];
  readonly values: Promise<ReadonlyMap<string, Stored>>;
}

/** Asks for the values of those, all of one kind, that were seen in etcd. */
export function askStored(
  run: SyncRun,
  index: CloudIndex,
  wants: readonly Desired[],
): StoredValues {
  const kind = wants[0]?.kind;
  if (!kind) return { rows: [], values: Promise.resolve(new Map()) };
  const rows = wants.map(({ key }) => index.keys[kind].index.find(key));
  const there = wants.filter((_, i) => rows[i]! >= 0).map(({ key }) => key);
  const values = readStored(run, kind, there);
  values.catch(() => {}); // it is awaited in its turn, if that comes
  return { rows, values };
}

/** The values of the keys, of those that are there. @throws {FenceLostError} another node leads. */
export async function readStored(
  run: SyncRun,
  kind: Kind,
  keys: readonly string[],
): Promise<Map<string, Stored>> {
  run.deps.progress("resync: reading etcd");
  return await run.timed(kind, "etcdReadMs", () => readFenced(run.deps.etcd, run.term, keys));
}

/** Writes what differs; resolves to the rows of those keys that were right. */
export async function compareStored(
  run: SyncRun,
  index: CloudIndex,
  wants: readonly Desired[],
  asked: StoredValues = askStored(run, index, wants),
): Promise<ReadonlyMap<Desired, number>> {
  const right = new Map<Desired, number>();
  const kind = wants[0]?.kind;
  if (!kind) return right;
  const counts = run.kinds[kind];
  const keys = index.keys[kind];
  const { rows } = asked;
  const values = await asked.values;
  for (const [i, want] of wants.entries()) {
    const row = rows[i]!;
    const stored = values.get(want.key);
    counts.neutronItems++;
    if (row < 0 && want.subject.type === "port") {
      index.addKey(want.subject.id, want.key);
      keys.want(keys.index.find(want.key));
    }
    const from = run.deps.clock.monotonic();
    let change = await changeOf(run, index, want, stored);
    counts.compareMs += run.deps.clock.monotonic() - from;
    if (row >= 0 && change === null && isExpressed(want)) {
      keys.right(row, stored!.modRevision);
      right.set(want, row);
    } else if (row >= 0 && change === null) {
      keys.want(row); // it is translated each time, so that what it lacks is said each time
    } else if (row >= 0 && change !== null) {
      keys.want(row);
      // A value that is newer than its key was tells of a newer Neutron: the swap has to fail.
      change = { ...change, modRevision: keys.modRevision(row) };
    }
    await run.change(kind, change, stored);
    await run.breathe();
  }
  return right;
}
