/**
 * Some objects, made equal: their keys are read from etcd first, then the objects from Neutron, by id,
 * then the differences are written. The narrow resync, the incremental one, what Neutron announces and
 * the retry of a failed swap are all this.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../calico/keys.ts";
import { readFenced } from "../etcd/fenced_write.ts";
import { portSchema, securityGroupSchema, subnetSchema } from "../openstack/records.ts";
import { changeOf, translated } from "./apply.ts";
import { type Change, removal, type Stored } from "./compare.ts";
import { confirmFloatingLosses } from "./floating_losses.ts";
import { certainlyGone } from "./gone.ts";
import { COLLECTION_OF, whyHeld } from "./guard.ts";
import type { Memory } from "./memory.ts";
import { type Desired, type Kind, KINDS, type Subject, Translator } from "./objects.ts";
import type { Pass } from "./pass.ts";
import { readAddressGroups, readFresh, readMissing } from "./read_around.ts";
import { newWork } from "./work.ts";

/** Ids of the objects to look at. */
export interface Scope {
  readonly ports: Set<string>;
  readonly groups: Set<string>;
  readonly subnets: Set<string>;
}

/** Nothing yet. */
export function emptyScope(): Scope {
  return { ports: new Set(), groups: new Set(), subnets: new Set() };
}

/** Fields of ports that are read. */
export const PORT_FIELDS: readonly string[] = Object.keys(portSchema.shape);

const RETRIES = 5;
/** Neutron's names of a scope's collections. */
const NAMES = { ports: "ports", groups: "security-groups", subnets: "subnets" } as const;

/** How many objects. */
export function sizeOf({ ports, groups, subnets }: Scope): number {
  return ports.size + groups.size + subnets.size;
}

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
 * not be done is owed by the memory.
 */
export async function reconcile(
  pass: Pass,
  memory: Memory,
  scope: Scope,
  options: ReconcileOptions = {},
): Promise<void> {
  try {
    await once(pass, memory, scope, options);
    await retryConflicts(pass, memory);
    const ports = await confirmFloatingLosses(pass, memory, null);
    if (ports.size === 0) return;
    await once(pass, memory, { ...emptyScope(), ports: new Set(ports) }, { fresh: true });
    await retryConflicts(pass, memory);
    pass.doubtfulAddresses.clear(); // of these it is accounted for
  } catch (error) {
    memory.owe(newWork(scope));
    throw error;
  }
}

/** Tries what failed again, each time from fresh data. */
export async function retryConflicts(pass: Pass, memory: Memory): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const conflicts = pass.conflicts();
    if (conflicts.length === 0) return;
    const scope = emptyScope();
    for (const { subject, key } of conflicts) {
      if (subject.type === "port") memory.addKey(subject.id, key);
      addSubject(scope, subject);
    }
    if (attempt > RETRIES) {
      memory.owe(newWork(scope));
      const some = conflicts.slice(0, 3).map(({ key }) => key).join(", ");
      pass.warn(
        `${conflicts.length} objects change all the time, left to the next resync: ${some}`,
      );
      return;
    }
    await once(pass, memory, scope, { fresh: true });
  }
}

function addSubject(scope: Scope, { type, id }: Subject): void {
  if (type === "port") scope.ports.add(id);
  else if (type === "group") scope.groups.add(id);
  else scope.subnets.add(id);
}

async function once(
  pass: Pass,
  memory: Memory,
  scope: Scope,
  options: ReconcileOptions,
): Promise<void> {
  const { deps, term } = pass;
  const keys = keysOf(pass, memory, scope);
  deps.progress("resync: reading etcd");
  const stored = await pass.timed(
    "WorkloadEndpoint",
    "etcdReadMs",
    () => readFenced(deps.etcd, term, [...keys.keys()]),
  );
  for (const [key, kind] of keys) if (stored.has(key)) pass.kinds[kind].etcdItems++;
  deps.progress("resync: reading Neutron");
  const neutron = await pass.timed(
    "WorkloadEndpoint",
    "neutronReadMs",
    () => readWanted(pass, memory, scope, options),
  );
  await writeWanted(pass, memory, neutron.wanted, stored);
  await removeUnwanted(pass, memory, keys, stored, neutron);
}

