/**
 * Stored against desired: the operation that makes one key equal. Pure. Metadata that exists is kept;
 * labels and annotations are replaced; a value that is no JSON counts as "exists, wrong"; only what
 * the syncer owns is deleted.
 *
 * @module
 */
import { isDeeper, parseJsonObject } from "../../base/json.ts";
import type { WriteOperation } from "../../etcd/fenced_write.ts";
import { type ResourceParts, withKept } from "../../calico/kept_facets.ts";
import { pythonJson } from "../../calico/python_json.ts";
import { sameJson } from "../../calico/same_json.ts";
import { type Kind, type Subject, subjectOf } from "./kinds.ts";
import type { Desired } from "./translate.ts";

/** A change of one key, with what it is about. */
export interface Change extends WriteOperation {
  readonly kind: Kind;
  readonly subject: Subject;
  readonly action: "create" | "update" | "delete";
  /** Floating addresses that the endpoint would not show any more. */
  readonly lostAddresses?: readonly string[];
}

/** What a key holds. */
export interface Stored {
  readonly value: Uint8Array;
  readonly modRevision: string;
}

/** What new objects are stamped with. */
export interface Stamps {
  readonly namespace: string;
  /** RFC 3339, UTC, whole seconds. */
  readonly creationTimestamp: string;
  newUid(): string;
}

type Json = Record<string, unknown>;
const decoder = new TextDecoder();
/** What is nested deeper no program in Go reads. Source: `maxNestingDepth` of encoding/json. */
const MAX_DEPTH = 10_000;

function textIn(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** What the key should hold, given what it holds. */
export function desiredValue(desired: Desired, stored: Json | null, stamps: Stamps): Json {
  if (desired.resource === null) return desired.plain!;
  const { keep = [] } = desired.resource;
  const resource = withKept(desired.resource, keep, stored);
  return withMetadata(resource, (stored?.metadata ?? {}) as Json, stamps);
}

/** A resource with what is kept of its metadata, or else stamped. */
function withMetadata(
  { kind, name, labels, annotations, spec }: ResourceParts,
  { labels: _labels, annotations: _annotations, ...kept }: Json,
  stamps: Stamps,
): Json {
  const metadata: Json = {
    ...kept,
    name,
    namespace: stamps.namespace,
    creationTimestamp: textIn(kept.creationTimestamp) ?? stamps.creationTimestamp,
    uid: textIn(kept.uid) ?? stamps.newUid(),
  };
  if (Object.keys(labels).length > 0) metadata.labels = labels;
  if (Object.keys(annotations).length > 0) metadata.annotations = annotations;
  return { kind, apiVersion: "projectcalico.org/v3", metadata, spec };
}

/** The metadata that begins a value as we write it. */
const OWN_METADATA =
  /^\{"kind":"[A-Za-z]+","apiVersion":"projectcalico\.org\/v3","metadata":\{"name":"[^"]*","namespace":"[^"]*","creationTimestamp":"([^"]*)","uid":"([^"]*)"/;

/** Whether the text is exactly what we would write: cheaper than parsing, and most often so. */
function isOwnText(text: string, want: Desired, stamps: Stamps): boolean {
  if (want.resource === null) return text === pythonJson(want.plain);
  const [, creationTimestamp, uid] = OWN_METADATA.exec(text) ?? [];
  if (uid === undefined) return false;
  const metadata = { name: "", namespace: "", creationTimestamp, uid };
  // Without what is kept of others: where there is some, the parts are compared.
  return text === JSON.stringify(withMetadata(want.resource, metadata, stamps));
}

/**
 * The change that makes the key hold what it should, or null when it does. `elsewhere`: what another key
 * holds for the same port, as when it has moved: a new key shows of that what is not known otherwise.
 */
export function compare(
  want: Desired,
  stored: Stored | undefined,
  stamps: Stamps,
  elsewhere?: Stored,
): Change | null {
  const { key, kind, subject, group } = want;
  if (!stored) {
    const other = elsewhere ? parseStored(decoder.decode(elsewhere.value)) : null;
    const target = desiredValue(
      want,
      other && { ...other, metadata: withoutStamps(other) },
      stamps,
    );
    const create = { key, kind, subject, group, modRevision: "0", action: "create" } as const;
    return { ...create, value: valueOf(want, target, stamps), ...lostBetween(kind, other, target) };
  }
  const text = decoder.decode(stored.value);
  if (isOwnText(text, want, stamps)) return null;
  const have = parseStored(text);
  const target = desiredValue(want, have, stamps);
  // A subnet's text counts, not only what it says.
  if (want.resource !== null && have !== null && sameJson(have, target)) return null;
  const { modRevision } = stored;
  const update = { key, kind, subject, group, modRevision, action: "update" } as const;
  return { ...update, value: valueOf(want, target, stamps), ...lostBetween(kind, have, target) };
}

/** What a key holds, or null where nobody can read it. */
function parseStored(text: string): Json | null {
  const value = parseJsonObject(text);
  const mayBeDeep = text.length > 2 * MAX_DEPTH; // each level is closed again
  return mayBeDeep && isDeeper(value, MAX_DEPTH) ? null : value;
}

/** What a new key takes from another one: what it shows, not what others have noted there. */
function withoutStamps({ metadata }: Json): Json {
  const { labels, annotations } = (metadata ?? {}) as Json;
  return { labels, annotations };
}

function lostBetween(kind: Kind, have: Json | null, target: Json): Pick<Change, "lostAddresses"> {
  if (kind !== "WorkloadEndpoint") return {};
  const shown = new Set(floatingAddresses(target));
  const lostAddresses = floatingAddresses(have).filter((address) => !shown.has(address));
  return lostAddresses.length > 0 ? { lostAddresses } : {};
}

function printed({ resource }: Desired, target: Json): string {
  return resource === null ? pythonJson(target) : JSON.stringify(target);
}

/** The target's text; without what it keeps of others when that is nested too deeply to be written again. */
function valueOf(want: Desired, target: Json, stamps: Stamps): string {
  try {
    return printed(want, target);
  } catch (error) {
    if (error instanceof RangeError) return printed(want, desiredValue(want, null, stamps));
    throw error;
  }
}

/** The floating IPs that an endpoint's value shows. */
function floatingAddresses(value: Json | null): string[] {
  const nats = (value?.spec as Json | null | undefined)?.ipNATs;
  if (!Array.isArray(nats)) return [];
  return nats.map((nat) => (nat as Json | null)?.externalIP)
    .filter((address) => typeof address === "string");
}

/**
 * The deletion of a key that stands for nothing any more, seen at that mod revision, or null when it is
 * not ours.
 */
export function removal(
  kind: Kind,
  prefix: string,
  key: string,
  modRevision: string,
): Change | null {
  const owner = subjectOf(kind, key.slice(prefix.length));
  if (!owner) return null;
  const { group, ...subject } = owner;
  return { key, kind, subject, group, value: null, modRevision, action: "delete" };
}
