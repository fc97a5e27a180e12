/**
 * Some objects, made equal: their keys are read from etcd first, then the objects from Neutron, by id,
 * then the differences are written. The narrow resync, the incremental one, what Neutron announces and
 * the retry of a failed swap are all this.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../../calico/keys.ts";
import { readFenced } from "../../etcd/fenced_write.ts";
import { portSchema, securityGroupSchema, subnetSchema } from "../../openstack/records.ts";
import { changeOf, translated } from "../apply/change_of.ts";
import { type Change, removal, type Stored } from "../model/compare.ts";
import { confirmFloatingLosses } from "../apply/floating_losses.ts";
import { deletable } from "../apply/gone.ts";
import { COLLECTION_OF } from "../apply/guard.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { type Desired, type Kind, KINDS, type Subject, Translator } from "../model/translate.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { readAddressGroups, readFresh, readMissing } from "./read_related.ts";
import { emptyScope, newWork, type Scope } from "../index/backlog.ts";

/** Fields of ports that are read. */
export const PORT_FIELDS: readonly string[] = Object.keys(portSchema.shape);

const RETRIES = 5;
/** Neutron's names of a scope's collections. */
const NAMES = { ports: "ports", groups: "security-groups", subnets: "subnets" } as const;

/** How objects are looked at. */
export interface ReconcileOptions {
  /**
   * What endpoints show of other objects is read as well, rather than remembered, which is right as
   * long as somebody follows the changes of those.
   *
   * @default true
   */
  readonly fresh?: boolean;
}

/**
 * Makes the objects equal; a swap that fails is tried again alone, from fresh data, 5 times. What could
 * not be done is owed by the index.
 */
export async function reconcile(
  run: SyncRun,
  index: CloudIndex,
  scope: Scope,
  options: ReconcileOptions = {},
): Promise<void> {
  try {
    await once(run, index, scope, options);
    await retryConflicts(run, index);
    const ports = await confirmFloatingLosses(run, index, null);
    if (ports.size === 0) return;
    await once(run, index, { ...emptyScope(), ports: new Set(ports) }, { fresh: true });
    await retryConflicts(run, index);
    run.doubtfulAddresses.clear(); // of these it is accounted for
  } catch (error) {
    index.addToBacklog(newWork(scope));
    throw error;
  }
}

/** Tries what failed again, each time from fresh data. */
export async function retryConflicts(run: SyncRun, index: CloudIndex): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const conflicts = run.conflicts();
    if (conflicts.length === 0) return;
    const scope = emptyScope();
    for (const { subject, key } of conflicts) {
      if (subject.type === "port") index.addKey(subject.id, key);
      addSubject(scope, subject);
    }
    if (attempt > RETRIES) {
      index.addToBacklog(newWork(scope));
      const some = conflicts.slice(0, 3).map(({ key }) => key).join(", ");
      run.warn(
        `${conflicts.length} objects change all the time, left to the next resync: ${some}`,
      );
      return;
    }
    await once(run, index, scope, { fresh: true });
  }
}

function addSubject(scope: Scope, { type, id }: Subject): void {
  if (type === "port") scope.ports.add(id);
  else if (type === "group") scope.groups.add(id);
  else scope.subnets.add(id);
}

async function once(
  run: SyncRun,
  index: CloudIndex,
  scope: Scope,
  options: ReconcileOptions,
): Promise<void> {
  const { deps, term } = run;
  const keys = keysOf(run, index, scope);
  deps.progress("resync: reading etcd");
  const stored = await run.timed(
    "WorkloadEndpoint",
    "etcdReadMs",
    () => readFenced(deps.etcd, term, [...keys.keys()]),
  );
  for (const [key, kind] of keys) if (stored.has(key)) run.kinds[kind].etcdItems++;
  deps.progress("resync: reading Neutron");
  const neutron = await run.timed(
    "WorkloadEndpoint",
    "neutronReadMs",
    () => readWanted(run, index, scope, options),
  );
  await writeWanted(run, index, neutron.wanted, stored);
  await removeUnwanted(run, index, keys, stored, neutron);
}

/** The keys that etcd may hold for the objects. */
function keysOf({ deps }: SyncRun, index: CloudIndex, scope: Scope): Map<string, Kind> {
  const prefixes = resourcePrefixes(deps.region);
  const keys = new Map<string, Kind>();
  for (const id of scope.groups) {
    keys.set(policyOrSubnetKey(prefixes, "NetworkPolicy", id), "NetworkPolicy");
  }
  for (const id of scope.subnets) keys.set(policyOrSubnetKey(prefixes, "Subnet", id), "Subnet");
  for (const id of scope.ports) {
    for (const key of index.keysOf(id)) {
      const migration = key.startsWith(prefixes.LiveMigration);
      keys.set(key, migration ? "LiveMigration" : "WorkloadEndpoint");
    }
  }
  return keys;
}

/** What Neutron has of the objects of a scope. */
interface Wanted {
  readonly wanted: readonly Desired[];
  /** Ids of records that could not be understood: what they stand for stays. */
  readonly keep: ReadonlySet<string>;
  /** Ids of the objects that were found. */
  readonly found: ReadonlySet<string>;
}