/** The keys that etcd may hold for the objects. */
function keysOf({ deps }: Pass, memory: Memory, scope: Scope): Map<string, Kind> {
  const prefixes = resourcePrefixes(deps.region);
  const keys = new Map<string, Kind>();
  for (const id of scope.groups) {
    keys.set(policyOrSubnetKey(prefixes, "NetworkPolicy", id), "NetworkPolicy");
  }
  for (const id of scope.subnets) keys.set(policyOrSubnetKey(prefixes, "Subnet", id), "Subnet");
  for (const id of scope.ports) {
    for (const key of memory.keysOf(id)) {
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
  pass: Pass,
  memory: Memory,
  scope: Scope,
  { fresh = true }: ReconcileOptions,
): Promise<Wanted> {
  const { neutron, region, qos, pairNetworks } = pass.deps;
  const { signal } = pass.term;
  const [groups, subnets, ports] = await Promise.all([
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", [...scope.groups]),
    neutron.listBy("subnets", subnetSchema, signal, "id", [...scope.subnets]),
    neutron.listBy("ports", portSchema, signal, "id", [...scope.ports], PORT_FIELDS),
  ]);
  const keep = new Set<string>();
  for (const [collection, { refused }] of Object.entries({ groups, subnets, ports })) {
    for (const { id, why } of refused) {
      keep.add(id);
      pass.leave("not-understood", NAMES[collection as keyof Scope], id ? `${id}: ${why}` : why);
    }
  }
  const found = new Set([...groups.items, ...subnets.items, ...ports.items].map(({ id }) => id));
  for (const id of scope.ports) if (!found.has(id) && !keep.has(id)) memory.forgetPort(id);
  for (const port of ports.items) memory.port(port);
  memory.around.unavailable = neutron.extensions.unavailable;
  // A group or subnet that nobody has told of yet gets its own object too.
  const news = fresh
    ? await readFresh(pass, memory, ports.items)
    : await readMissing(pass, memory, ports.items, scope);
  await readAddressGroups(pass, memory, [...groups.items, ...news.groups], fresh);
  const translator = new Translator(region, { qos, pairNetworks });
  const wants = <T extends { id: string }>(
    kind: Kind,
    objects: readonly T[],
    translate: (object: T) => Desired[],
  ) =>
    objects.flatMap((object) => {
      const wanted = translated(pass, kind, object.id, () => translate(object));
      if (wanted === null) keep.add(object.id);
      return wanted ?? [];
    });
  const wanted = [
    ...wants("NetworkPolicy", [...groups.items, ...news.groups], (it) => [
      translator.group(it, memory.around.addressGroups),
    ]),
    ...wants("WorkloadEndpoint", ports.items, (it) => translator.port(it, memory.around)),
    ...wants("Subnet", [...subnets.items, ...news.subnets], (it) => translator.subnets(it)),
  ];
  return { wanted, keep, found };
}

/** Writes what differs, in the order of KINDS. */
async function writeWanted(
  pass: Pass,
  memory: Memory,
  wanted: readonly Desired[],
  stored: ReadonlyMap<string, Stored>,
): Promise<void> {
  for (const { kind } of wanted) pass.kinds[kind].neutronItems++;
  for (const kind of KINDS) {
    for (const want of wanted) {
      if (want.kind !== kind) continue;
      const have = stored.get(want.key);
      if (want.subject.type === "port") memory.addKey(want.subject.id, want.key);
      await pass.change(kind, await changeOf(pass, memory, want, have), have);
      await pass.breathe();
    }
    await pass.settle(kind);
  }
}

/** Deletes what nothing stands behind, as far as that is certain, in the reverse order of KINDS. */
async function removeUnwanted(
  pass: Pass,
  memory: Memory,
  keys: ReadonlyMap<string, Kind>,
  stored: ReadonlyMap<string, Stored>,
  { wanted, keep, found }: Wanted,
): Promise<void> {
  const prefixes = resourcePrefixes(pass.deps.region);
  const right = new Set(wanted.map(({ key }) => key));
  const removals: Change[] = [];
  for (const [key, { modRevision }] of stored) {
    const kind = keys.get(key)!;
    const change = right.has(key) ? null : removal(kind, prefixes[kind], key, modRevision);
    if (change && !keep.has(change.subject.id)) removals.push(change);
  }
  if (removals.length === 0) return;
  const alive = new Set(wanted.map(({ subject }) => subject.id));
  const deletable = new Set<string>();
  for (const collection of new Set(removals.map(({ kind }) => COLLECTION_OF[kind]))) {
    const ids = new Set(
      removals.filter(({ kind }) => COLLECTION_OF[kind] === collection)
        .map(({ subject }) => subject.id),
    );
    const judged = await judge(pass, memory, collection, ids, { found, alive });
    for (const id of judged) deletable.add(id);
  }
  for (const kind of KINDS.toReversed()) {
    for (const change of removals) {
      if (change.kind !== kind || !deletable.has(change.subject.id)) continue;
      await pass.change(kind, change, stored.get(change.key));
      memory.dropKey(change.subject.id, change.key);
    }
    await pass.settle(kind);
  }
}

/** Ids of the objects whose unwanted keys may go. */
async function judge(
  pass: Pass,
  memory: Memory,
  collection: typeof COLLECTION_OF[Kind],
  ids: ReadonlySet<string>,
  { found, alive }: { found: ReadonlySet<string>; alive: ReadonlySet<string> },
): Promise<ReadonlySet<string>> {
  const { announced, allowDeletions } = pass.options;
  const moved = [...ids].filter((id) => alive.has(id));
  const shrunk = [...ids].filter((id) => found.has(id) && !alive.has(id));
  const missing = [...ids].filter((id) => !found.has(id));
  const kind = KINDS.findLast((kind) => COLLECTION_OF[kind] === collection)!;
  const held = Math.max(memory.keyCount(kind), ids.size);
  const lost = [...shrunk, ...missing].filter((id) => !announced?.has(id));
  const loss = { held, listed: null, lost: lost.length };
  const why = allowDeletions ? null : whyHeld(loss, pass.deps.maxDeletions ?? null);
  if (why !== null) {
    pass.hold({ collection, why, held, lost: lost.length, names: lost });
    return new Set([...moved, ...missing.filter((id) => announced?.has(id))]);
  }
  const doubt = { held, listed: null, hidden: null };
  const gone = await certainlyGone(pass, memory, collection, missing, doubt);
  return new Set([...moved, ...shrunk, ...gone]);
}
