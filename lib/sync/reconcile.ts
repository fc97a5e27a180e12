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
import { compare, removal, type Stored } from "./compare.ts";
import type { Memory } from "./memory.ts";
import { type Desired, type Kind, KINDS, type Subject, Translator } from "./objects.ts";
import type { Pass } from "./pass.ts";
import { readFresh, readMissing } from "./read_around.ts";
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
  deps.progress("resync: reading etcd");
  const stored = await pass.timed(
    "WorkloadEndpoint",
    "etcdReadMs",
    () => readFenced(deps.etcd, term, [...keys.keys()]),
  );
  deps.progress("resync: reading Neutron");
  const { wanted, keep } = await pass.timed(
    "WorkloadEndpoint",
    "neutronReadMs",
    () => readWanted(pass, memory, scope, options),
  );
  await write(pass, memory, keys, stored, wanted, keep);
}

/** What the keys of the scope should hold, and the ids of records that could not be understood. */
async function readWanted(
  pass: Pass,
  memory: Memory,
  scope: Scope,
  { fresh = true }: ReconcileOptions,
): Promise<{ wanted: Desired[]; keep: Set<string> }> {
  const { neutron, region, qos } = pass.deps;
  const { signal } = pass.term;
  const [groups, subnets, ports] = await Promise.all([
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", [...scope.groups]),
    neutron.listBy("subnets", subnetSchema, signal, "id", [...scope.subnets]),
    neutron.listBy("ports", portSchema, signal, "id", [...scope.ports], PORT_FIELDS),
  ]);
  const refused = [groups, subnets, ports].flatMap((listing) => listing.refused);
  for (const { id, why } of refused) pass.warn(`record ${id} is not understood: ${why}`);
  const found = new Set(ports.items.map(({ id }) => id));
  for (const id of scope.ports) if (!found.has(id)) memory.forgetPort(id);
  for (const port of ports.items) memory.port(port);
  // A group or subnet that nobody has told of yet gets its own object too.
  const news = fresh
    ? await readFresh(pass, memory, ports.items)
    : await readMissing(pass, memory, ports.items, scope);
  const translator = new Translator(region, qos);
  const wanted = [
    ...[...groups.items, ...news.groups].map((group) => translator.group(group)),
    ...ports.items.flatMap((port) => translator.port(port, memory.around)),
    ...[...subnets.items, ...news.subnets].map((subnet) => translator.subnet(subnet))
      .filter((want) => want !== null),
  ];
  return { wanted, keep: new Set(refused.map(({ id }) => id)) };
}

/** Writes what differs in the order of KINDS, then deletes in the reverse order. */
async function write(
  pass: Pass,
  memory: Memory,
  keys: ReadonlyMap<string, Kind>,
  stored: ReadonlyMap<string, Stored>,
  wanted: readonly Desired[],
  keep: ReadonlySet<string>,
): Promise<void> {
  const prefixes = resourcePrefixes(pass.deps.region);
  const unwanted = new Map(stored);
  for (const [key, kind] of keys) if (stored.has(key)) pass.kinds[kind].etcdItems++;
  for (const { kind } of wanted) pass.kinds[kind].neutronItems++;
  for (const kind of KINDS) {
    for (const want of wanted) {
      if (want.kind !== kind) continue;
      const have = stored.get(want.key);
      unwanted.delete(want.key);
      if (want.subject.type === "port") memory.addKey(want.subject.id, want.key);
      await pass.change(kind, compare(want, have, pass.stamps), have);
      await pass.breathe();
    }
    await pass.settle(kind);
  }
  for (const kind of KINDS.toReversed()) {
    for (const [key, have] of unwanted) {
      if (keys.get(key) !== kind) continue;
      const change = removal(kind, prefixes[kind], key, have.modRevision);
      if (!change || keep.has(change.subject.id)) continue;
      await pass.change(kind, change, have);
      memory.dropKey(change.subject.id, key);
    }
    await pass.settle(kind);
  }
}
