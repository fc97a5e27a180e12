/**
 * What etcd should hold of some objects and what it holds, found by a run that writes nothing: the same code
 * as that of every resync, so that what is told here is what a resync would do.
 *
 * @module
 */
import { resourcePrefixes } from "../calico/keys.ts";
import { parseJsonObject } from "../base/json.ts";
import { apply } from "../sync/apply/apply.ts";
import { jsonChanges, readValue } from "../sync/apply/json_changes.ts";
import { NoSink } from "../sync/apply/sink.ts";
import { type ResyncDeps, SyncRun } from "../sync/apply/sync_run.ts";
import type { Scope } from "../sync/index/backlog.ts";
import { CloudIndex } from "../sync/index/cloud_index.ts";
import type { Change, Stored } from "../sync/model/compare.ts";
import {
  COLLECTION_OF,
  type Kind,
  KIND_TABLE,
  KINDS,
  type Subject,
  subjectOf,
} from "../sync/model/kinds.ts";
import type { Desired } from "../sync/model/translate.ts";
import { NamedSource } from "../sync/sources/named.ts";
import type { Term } from "../role/master_context.ts";
import type { PortKey } from "./find_keys.ts";
import type { TracedObject } from "./trace.ts";

/** What is compared, and the keys of these ports that etcd is known to have. */
export interface Compared {
  readonly scope: Scope;
  readonly keys: readonly PortKey[];
}

/** What came of it. */
export interface Comparison {
  readonly objects: TracedObject[];
  readonly run: SyncRun;
  /** Ids of what Neutron wants in etcd. */
  readonly wanted: ReadonlySet<string>;
}

const decoder = new TextDecoder();

/**
 * Compares; what differs is compared once more, as a change that was under way has landed by then.
 *
 * @throws Neutron or etcd does not answer.
 */
export async function compareObjects(
  deps: ResyncDeps,
  term: Term,
  { scope, keys }: Compared,
): Promise<Comparison> {
  const own = keys.filter(({ isOwn }) => isOwn);
  const first = await compareOnce(deps, term, scope, own);
  if (first.objects.every(({ action }) => action === null)) return first;
  // Keys that Neutron wants are looked for in etcd too, where the search for names has not found them.
  const wanted = first.objects.filter(({ subject }) => subject.type === "port")
    .map(({ key, subject }) => ({ key, port: subject.id }));
  return await compareOnce(deps, term, scope, [...own, ...wanted]);
}

async function compareOnce(
  deps: ResyncDeps,
  term: Term,
  scope: Scope,
  keys: readonly Pick<PortKey, "port" | "key">[],
): Promise<Comparison> {
  // Each time another one: a run notes what it would have done.
  const index = new CloudIndex(deps.region);
  try {
    for (const { key, port } of keys) index.addKey(port, key);
    return await compareWith(index, deps, term, scope);
  } finally {
    index.close();
  }
}

async function compareWith(
  index: CloudIndex,
  deps: ResyncDeps,
  term: Term,
  scope: Scope,
): Promise<Comparison> {
  const sink = new TraceSink();
  const run = new SyncRun(deps, term, index, { sink });
  const copy = {
    ports: new Set(scope.ports),
    groups: new Set(scope.groups),
    subnets: new Set(scope.subnets),
  };
  const source = new TracedSource(run, copy, true);
  await apply(run, source);
  const stored = await source.keys.read();
  const { wants } = source;
  const objects = [...new Set([...wants.keys(), ...stored.keys(), ...sink.changes.keys()])]
    .flatMap((key) => {
      const keyed = keyedOf(key, deps.region, wants.get(key));
      if (!keyed) return [];
      const isUnderstood = source.fate(COLLECTION_OF[keyed.kind], keyed.subject.id) !== null;
      const change = sink.changes.get(key) ?? null;
      const isWanted = wants.has(key);
      return objectOf({ ...keyed, key, isWanted, isUnderstood, change }, stored.get(key));
    });
  const wanted = new Set([...wants.values()].map(({ subject }) => subject.id));
  objects.sort((a, b) => KINDS.indexOf(a.kind as Kind) - KINDS.indexOf(b.kind as Kind));
  return { objects, run, wanted };
}

/** Notes what a source wants. */
class TracedSource extends NamedSource {
  readonly wants = new Map<string, Desired>();

  override async *batches(): AsyncGenerator<readonly Desired[]> {
    for await (const batch of super.batches()) {
      for (const want of batch) this.wants.set(want.key, want);
      yield batch;
    }
  }
}

/** Notes the changes that a resync would make. */
class TraceSink extends NoSink {
  readonly changes = new Map<string, Change>();

  override add(change: Change): null {
    this.changes.set(change.key, change);
    return null;
  }
}

/** What a key stands for; null: nothing of ours. */
function keyedOf(key: string, region: string | null, want: Desired | undefined) {
  const prefixes = resourcePrefixes(region);
  const kind = KINDS.find((kind) => key.startsWith(prefixes[kind]));
  const subject = want?.subject ?? (kind && subjectOf(kind, key.slice(prefixes[kind].length)));
  return kind && subject ? { kind, subject } : null;
}

/** A key with what the run has found of it. */
interface Found {
  readonly key: string;
  readonly kind: Kind;
  readonly subject: Pick<Subject, "id">;
  readonly isWanted: boolean;
  /** What Neutron says of its object could be read. */
  readonly isUnderstood: boolean;
  readonly change: Change | null;
}

function objectOf(
  { key, kind, subject, isWanted, isUnderstood, change }: Found,
  stored: Stored | undefined,
): TracedObject {
  const before = stored ? decoder.decode(stored.value) : null;
  const after = change ? change.value : isWanted || !isUnderstood ? before : null;
  const isHeld = change === null && after === null && before !== null;
  const { changes, more } = change?.action === "update"
    ? jsonChanges(before, after)
    : { changes: [], more: 0 };
  return {
    kind,
    key,
    subject: { type: KIND_TABLE[kind].subject, id: subject.id },
    wanted: after === null ? null : shownValue(after),
    stored: before === null ? null : shownValue(before),
    modRevision: stored?.modRevision ?? null,
    action: change?.action ?? (isHeld ? "delete" : null),
    isHeld,
    changes,
    moreChanges: more,
  };
}

/** Longest value that is shown whole, characters of its JSON. */
const MAX_VALUE_CHARS = 20_000;

/** The value; the beginning of its text when it is no object, or longer than anybody reads. */
function shownValue(text: string): unknown {
  const value = readValue(text);
  return text.length <= MAX_VALUE_CHARS && parseJsonObject(text) !== null
    ? value
    : text.slice(0, MAX_VALUE_CHARS / 10);
}
