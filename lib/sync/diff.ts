/**
 * Stored against desired: the operations that make them equal. Pure. Metadata that exists is kept;
 * labels and annotations are replaced; a value that is no JSON counts as "exists, wrong"; only what
 * the syncer owns is deleted.
 *
 * @module
 */
import { hostOfEndpointName, POLICY_NAME_PREFIX } from "../calico/keys.ts";
import type { WriteOperation } from "../etcd/fenced_write.ts";
import type { KeyValue } from "../etcd/snapshot.ts";
import type { Desired, Kind } from "./desired.ts";

/** What it takes to make one kind equal. */
export interface Difference {
  readonly create: WriteOperation[];
  readonly update: WriteOperation[];
  readonly remove: WriteOperation[];
  readonly correct: number;
}

/** What new objects are stamped with. */
export interface Stamps {
  readonly namespace: string;
  /** RFC 3339, UTC, whole seconds. */
  readonly creationTimestamp: string;
  newUid(): string;
}

/** The same text for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1));
  });
}

type Json = Record<string, unknown>;

/** A JSON object, or null. */
function parseObject(text: string): Json | null {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** What the key should hold, given what it holds. */
export function desiredValue(desired: Desired, stored: Json | null, stamps: Stamps): Json {
  if (desired.resource === null) return desired.plain!;
  const { kind, name, labels, annotations, spec } = desired.resource;
  const kept = (stored?.metadata ?? {}) as Json;
  const metadata: Json = {
    ...kept,
    name,
    namespace: stamps.namespace,
    creationTimestamp: kept.creationTimestamp ?? stamps.creationTimestamp,
    uid: kept.uid ?? stamps.newUid(),
  };
  delete metadata.labels;
  delete metadata.annotations;
  if (Object.keys(labels).length > 0) metadata.labels = labels;
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  return { kind, apiVersion: "projectcalico.org/v3", metadata, spec };
}

function isOwned(kind: Kind, name: string): boolean {
  switch (kind) {
    case "NetworkPolicy":
      return name.startsWith(POLICY_NAME_PREFIX);
    case "WorkloadEndpoint":
    case "LiveMigration":
      return hostOfEndpointName(name) !== null;
    case "Subnet":
      return true;
  }
}

/** The operations for one kind. `keep` holds ids of records that could not be read: never deleted. */
export function diff(
  kind: Kind,
  prefix: string,
  desired: ReadonlyMap<string, Desired>,
  stored: readonly KeyValue[],
  stamps: Stamps,
  keep: readonly string[] = [],
): Difference {
  const result: Difference & { correct: number } = {
    create: [],
    update: [],
    remove: [],
    correct: 0,
  };
  const seen = new Set<string>();
  const kept = keep.flatMap((id) => [id, id.replaceAll("-", "--")]);
  for (const { key, value, modRevision } of stored) {
    seen.add(key);
    const want = desired.get(key);
    const name = key.slice(prefix.length);
    if (!want) {
      if (!isOwned(kind, name) || kept.some((id) => name.includes(id))) continue;
      const group = hostOfEndpointName(name) ?? (kind === "Subnet" ? "subnets" : "");
      result.remove.push({ key, value: null, modRevision, group });
      continue;
    }
    const have = parseObject(value.toString());
    const target = desiredValue(want, have, stamps);
    if (have !== null && canonical(have) === canonical(target)) result.correct++;
    else {
      result.update.push({ key, value: JSON.stringify(target), modRevision, group: want.group });
    }
  }
  for (const want of desired.values()) {
    if (seen.has(want.key)) continue;
    const value = JSON.stringify(desiredValue(want, null, stamps));
    result.create.push({ key: want.key, value, modRevision: "0", group: want.group });
  }
  return result;
}