async function readWanted(
  run: SyncRun,
  index: CloudIndex,
  scope: Scope,
  { fresh = true }: ReconcileOptions,
): Promise<Wanted> {
  const { neutron, region, qos, pairNetworks } = run.deps;
  const { signal } = run.term;
  const [groups, subnets, ports] = await Promise.all([
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", [...scope.groups]),
    neutron.listBy("subnets", subnetSchema, signal, "id", [...scope.subnets]),
    neutron.listBy("ports", portSchema, signal, "id", [...scope.ports], PORT_FIELDS),
  ]);
  const keep = new Set<string>();
  for (const [collection, { refused }] of Object.entries({ groups, subnets, ports })) {
    for (const { id, why } of refused) {
      keep.add(id);
      run.leave("not-understood", NAMES[collection as keyof Scope], id ? `${id}: ${why}` : why);
    }
  }
  const found = new Set([...groups.items, ...subnets.items, ...ports.items].map(({ id }) => id));
  for (const id of scope.ports) if (!found.has(id) && !keep.has(id)) index.forgetPort(id);
  for (const port of ports.items) index.port(port);
  index.related.unavailable = neutron.extensions.unavailable;
  // A group or subnet that nobody has told of yet gets its own object too.
  const news = fresh
    ? await readFresh(run, index, ports.items)
    : await readMissing(run, index, ports.items, scope);
  await readAddressGroups(run, index, [...groups.items, ...news.groups], fresh);
  const translator = new Translator(region, { qos, pairNetworks });
  const wants = <T extends { id: string }>(
    kind: Kind,
    objects: readonly T[],
    translate: (object: T) => Desired[],
  ) =>
    objects.flatMap((object) => {
      const wanted = translated(run, kind, object.id, () => translate(object));
      if (wanted === null) keep.add(object.id);
      return wanted ?? [];
    });
  const wanted = [
    ...wants("NetworkPolicy", [...groups.items, ...news.groups], (it) => [
      translator.group(it, index.related.addressGroups),
    ]),
    ...wants("WorkloadEndpoint", ports.items, (it) => translator.port(it, index.related)),
    ...wants("Subnet", [...subnets.items, ...news.subnets], (it) => translator.subnets(it)),
  ];
  return { wanted, keep, found };
}

/** Writes what differs, in the order of KINDS. */
async function writeWanted(
  run: SyncRun,
  index: CloudIndex,
  wanted: readonly Desired[],
  stored: ReadonlyMap<string, Stored>,
): Promise<void> {
  for (const { kind } of wanted) run.kinds[kind].neutronItems++;
  for (const kind of KINDS) {
    for (const want of wanted) {
      if (want.kind !== kind) continue;
      const have = stored.get(want.key);
      if (want.subject.type === "port") index.addKey(want.subject.id, want.key);
      await run.change(kind, await changeOf(run, index, want, have), have);
      await run.breathe();
    }
    await run.settle(kind);
  }
}

/** Deletes what nothing stands behind, as far as that is certain, in the reverse order of KINDS. */
async function removeUnwanted(
  run: SyncRun,
  index: CloudIndex,
  keys: ReadonlyMap<string, Kind>,
  stored: ReadonlyMap<string, Stored>,
  { wanted, keep, found }: Wanted,
): Promise<void> {
  const prefixes = resourcePrefixes(run.deps.region);
  const right = new Set(wanted.map(({ key }) => key));
  const removals: Change[] = [];
  for (const [key, { modRevision }] of stored) {
    const kind = keys.get(key)!;
    const change = right.has(key) ? null : removal(kind, prefixes[kind], key, modRevision);
    if (change && !keep.has(change.subject.id)) removals.push(change);
  }
  if (removals.length === 0) return;
  const alive = new Set(wanted.map(({ subject }) => subject.id));
  const mayGo = new Set<string>();
  for (const collection of new Set(removals.map(({ kind }) => COLLECTION_OF[kind]))) {
    const of = removals.filter(({ kind }) => COLLECTION_OF[kind] === collection);
    const ids = [...new Set(of.map(({ subject }) => subject.id))];
    const unwanted = {
      moved: ids.filter((id) => alive.has(id)),
      shrunk: ids.filter((id) => found.has(id) && !alive.has(id)),
      missing: ids.filter((id) => !found.has(id)),
    };
    const kind = KINDS.findLast((kind) => COLLECTION_OF[kind] === collection)!;
    const held = Math.max(index.keyCount(kind), ids.length);
    const doubt = { held, listed: null, hidden: null };
    for (const id of await deletable(run, index, collection, unwanted, doubt)) mayGo.add(id);
  }
  for (const kind of KINDS.toReversed()) {
    for (const change of removals) {
      if (change.kind !== kind || !mayGo.has(change.subject.id)) continue;
      await run.change(kind, change, stored.get(change.key));
      index.dropKey(change.subject.id, change.key);
    }
    await run.settle(kind);
  }
}
