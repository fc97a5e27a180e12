/**
 * Some objects, made equal: their keys are read from etcd first, then the objects from Neutron, by id,
 * then the differences are written. The narrow resync, the incremental one and the retry of a failed
 * swap are all this.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../calico/keys.ts";
import { readFenced } from "../etcd/fenced_write.ts";
import {
  floatingIpSchema,
  networkSchema,
  type Port,
  portSchema,
  qosPolicySchema,
  securityGroupSchema,
  subnetSchema,
} from "../openstack/records.ts";
import { compare, removal, type Stored } from "./compare.ts";
import type { Memory } from "./memory.ts";
import { type Desired, type Kind, KINDS, type Subject, Translator } from "./objects.ts";
import type { Pass } from "./pass.ts";

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
/** Projects are read again for one that is not known, at most so often, ms. */
const PROJECTS_MS = 60_000;

/** Makes the objects equal; a swap that fails is tried again alone, from fresh data, 5 times. */
export async function reconcile(pass: Pass, memory: Memory, scope: Scope): Promise<void> {
  await once(pass, memory, scope);
  await retryConflicts(pass, memory);
}

/** Tries what failed again, each time from fresh data. */
export async function retryConflicts(pass: Pass, memory: Memory): Promise<void> {
  for (let attempt = 1;; attempt++) {
    const conflicts = pass.conflicts();
    if (conflicts.length === 0) return;
    if (attempt > RETRIES) {
      const some = conflicts.slice(0, 3).map(({ key }) => key).join(", ");
      pass.warn(
        `${conflicts.length} objects change all the time, left to the next resync: ${some}`,
      );
      return;
    }
    const scope = emptyScope();
    for (const { subject, key } of conflicts) {
      if (subject.type === "port") memory.addKey(subject.id, key);
      addSubject(scope, subject);
    }
    await once(pass, memory, scope);
  }
}

function addSubject(scope: Scope, { type, id }: Subject): void {
  if (type === "port") scope.ports.add(id);
  else if (type === "group") scope.groups.add(id);
  else scope.subnets.add(id);
}

async function once(pass: Pass, memory: Memory, scope: Scope): Promise<void> {
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
    () => readWanted(pass, memory, scope),
  );
  await write(pass, memory, keys, stored, wanted, keep);
}

/** What the keys of the scope should hold, and the ids of records that could not be understood. */
async function readWanted(
  pass: Pass,
  memory: Memory,
  scope: Scope,
): Promise<{ wanted: Desired[]; keep: Set<string> }> {
  const { neutron, region } = pass.deps;
  const { signal } = pass.term;
  const [groups, subnets, ports] = await Promise.all([
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", [...scope.groups]),
    neutron.listBy("subnets", subnetSchema, signal, "id", [...scope.subnets]),
    neutron.listBy("ports", portSchema, signal, "id", [...scope.ports], PORT_FIELDS),
  ]);
  const refused = [groups, subnets, ports].flatMap((listing) => listing.refused);
  for (const { id, why } of refused) pass.warn(`record ${id} is not understood: ${why}`);
  for (const group of groups.items) memory.group(group);
  for (const subnet of subnets.items) memory.subnet(subnet);
  const found = new Set(ports.items.map(({ id }) => id));
  for (const id of scope.ports) if (!found.has(id)) memory.forgetPort(id);
  for (const port of ports.items) memory.port(port);
  await readAround(pass, memory, ports.items, scope);
  const translator = new Translator(region);
  const wanted = [
    ...groups.items.map((group) => translator.group(group)),
    ...ports.items.flatMap((port) => translator.port(port, memory.around)),
    ...subnets.items.map((subnet) => translator.subnet(subnet)).filter((want) => want !== null),
  ];
  return { wanted, keep: new Set(refused.map(({ id }) => id)) };
}

/** What these ports' endpoints show of other objects, read afresh. */
async function readAround(
  pass: Pass,
  memory: Memory,
  ports: readonly Port[],
  scope: Scope,
): Promise<void> {
  if (ports.length === 0) return;
  const { neutron, keystone, clock } = pass.deps;
  const { signal } = pass.term;
  const ids = (of: (port: Port) => readonly string[]) => [...new Set(ports.flatMap(of))];
  const networkIds = ids((port) => [port.network_id]);
  const subnetIds = ids((port) => port.fixed_ips.map((ip) => ip.subnet_id).filter((id) => id));
  const groupIds = ids((port) => port.security_groups).filter((id) => !scope.groups.has(id));
  const portIds = ports.map(({ id }) => id);
  const [networks, subnets, groups, fips] = await Promise.all([
    neutron.listBy("networks", networkSchema, signal, "id", networkIds),
    neutron.listBy("subnets", subnetSchema, signal, "id", subnetIds),
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", groupIds, ["id", "name"]),
    neutron.listBy("floatingips", floatingIpSchema, signal, "port_id", portIds),
  ]);
  const { around } = memory;
  around.replace("networks", networkIds, networks.items);
  around.replace("subnets", subnetIds, subnets.items);
  around.replace("securityGroups", groupIds, groups.items.map(({ id, name }) => ({ id, name })));
  memory.floatingIps(portIds, fips.items);
  const policyIds = [...new Set([...ports, ...networks.items].map((o) => o.qos_policy_id))]
    .filter((id) => id !== null);
  const policies = await neutron.listBy("qos/policies", qosPolicySchema, signal, "id", policyIds);
  around.replace("qosPolicies", policyIds, policies.items);
  const unknown = ports.some(({ project_id }) =>
    project_id !== "" && !around.projects.has(project_id)
  );
  if (unknown && clock.monotonic() - memory.projectsReadAt > PROJECTS_MS) {
    memory.projects(await keystone.listProjects(signal), clock.monotonic());
  }
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
