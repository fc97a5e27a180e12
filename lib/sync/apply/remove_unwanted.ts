/**
 * The end of a run: keys that nothing stands behind are deleted, as far as that is certain. A key whose object
 * was found and wants another one (a port that has moved) is certainly wrong; an object that was not found has
 * to be certainly gone (`gone.ts`).
 *
 * @module
 */
import type { Change } from "../model/compare.ts";
import { COLLECTION_OF, type Keyed, type Kind, KINDS } from "../model/kinds.ts";
import { deletable, type Fate } from "./gone.ts";
import type { Source } from "./source.ts";
import type { SyncRun } from "./sync_run.ts";

/** Keys whose values are in memory at a time. */
const CHUNK = 500;

/** Deletes what nothing stands behind, in the reverse order of KINDS. */
export async function removeUnwanted(run: SyncRun, source: Source): Promise<void> {
  const mayGo = new Map<Keyed, ReadonlySet<string>>();
  for (const collection of new Set(Object.values(COLLECTION_OF))) {
    mayGo.set(collection, await removable(run, source, collection));
  }
  for (const kind of KINDS.toReversed()) {
    const ids = mayGo.get(COLLECTION_OF[kind])!;
    if (ids.size === 0) continue;
    await removeKeys(run, source, kind, ids);
  }
}

/**
 * Ids of the collection's objects whose unwanted keys may go. When etcd is full and what was to be written is not,
 * these are ports that do not exist any more, on whose keys nothing else depends. A policy stays for endpoints that
 * still name it, and the old key of a port that has moved until the new one is there.
 */
async function removable(
  run: SyncRun,
  source: Source,
  collection: Keyed,
): Promise<ReadonlySet<string>> {
  const kinds = KINDS.filter((kind) => COLLECTION_OF[kind] === collection);
  const ids = new Set<string>();
  if (run.full && collection !== "ports") return ids;
  for (const kind of kinds) {
    for (const { subject } of source.keys.unwanted(kind)) ids.add(subject.id);
  }
  if (ids.size === 0) return ids;
  const unwanted: Record<Fate, string[]> = { moved: [], shrunk: [], missing: [] };
  for (const id of ids) {
    const fate = source.fate(collection, id);
    if (fate !== null) unwanted[fate].push(id);
  }
  // The loss is judged as a whole, whatever of it may go.
  const gone = await deletable(run, unwanted, {
    collection,
    held: Math.max(source.keys.count(kinds.at(-1)!), ids.size),
    listed: source.listed(collection),
    hidden: source.hidden(collection),
  });
  // Whatever looks for what is gone asks for them again.
  for (const id of unwanted.missing) if (!gone.has(id)) run.index.revisions[collection].lose(id);
  return run.full ? gone.intersection(new Set(unwanted.missing)) : gone;
}

/** Deletes the unwanted keys of these objects; resolves when the deletions have landed. */
async function removeKeys(
  run: SyncRun,
  source: Source,
  kind: Kind,
  ids: ReadonlySet<string>,
): Promise<void> {
  let some: Change[] = [];
  const remove = async () => {
    const values = await source.keys.readUnwanted(kind, some);
    for (const change of some) {
      await run.change(kind, change, values.get(change.key));
      await run.breathe();
    }
    await run.settle(kind);
    // Only now: should it fail, a later run has to know of the keys.
    for (const { subject, key } of some) {
      if (subject.type === "port") run.index.ports.dropKey(subject.id, key);
    }
    some = [];
  };
  for (const change of source.keys.unwanted(kind)) {
    if (!ids.has(change.subject.id)) continue;
    some.push(change);
    if (some.length === CHUNK) await remove();
  }
  if (some.length > 0) await remove();
}
