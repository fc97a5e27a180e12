/**
 * What ports' endpoints show of other objects: networks, gateways, groups' names, floating IPs, QoS
 * policies, projects. It is kept in the index; here it is read, all of it or what is not there.
 *
 * @module
 */
import {
  addressGroupSchema,
  floatingIpSchema,
  networkSchema,
  type Port,
  qosPolicySchema,
  type SecurityGroup,
  securityGroupNameSchema,
  securityGroupSchema,
  type Subnet,
  subnetSchema,
} from "../../openstack/records.ts";
import type { Clock } from "../../base/clock.ts";
import { addressGroupsIn, type CloudIndex } from "../index/cloud_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { newWork, type Scope } from "../index/backlog.ts";

/** Projects are read again between full resyncs at most so often, ms. */
const PROJECTS_MS = 60_000;

const GROUP_FIELDS = Object.keys(securityGroupNameSchema.shape);

/** Objects that were read on the way and have keys of their own. */
export interface News {
  readonly groups: readonly SecurityGroup[];
  readonly subnets: readonly Subnet[];
}

const ids = (ports: readonly Port[], of: (port: Port) => readonly string[]): string[] => [
  ...new Set(ports.flatMap(of)),
];
const subnetsOf = (port: Port) => port.fixed_ips.map((ip) => ip.subnet_id).filter((id) => id);

/** Reads all of it. Other ports that show what has changed are owed. */
export async function readFresh(
  run: SyncRun,
  index: CloudIndex,
  ports: readonly Port[],
): Promise<News> {
  if (ports.length === 0) return { groups: [], subnets: [] };
  const { neutron } = run.deps;
  const { signal } = run.term;
  const portIds = ports.map(({ id }) => id);
  const networkIds = ids(ports, (port) => [port.network_id]);
  const subnetIds = ids(ports, subnetsOf);
  const groupIds = ids(ports, (port) => port.security_groups);
  const [networks, subnets, groups, fips] = await Promise.all([
    neutron.listBy("networks", networkSchema, signal, "id", networkIds),
    neutron.listBy("subnets", subnetSchema, signal, "id", subnetIds),
    neutron.listBy(
      "security-groups",
      securityGroupNameSchema,
      signal,
      "id",
      groupIds,
      GROUP_FIELDS,
    ),
    neutron.listBy("floatingips", floatingIpSchema, signal, "port_id", portIds),
  ]);
  const { related } = index;
  const owed = newWork();
  const { network_id, fixed_ips, security_groups } = owed.portsOf;
  for (const id of related.replace("networks", networkIds, networks.items)) network_id.add(id);
  for (const id of related.replace("subnets", subnetIds, subnets.items)) fixed_ips.add(id);
  for (const id of related.replace("securityGroups", groupIds, groups.items)) {
    security_groups.add(id);
  }
  for (const id of index.floatingIpsOf(portIds, fips.items)) owed.ports.add(id);
  index.addToBacklog(owed);
  const policyIds = policiesOf(index, ports);
  const policies = await neutron.listBy("qos/policies", qosPolicySchema, signal, "id", policyIds);
  const otherwise = related.replace("qosPolicies", policyIds, policies.items);
  const users = newWork();
  index.addPortsOfPolicies(new Set(otherwise), users);
  index.addToBacklog(users);
  await readProjects(run, index, ports);
  return { groups: [], subnets: [] };
}

/** Reads what is not remembered: an object so new that nothing has told of it yet. */
export async function readMissing(
  run: SyncRun,
  index: CloudIndex,
  ports: readonly Port[],
  scope: Scope,
): Promise<News> {
  const { neutron } = run.deps;
  const { signal } = run.term;
  const { networks, subnets, securityGroups, qosPolicies } = index.related;
  const missing = (all: readonly string[], known: ReadonlyMap<string, unknown>) =>
    all.filter((id) => !known.has(id));
  const networkIds = missing(ids(ports, (port) => [port.network_id]), networks);
  const subnetIds = missing(ids(ports, subnetsOf), subnets);
  const groupIds = missing(ids(ports, (port) => port.security_groups), securityGroups);
  const [newNetworks, newSubnets, newGroups] = await Promise.all([
    neutron.listBy("networks", networkSchema, signal, "id", networkIds),
    neutron.listBy("subnets", subnetSchema, signal, "id", subnetIds),
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", groupIds),
  ]);
  for (const network of newNetworks.items) index.network(network);
  for (const subnet of newSubnets.items) index.subnet(subnet);
  for (const group of newGroups.items) index.group(group);
  const policyIds = missing(policiesOf(index, ports), qosPolicies);
  const policies = await neutron.listBy("qos/policies", qosPolicySchema, signal, "id", policyIds);
  for (const policy of policies.items) index.policy(policy);
  await readProjects(run, index, ports);
  return {
    groups: newGroups.items.filter(({ id }) => !scope.groups.has(id)),
    subnets: newSubnets.items.filter(({ id }) => !scope.subnets.has(id)),
  };
}

/**
 * Reads the address groups that these groups' rules name, all or what is not remembered. What is not shown
 * stays as it is remembered: Neutron deletes none that a rule names.
 */
export async function readAddressGroups(
  run: SyncRun,
  index: CloudIndex,
  groups: readonly SecurityGroup[],
  fresh: boolean,
): Promise<void> {
  for (const group of groups) index.groupRules(group);
  const named = new Set(
    groups.flatMap((group) => [...addressGroupsIn(group.security_group_rules)]),
  );
  const ids = [...named].filter((id) => fresh || !index.related.addressGroups.has(id));
  const { neutron } = run.deps;
  const { signal } = run.term;
  const found = await neutron.listBy("address-groups", addressGroupSchema, signal, "id", ids);
  const looked = new Set(groups.map(({ id }) => id));
  const owed = newWork();
  for (const group of found.items) {
    if (!index.addressGroup(group)) continue;
    // Other policies show them too.
    for (const id of index.groupsNaming(group.id)) if (!looked.has(id)) owed.groups.add(id);
  }
  index.addToBacklog(owed);
}

function policiesOf(index: CloudIndex, ports: readonly Port[]): string[] {
  const { networks } = index.related;
  const found = ports.flatMap(({ qos_policy_id, network_id }) => [
    qos_policy_id,
    networks.get(network_id)?.qos_policy_id,
  ]);
  return [...new Set(found.filter((id) => id !== null && id !== undefined))];
}

/** When the ports are of a project that is not known, projects are read again, once a minute. */
export async function readProjects(
  run: SyncRun,
  index: CloudIndex,
  ports: readonly Port[],
): Promise<void> {
  const { keystone, clock } = run.deps;
  const { signal } = run.term;
  const unknown = ids(ports, ({ project_id }) => project_id === "" ? [] : [project_id])
    .filter((id) => !index.related.projects.has(id));
  if (unknown.length === 0) return;
  if (projectsAreDue(index, clock)) {
    const owed = newWork();
    const all = await keystone.listProjects(signal);
    // Ports of other projects show a new name too.
    for (const id of index.projects(all, clock.monotonic())) owed.portsOf.project_id.add(id);
    index.addToBacklog(owed);
  }
  if (keystone.projects.truncated) {
    const all = await keystone.projects.including(unknown, signal);
    index.projects(all, index.projectsReadAt);
  }
}

/** Whether the last list of projects is old enough for another one. */
export function projectsAreDue(index: CloudIndex, clock: Clock): boolean {
  return clock.monotonic() - index.projectsReadAt > PROJECTS_MS;
}
