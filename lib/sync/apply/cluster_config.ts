/**
 * Felix's cluster-wide configuration, which is only ever added to, and the removal of legacy data, at the
 * end of a full resync (data model). Every write is under the mod revision that was read and the fence.
 *
 * @module
 */
import {
  electionKey,
  LEGACY_SUBNET_PREFIX,
  POLICY_NAME_PREFIX,
  resourcePrefixes,
} from "../../calico/keys.ts";
import { parseJsonObject } from "../../base/json.ts";
import { writeFenced } from "../../etcd/fenced_write.ts";
import { type KeyValue, readSnapshot } from "../../etcd/snapshot.ts";
import { CLUSTER_OBJECTS, type ClusterObject, completed } from "./cluster_objects.ts";
import { removeEarlierNamespace } from "./earlier_namespace.ts";
import type { SyncRun } from "./sync_run.ts";

type Json = Record<string, unknown>;

const ATTEMPTS = 5;
const RETRY_MS = 1000;

/** Completes a full resync that writes: configuration, and what earlier releases left; each is said. */
export async function completeCluster(run: SyncRun): Promise<void> {
  run.deps.progress("cluster configuration");
  for (const object of CLUSTER_OBJECTS) await ensure(run, object);
  await removeLegacy(run);
  const earlier = await removeEarlierNamespace(run);
  if (earlier > 0) run.warn(`${earlier} objects of the region's earlier namespace removed`);
}

/** Brings one of them up to date; a conflict is read again after a second. */
async function ensure(run: SyncRun, object: ClusterObject): Promise<void> {
  const { deps: { etcd, clock }, term } = run;
  const { key } = object;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { kvs } = await etcd.get(key).exec();
    const now = new Date(clock.now()).toISOString().replace(/\.\d+Z$/, "Z");
    let value: string | null;
    try {
      value = completed(object, kvs[0]?.value.toString() ?? "", now);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return run.warn(`${key} is nested too deeply to be completed: it stays as it is`);
    }
    if (value === null) return;
    const modRevision = kvs[0]?.mod_revision ?? "0";
    const conflicts = await writeFenced(etcd, term, [{ key, value, modRevision, group: "" }]);
    if (conflicts.length === 0) return;
    await clock.sleep(RETRY_MS, term.signal);
  }
  throw new Error(`${key} changes all the time: it could not be brought up to date`);
}

/** An unnamed region in which something is newer than this is taken to be alive, ms. */
const ALIVE_MS = 24 * 60 * 60 * 1000;

/**
 * Deletes the legacy subnets and, when a region is set, what an unnamed region left behind. Two regions may
 * share one etcd, one of them unnamed: its objects go only when nobody leads it and nothing in it is newer
 * than a day.
 */
async function removeLegacy(run: SyncRun): Promise<void> {
  const { deps, term } = run;
  const { etcd, region } = deps;
  const beat = () => deps.progress("cluster configuration");
  const read = async (prefix: string) =>
    (await readSnapshot(etcd, prefix, { signal: term.signal, onPage: beat })).items;
  const old = [...await read(LEGACY_SUBNET_PREFIX)];
  const prefixes = resourcePrefixes(null);
  const unnamed = region === null ? [] : [
    ...await read(prefixes.WorkloadEndpoint),
    ...await read(prefixes.NetworkPolicy + POLICY_NAME_PREFIX),
  ];
  const kept = unnamed.length === 0 ? null : await whyAlive(run, unnamed);
  if (kept === null) old.push(...unnamed);
  const operations = old.map(({ key, notText, modRevision }) => (
    { key, keyBytes: notText, value: null, modRevision, group: "legacy" }
  ));
  await writeFenced(etcd, term, operations, beat);
  if (old.length > 0) run.warn(`${old.length} legacy objects removed`);
  if (kept !== null) run.warn(kept);
}

async function whyAlive({ deps }: SyncRun, items: readonly KeyValue[]): Promise<string | null> {
  const objects = `${items.length} objects of the region without a name stay`;
  const leader = (await deps.etcd.get(electionKey(null)).exec()).kvs[0];
  if (leader) return `${objects}: ${leader.value.toString().slice(0, 80)} leads it`;
  const isNew = ({ value }: KeyValue) => {
    const metadata = parseJsonObject(value.toString())?.metadata as Json | null | undefined;
    const created = metadata?.creationTimestamp;
    return typeof created !== "string" || !(deps.clock.now() - Date.parse(created) > ALIVE_MS);
  };
  return items.some(isNew) ? `${objects}: some are not known to be older than a day` : null;
}
