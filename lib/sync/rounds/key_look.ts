/**
 * One look through all keys in etcd, without their values: keys that no object known to Neutron explains were
 * written by others, or are left over. Their owners are looked at by name.
 *
 * @module
 */
import type { SyncRun } from "../apply/sync_run.ts";
import { COLLECTION_OF, type Kind } from "../model/kinds.ts";
import { readAllKeys } from "../sources/all_keys.ts";
import type { Changed } from "../sources/changes.ts";
import { unknownKey } from "../sources/seen_keys.ts";

/** More of them than this are no slips but another etcd: that is a full resync's work. */
const MAX_FOREIGN = 5000;

/**
 * Adds the owners of such keys; true: there is what only a full resync can deal with, such as very many of
 * them, or keys that are no text.
 */
export async function lookThroughKeys(run: SyncRun, changed: Changed): Promise<boolean> {
  const { index } = run;
  let needsFull = false;
  let foreign = 0;
  let seen = new Set<number>();
  await readAllKeys(run, {
    found(kind, { key, notText, modRevision, owner }) {
      if (!owner) { // somebody else's
        if (notText) run.leave("bad-key", COLLECTION_OF[kind], unknownKey(notText));
        return;
      }
      if (notText) {
        needsFull = true;
        return;
      }
      if (!isKnown(run, kind, key, owner.id) && foreign++ < MAX_FOREIGN) {
        if (owner.type === "port") index.addKey(owner.id, key);
        changed[COLLECTION_OF[kind]].add(owner.id);
      }
      if (!isCounted(kind)) return;
      const keys = index.keys[kind];
      const row = keys.find(key);
      seen.add(row >= 0 ? row : keys.seen(key, modRevision));
    },
    ended(kind) {
      if (isCounted(kind)) forgetOthers(run, kind, seen);
      seen = new Set();
    },
  });
  return needsFull || foreign > MAX_FOREIGN;
}

/** Whether something that is known stands behind the key; whether the value is right is another question. */
function isKnown({ index }: SyncRun, kind: Kind, key: string, owner: string): boolean {
  const collection = COLLECTION_OF[kind];
  if (index.revisions[collection].get(owner) === undefined) return false;
  if (collection !== "ports") return true;
  for (const of of index.keysOf(owner)) if (of === key) return true;
  return false;
}

/** How many keys of a kind there are, which guards ask, is only known from such a look; those of ports are followed. */
function isCounted(kind: Kind): boolean {
  return COLLECTION_OF[kind] !== "ports";
}

function forgetOthers({ index }: SyncRun, kind: Kind, seen: ReadonlySet<number>): void {
  const table = index.keys[kind].index;
  for (const row of [...table.rows()]) if (!seen.has(row)) table.remove(row);
}
