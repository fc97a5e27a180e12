/**
 * What ports' endpoints show of other objects: networks, gateways, groups' names, floating IPs, QoS
 * policies, projects. It is kept in the memory; here it is read, all of it or what is not there.
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
} from "../openstack/records.ts";
import type { Clock } from "../base/clock.ts";
import { addressGroupsIn, type Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import type { Scope } from "./reconcile.ts";
import { newWork } from "./work.ts";

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
  pass: Pass,
  memory: Memory,
  ports: readonly Port[],
): Promise<News> {
  if (ports.length === 0) return { groups: [], subnets: [] };
  const { neutron } = pass.deps;
  const { signal } = pass.term;
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
  const { around } = memory;
  const owed = newWork();
  const { network_id, fixed_ips, security_groups } = owed.portsOf;
  for (const id of around.replace("networks", networkIds, networks.items)) network_id.add(id);
  for (const id of around.replace("subnets", subnetIds, subnets.items)) fixed_ips.add(id);
  for (const id of around.replace("securityGroups", groupIds, groups.items)) {
    security_groups.add(id);
  }
  for (const id of memory.floatingIpsOf(portIds, fips.items)) owed.ports.add(id);
  memory.owe(owed);
  const policyIds = policiesOf(memory, ports);
  const policies = await neutron.listBy("qos/policies", qosPolicySchema, signal, "id", policyIds);
  const otherwise = around.replace("qosPolicies", policyIds, policies.items);
  const users = newWork();
  memory.addPortsOfPolicies(new Set(otherwise), users);
  memory.owe(users);
  await readProjects(pass, memory, ports);
  return { groups: [], subnets: [] };
}

/** Reads what is not remembered: an object so new that nothing has told of it yet. */
export async function readMissing(
  pass: Pass,
  memory: Memory,
  ports: readonly Port[],
  scope: Scope,
): Promise<News> {
  const { neutron } = pass.deps;
  const { signal } = pass.term;
  const { networks, subnets, securityGroups, qosPolicies } = memory.around;
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
  for (const network of newNetworks.items) memory.network(network);
  for (const subnet of newSubnets.items) memory.subnet(subnet);
  for (const group of newGroups.items) memory.group(group);
  const policyIds = missing(policiesOf(memory, ports), qosPolicies);
  const policies = await neutron.listBy("qos/policies", qosPolicySchema, signal, "id", policyIds);
  for (const policy of policies.items) memory.policy(policy);
  await readProjects(pass, memory, ports);
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
  pass: Pass,
  memory: Memory,
  groups: readonly SecurityGroup[],
  fresh: boolean,
): Promise<void> {
  for (const group of groups) memory.groupRules(group);
  const named = new Set(
    groups.flatMap((group) => [...addressGroupsIn(group.security_group_rules)]),
  );
  const ids = [...named].filter((id) => fresh || !memory.around.addressGroups.has(id));
  const { neutron } = pass.deps;
  const { signal } = pass.term;
  const found = await neutron.listBy("address-groups", addressGroupSchema, signal, "id", ids);
  const looked = new Set(groups.map(({ id }) => id));
  const owed = newWork();
  for (const group of found.items) {
    if (!memory.addressGroup(group)) continue;
    // Other policies show them too.
    for (const id of memory.groupsNaming(group.id)) if (!looked.has(id)) owed.groups.add(id);
  }
  memory.owe(owed);
}

function policiesOf(memory: Memory, ports: readonly Port[]): string[] {
  const { networks } = memory.around;
  const found = ports.flatMap(({ qos_policy_id, network_id }) => [
    qos_policy_id,
    networks.get(network_id)?.qos_policy_id,
  ]);
  return [...new Set(found.filter((id) => id !== null && id !== undefined))];
}

/** When the ports are of a project that is not known, projects are read again, once a minute. */
export async function readProjects(
  pass: Pass,
  memory: Memory,
  ports: readonly Port[],
): Promise<void> {
  const { keystone, clock } = pass.deps;
  const { signal } = pass.term;
  const unknown = ids(ports, ({ project_id }) => project_id === "" ? [] : [project_id])
    .filter((id) => !memory.around.projects.has(id));
  if (unknown.length === 0) return;
  if (projectsAreDue(memory, clock)) {
    const owed = newWork();
    const all = await keystone.listProjects(signal);
    // Ports of other projects show a new name too.
    for (const id of memory.projects(all, clock.monotonic())) owed.portsOf.project_id.add(id);
    memory.owe(owed);
  }
  if (keystone.projects.truncated) {
    const all = await keystone.projects.including(unknown, signal);
    memory.projects(all, memory.projectsReadAt);
  }
}

/** Whether the last list of projects is old enough for another one. */
export function projectsAreDue(memory: Memory, clock: Clock): boolean {
  return clock.monotonic() - memory.projectsReadAt > PROJECTS_MS;
}
