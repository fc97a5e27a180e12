/**
 * What an earlier release wrote for a named region: it called the namespace `openstack-<region>`, which Felix
 * and the DHCP agent do not know, so that every endpoint would exist twice. A full resync removes an object of
 * it once its like is in the namespace of today, or what it stands for wants none or is certainly gone.
 *
 * @module
 */
import { earlierPrefixes, POLICY_NAME_PREFIX, resourcePrefixes } from "../../calico/keys.ts";
import { writeFenced, type WriteOperation } from "../../etcd/fenced_write.ts";
import { type KeyValue, readSnapshot } from "../../etcd/snapshot.ts";
import { COLLECTION_OF, subjectOf } from "../model/kinds.ts";
import { certainlyGone } from "./gone.ts";
import type { SyncRun } from "./sync_run.ts";

/** In the reverse of the order in which they appear. */
const KINDS = ["WorkloadEndpoint", "LiveMigration", "NetworkPolicy"] as const;
type Kind = typeof KINDS[number];

/** Removes it, at the end of a full resync; resolves to how many objects are gone. */
export async function removeEarlierNamespace(run: SyncRun): Promise<number> {
  const prefixes = earlierPrefixes(run.deps.region);
  if (!prefixes) return 0;
  let removed = 0;
  for (const kind of KINDS) {
    const items = await readKeys(run, kind, prefixes[kind]);
    if (items.length === 0) continue;
    const removable = await removableOf(run, kind, items);
    const operations = removable.map(({ key, modRevision }): WriteOperation => (
      { key, value: null, modRevision, group: "earlier" }
    ));
    const { etcd, progress } = run.deps;
    const conflicts = await writeFenced(etcd, run.term, operations, () => progress("writing"));
    removed += operations.length - conflicts.length;
  }
  return removed;
}

/** Keys of ours below a prefix. */
async function readKeys(run: SyncRun, kind: Kind, prefix: string): Promise<(KeyValue & Named)[]> {
  const { etcd, progress } = run.deps;
  const onPage = () => progress("reading etcd");
  const options = { keysOnly: true, signal: run.term.signal, onPage };
  const start = kind === "NetworkPolicy" ? prefix + POLICY_NAME_PREFIX : prefix;
  const { items } = await readSnapshot(etcd, start, options);
  return items.filter(({ notText }) => !notText).flatMap((item) => {
    const name = item.key.slice(prefix.length);
    const owner = subjectOf(kind, name);
    return owner ? [{ ...item, name, owner: owner.id }] : [];
  });
}

interface Named {
  readonly name: string;
  /** Id of the port or security group. */
  readonly owner: string;
}

async function removableOf<T extends Named>(
  run: SyncRun,
  kind: Kind,
  items: readonly T[],
): Promise<T[]> {
  const today = await readKeys(run, kind, resourcePrefixes(run.deps.region)[kind]);
  const names = new Set(today.map(({ name }) => name));
  const collection = COLLECTION_OF[kind];
  const revisions = run.index.revisions[collection];
  const known = ({ owner }: Named) => revisions.get(owner) !== undefined;
  // A port that was listed and has another key, or none, wants no such object; a policy is always wanted.
  const isUnwanted = (item: Named) =>
    names.has(item.name) || (collection === "ports" && known(item));
  const doubtful = items.filter((item) => !isUnwanted(item) && !known(item));
  const ids = new Set(doubtful.map(({ owner }) => owner));
  const doubt = { collection, held: items.length, listed: revisions.size, hidden: null };
  const gone = await certainlyGone(run, [...ids], doubt);
  return items.filter((item) => isUnwanted(item) || gone.has(item.owner));
}
