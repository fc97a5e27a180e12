/**
 * The end of a full resync: keys that nothing stands behind are deleted, as far as that is certain. A key
 * whose object was listed and wants another one (a port that has moved) is certainly wrong; an object that
 * was not listed has to be certainly gone (`gone.ts`).
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { resourcePrefixes } from "../calico/keys.ts";
import { removal, type Stored, subjectOf } from "./compare.ts";
import type { ForeignKey } from "./full_read.ts";
import { certainlyGone } from "./gone.ts";
import { COLLECTION_OF, whyHeld } from "./guard.ts";
import type { Followed, Memory } from "./memory.ts";
import { type Kind, KINDS, type Subject } from "./objects.ts";
import type { Pass } from "./pass.ts";

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
  read(kind: Kind, keys: readonly string[]): Promise<ReadonlyMap<string, Stored>>;
}

/** Deletes what nothing stands behind, in the reverse order of KINDS. */
export async function removeUnwanted(pass: Pass, memory: Memory, found: Found): Promise<void> {
  const deletable = new Map<Keyed, ReadonlySet<string>>();
  for (const collection of new Set(Object.values(COLLECTION_OF))) {
    deletable.set(collection, await deletableOf(pass, memory, collection, found));
  }
  for (const kind of KINDS.toReversed()) {
    const ids = deletable.get(COLLECTION_OF[kind])!;
    await removeKeys(pass, memory, kind, ids, found);
    await removeForeign(pass, kind, ids, found);
    await pass.settle(kind);
  }
}

/** Ids of objects whose unwanted keys may go. */
async function deletableOf(
  pass: Pass,
  memory: Memory,
  collection: Keyed,
  found: Found,
): Promise<ReadonlySet<string>> {
  const { moved, shrunk, missing, held } = unwantedObjects(pass, memory, collection, found);
  const listed = found.listed[collection];
  const lost = shrunk.length + missing.length;
  const loss = { held, listed, lost };
  const why = pass.options.allowDeletions ? null : whyHeld(loss, pass.deps.maxDeletions ?? null);
  if (why !== null) {
    pass.hold({ collection, why, held, lost, names: [...missing, ...shrunk] });
    return new Set(moved);
  }
  const hidden = found.hidden(collection);
  const gone = await certainlyGone(pass, memory, collection, missing, { held, listed, hidden });
  return new Set([...moved, ...shrunk, ...gone]);
}

/**
 * Objects with unwanted keys: `moved` ones were listed and want another key, `shrunk` ones were listed and
 * want none any more, `missing` ones were not listed.
 */
function unwantedObjects(pass: Pass, memory: Memory, collection: Keyed, found: Found) {
  const prefixes = resourcePrefixes(pass.deps.region);
  const ids = new Set<string>();
  let held = 0;
  for (const kind of KINDS.filter((kind) => COLLECTION_OF[kind] === collection)) {
    if (kind !== "LiveMigration") held = pass.kinds[kind].etcdItems;
    const { index } = memory.keys[kind];
    for (const row of memory.keys[kind].unwanted()) {
      const owner = subjectOf(kind, index.text(row).slice(prefixes[kind].length));
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
    if (memory.revisions[collection].get(id) === undefined) missing.push(id);
    else if (wantsKey(memory, collection, id, prefixes)) moved.push(id);
    else shrunk.push(id);
  }
  return { moved, shrunk, missing, held };
}

/** Whether some key stands rightly for the object. */
function wantsKey(
  memory: Memory,
  collection: Keyed,
  id: string,
  prefixes: ReturnType<typeof resourcePrefixes>,
): boolean {
  if (collection !== "ports") return false;
  for (const key of memory.keysOf(id)) {
    if (!key.startsWith(prefixes.WorkloadEndpoint)) continue;
    if (memory.keys.WorkloadEndpoint.isWanted(key)) return true;
  }
  return false;
}

async function removeKeys(
  pass: Pass,
  memory: Memory,
  kind: Kind,
  ids: ReadonlySet<string>,
  { read }: Found,
): Promise<void> {
  const prefix = resourcePrefixes(pass.deps.region)[kind];
  const keys = memory.keys[kind];
  const rows = [...keys.unwanted()];
  for (let at = 0; at < rows.length; at += CHUNK) {
    const changes = rows.slice(at, at + CHUNK).map((row) =>
      removal(kind, prefix, keys.index.text(row), keys.modRevision(row))
    ).filter((change) => change !== null && ids.has(change.subject.id)).map((change) => change!);
    const values = pass.sink.wantsDeleted
      ? await read(kind, changes.map(({ key }) => key))
      : new Map<string, Stored>();
    for (const change of changes) {
      await pass.change(kind, change, values.get(change.key));
      if (change.subject.type === "port") memory.dropKey(change.subject.id, change.key);
      await pass.breathe();
    }
  }
}

/** Keys that are no text: what they stand for has another key, or none. */
async function removeForeign(
  pass: Pass,
  kind: Kind,
  ids: ReadonlySet<string>,
  { foreign }: Found,
): Promise<void> {
  for (const { kind: itsKind, bytes, modRevision, owner } of foreign) {
    if (itsKind !== kind) continue;
    const key = shown(bytes);
    if (owner === null) {
      pass.leave("bad-key", COLLECTION_OF[kind], `${key}: nobody's that is known`);
    } else if (ids.has(owner.id)) {
      await pass.change(kind, deletion(kind, owner, key, bytes, modRevision), undefined);
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
