/**
 * The end of a full resync: keys that nothing stands behind are deleted, as far as that is certain. A key
 * whose object was listed and wants another one (a port that has moved) is certainly wrong; an object that
 * was not listed has to be certainly gone (`gone.ts`).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { resourcePrefixes } from "../../calico/keys.ts";
import { removal, type Stored, subjectOf } from "../model/compare.ts";
import { readStored } from "./compare_stored.ts";
import type { ForeignKey } from "../sources/full_read.ts";
import { deletable, type Unwanted } from "./gone.ts";
import { COLLECTION_OF } from "./guard.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { Followed } from "../model/collections.ts";
import { type Kind, KINDS, type Subject } from "../model/translate.ts";
import type { SyncRun } from "./sync_run.ts";

const CHUNK = 500;

/** Collections with keys of their own. */
type Keyed = typeof COLLECTION_OF[Kind];

/** What the resync has found out. */
export interface Found {
  /** Keys that are no text. */
  readonly foreign: readonly ForeignKey[];
  /** Ids of records that were not understood. */
  readonly refused: ReadonlySet<string>;
  /** Objects that Neutron listed. */
  readonly listed: Readonly<Record<Keyed, number>>;
  hidden(collection: Followed): ReadonlySet<string>;
}

/** Deletes what nothing stands behind, in the reverse order of KINDS. */
export async function removeUnwanted(run: SyncRun, index: CloudIndex, found: Found): Promise<void> {
  const mayGo = new Map<Keyed, ReadonlySet<string>>();
  for (const collection of new Set(Object.values(COLLECTION_OF))) {
    const { held, ...unwanted } = unwantedObjects(run, index, collection, found);
    const listed = found.listed[collection];
    const doubt = { held, listed, hidden: found.hidden(collection) };
    mayGo.set(collection, await deletable(run, index, collection, unwanted, doubt));
  }
  for (const kind of KINDS.toReversed()) {
    const ids = mayGo.get(COLLECTION_OF[kind])!;
    await removeKeys(run, index, kind, ids);
    await removeForeign(run, kind, ids, found);
    await run.settle(kind);
  }
}

/** Objects with unwanted keys, and how many etcd holds in all. */
function unwantedObjects(
  run: SyncRun,
  index: CloudIndex,
  collection: Keyed,
  found: Found,
): Unwanted & { readonly held: number } {
  const prefixes = resourcePrefixes(run.deps.region);
  const ids = new Set<string>();
  let held = 0;
  for (const kind of KINDS.filter((kind) => COLLECTION_OF[kind] === collection)) {
    if (kind !== "LiveMigration") held = run.kinds[kind].etcdItems;
    const { index: keys } = index.keys[kind];
    for (const row of index.keys[kind].unwanted()) {
      const owner = subjectOf(kind, keys.text(row).slice(prefixes[kind].length));
      if (owner) ids.add(owner.id);
    }
  }
  for (const { kind, owner } of found.foreign) {
    if (owner && COLLECTION_OF[kind] === collection) ids.add(owner.id);
  }
  const moved: string[] = [];
  const shrunk: string[] = [];
  const missing: string[] = [];
  for (const id of ids) {
    if (found.refused.has(id)) continue;
    if (index.revisions[collection].get(id) === undefined) missing.push(id);
    else if (wantsKey(index, collection, id, prefixes)) moved.push(id);
    else shrunk.push(id);
  }
  return { moved, shrunk, missing, held };
}

/** Whether some key stands rightly for the object. */
function wantsKey(
  index: CloudIndex,
  collection: Keyed,
  id: string,
  prefixes: ReturnType<typeof resourcePrefixes>,
): boolean {
  if (collection !== "ports") return false;
  for (const key of index.keysOf(id)) {
    if (!key.startsWith(prefixes.WorkloadEndpoint)) continue;
    if (index.keys.WorkloadEndpoint.isWanted(key)) return true;
  }
  return false;
}

async function removeKeys(
  run: SyncRun,
  index: CloudIndex,
  kind: Kind,
  ids: ReadonlySet<string>,
): Promise<void> {
  const prefix = resourcePrefixes(run.deps.region)[kind];
  const keys = index.keys[kind];
  const rows = [...keys.unwanted()];
  for (let at = 0; at < rows.length; at += CHUNK) {
    const changes = rows.slice(at, at + CHUNK).map((row) =>
      removal(kind, prefix, keys.index.text(row), keys.modRevision(row))
    ).filter((change) => change !== null && ids.has(change.subject.id)).map((change) => change!);
    const values = run.sink.wantsDeleted
      ? await readStored(run, kind, changes.map(({ key }) => key))
      : new Map<string, Stored>();
    for (const change of changes) {
      await run.change(kind, change, values.get(change.key));
      if (change.subject.type === "port") index.dropKey(change.subject.id, change.key);
      await run.breathe();
    }
  }
}

/** Keys that are no text: what they stand for has another key, or none. */
async function removeForeign(
  run: SyncRun,
  kind: Kind,
  ids: ReadonlySet<string>,
  { foreign }: Found,
): Promise<void> {
  for (const { kind: itsKind, bytes, modRevision, owner } of foreign) {
    if (itsKind !== kind) continue;
    const key = shown(bytes);
    if (owner === null) {
      run.leave("bad-key", COLLECTION_OF[kind], `${key}: nobody's that is known`);
    } else if (ids.has(owner.id)) {
      await run.change(kind, deletion(kind, owner, key, bytes, modRevision), undefined);
    }
  }
}

function deletion(
  kind: Kind,
  subject: Subject,
  key: string,
  keyBytes: Buffer,
  modRevision: string,
) {
  const action = "delete" as const;
  return { kind, subject, key, keyBytes, modRevision, action, value: null, group: "" };
}

/** A key for people: bytes that are no ASCII as \xNN. */
function shown(bytes: Buffer): string {
  return bytes.toString("latin1").replaceAll(
    /[^\x20-\x7e]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
