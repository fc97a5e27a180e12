/**
 * The cloud whose bad days are played: big enough that a guard's "more than 50 and more than half"
 * can mean every collection. It is known in two states: as it was synced, and after one object of
 * each collection was deleted, one changed and one added.
 *
 * @module
 */
import { Cloud } from "../../lab/model.ts";
import {
  addressGroup,
  addressGroupRule,
  type CollectionName,
  COLLECTIONS,
  type Fields,
  floatingIp,
  group,
  groupRule,
  idOf,
  network,
  port,
  qosPolicy,
  subnet,
} from "./records.ts";
import { inCloud, listOf } from "./stand_in.ts";

const PROJECTS = 60;
const NETWORKS = 60;
const GROUPS = 120;
const POLICIES = 64;
const ADDRESS_GROUPS = 64;
const PORTS = 200;
const HOSTS = 10;

/** Objects with this number and above are used by none: they may be deleted alone. */
const SPARE = { projects: PROJECTS, networks: NETWORKS, groups: GROUPS, policies: POLICIES };
/** The first of the subnets of IPv6; those of IPv4 have their network's number. */
const V6 = 1000;
/** This network goes with all that is on it, and this group leaves all its ports. */
const DOOMED_NETWORK = NETWORKS - 1;
const DOOMED_GROUP = GROUPS - 1;
const RENAMED_GROUP = 26;

/** This port has two floating IPs, its own and another one, which goes. */
const SHARED = 40;
const SECOND = 1000;
/** Much of what changes is seen at this port: its network, subnet, project, one group and it itself. */
const CHANGED = 20;

const projectOf = (number: number) => idOf("projects", number % PROJECTS);
const hostOf = (number: number) => `host-${number % HOSTS + 1}`;

/** The cloud as it was synced. */
export function cloudBefore(): Cloud {
  const cloud = new Cloud();
  for (let i = 0; i < HOSTS; i++) cloud.hosts.push(hostOf(i));
  for (let i = 0; i <= PROJECTS; i++) addProject(cloud, i);
  for (let i = 0; i <= POLICIES; i++) {
    cloud.add("policies", qosPolicy(idOf("qos/policies", i), projectOf(i), 1000 + i));
  }
  for (let i = 0; i <= NETWORKS; i++) addNetwork(cloud, i);
  for (let i = 0; i <= ADDRESS_GROUPS; i++) addAddressGroup(cloud, i);
  for (let i = 0; i <= GROUPS; i++) addGroup(cloud, i);
  for (let i = 0; i < PORTS; i++) addPort(cloud, i);
  addOtherPorts(cloud);
  const second = { floating: "198.51.100.1", fixed: "10.40.1.50", port: idOf("ports", SHARED) };
  cloud.add("floatingips", floatingIp(idOf("floatingips", SECOND), projectOf(0), second));
  return cloud;
}

function addProject(cloud: Cloud, number: number): void {
  cloud.projects.push({
    id: idOf("projects", number),
    name: `project ${number}`,
    parent_id: "default",
    domain_id: "default",
  });
}

function addNetwork(cloud: Cloud, number: number): void {
  const of = { id: idOf("networks", number), project: projectOf(number) };
  const qos_policy_id = number % 4 === 0 ? idOf("qos/policies", number % POLICIES) : null;
  cloud.add("networks", network(of.id, of.project, { name: `net ${number}`, qos_policy_id }));
  const v4 = { cidr: `10.${number}.0.0/16`, gateway_ip: `10.${number}.0.1` };
  cloud.add("subnets", subnet(idOf("subnets", number), of, v4));
  if (number % 2 === 1) return;
  const v6 = {
    cidr: `fd00:${number}::/64`,
    gateway_ip: `fd00:${number}::1`,
    ipv6_ra_mode: "dhcpv6-stateful",
    ipv6_address_mode: "dhcpv6-stateful",
    dns_nameservers: [],
  };
  cloud.add("subnets", subnet(idOf("subnets", V6 + number), of, v6));
}

function addAddressGroup(cloud: Cloud, number: number): void {
  const addresses = [`172.20.${number}.0/24`, `fd20:${number}::/64`, `172.21.${number}.7/32`];
  cloud.add(
    "address_groups",
    addressGroup(idOf("address-groups", number), projectOf(number), addresses),
  );
}

/** Every group with an even number names an address group. */
function addGroup(cloud: Cloud, number: number): void {
  const id = idOf("security-groups", number);
  const rules = [
    groupRule(id, 0, { direction: "egress" }),
    groupRule(id, 1, { direction: "egress", ethertype: "IPv6" }),
    groupRule(id, 2, { remote_group_id: number % 3 === 0 ? id : null }),
    groupRule(id, 3, { protocol: "tcp", port_range_min: number + 1, port_range_max: number + 9 }),
    ...number % 2 === 0
      ? [addressGroupRule(id, 4, idOf("address-groups", number % ADDRESS_GROUPS))]
      : [],
  ];
  cloud.add("security_groups", group(id, projectOf(number), rules, `group ${number}`));
}

/** A port of a VM; every third has a QoS policy of its own, and every third a floating IP. */
function addPort(cloud: Cloud, number: number): void {
  const net = number % NETWORKS;
  const id = idOf("ports", number);
  const fixed_ips = [V4_AND_V6[0], ...net % 2 === 0 ? [V4_AND_V6[1]] : []].map((of) =>
    of(net, number + 10)
  );
  const groups = [number % GROUPS, (number * 7 + 3) % GROUPS];
  cloud.add(
    "ports",
    port(id, {
      network: idOf("networks", net),
      project: projectOf(number),
      host: hostOf(number),
    }, {
      fixed_ips,
      security_groups: [...new Set(groups)].map((of) => idOf("security-groups", of)).sort(),
      qos_policy_id: number % 3 === 0 ? idOf("qos/policies", number / 3 % POLICIES) : null,
      allowed_address_pairs: number % 10 === 0
        ? [{ ip_address: `10.${net}.200.${number}`, mac_address: "fa:16:3e:00:00:01" }]
        : [],
      "binding:profile": MIGRATING.includes(number) ? { migrating_to: hostOf(number + 1) } : {},
    }),
  );
  if (number % 3 !== 1) return;
  const at = { floating: `203.0.113.${number}`, fixed: fixed_ips[0]!.ip_address, port: id };
  cloud.add("floatingips", floatingIp(idOf("floatingips", number), projectOf(number), at));
}

const MIGRATING: readonly number[] = [50, 51, 53];

const V4_AND_V6 = [
  (net: number, n: number) => ({
    subnet_id: idOf("subnets", net),
    ip_address: `10.${net}.1.${n}`,
  }),
  (net: number, n: number) => ({
    subnet_id: idOf("subnets", V6 + net),
    ip_address: `fd00:${net}::${n.toString(16)}`,
  }),
] as const;

/** Ports that have no endpoint: a DHCP server's, a router's, and a VM's that is not bound. */
function addOtherPorts(cloud: Cloud): void {
  const owners = ["network:dhcp", "network:router_interface", "compute:nova"];
  for (const [i, device_owner] of owners.entries()) {
    const of = { network: idOf("networks", i), project: projectOf(i), host: "" };
    const unbound = { device_owner, "binding:vif_type": "unbound", fixed_ips: [] };
    cloud.add("ports", port(idOf("ports", PORTS + 100 + i), of, unbound));
  }
}

/** The same cloud later: in each collection something was deleted, changed and added. */
export function cloudAfter(): Cloud {
  const cloud = cloudBefore();
  changePorts(cloud);
  changeGroups(cloud);
  changeNetworks(cloud);
  changeOthers(cloud);
  return cloud;
}

function changePorts(cloud: Cloud): void {
  const change = (number: number, fields: Record<string, unknown>) =>
    cloud.change("ports", idOf("ports", number), fields);
  for (const number of [10, 12]) cloud.remove("ports", idOf("ports", number));
  cloud.change("floatingips", idOf("floatingips", 10), { port_id: null, fixed_ip_address: null });
  change(CHANGED, {
    security_groups: [25, RENAMED_GROUP].map((n) => idOf("security-groups", n)).sort(),
  });
  change(21, { "binding:host_id": hostOf(8) });
  change(50, { "binding:host_id": hostOf(51), "binding:profile": {} });
  addPort(cloud, PORTS + 2); // 202: with a floating IP
}

function changeGroups(cloud: Cloud): void {
  const doomed = idOf("security-groups", DOOMED_GROUP);
  for (const { id, security_groups } of cloud.list("ports")) {
    const groups = security_groups as string[];
    if (!groups.includes(doomed)) continue;
    cloud.change("ports", id, { security_groups: groups.filter((other) => other !== doomed) });
  }
  cloud.remove("security_groups", doomed);
  cloud.remove("security_groups", idOf("security-groups", SPARE.groups));
  const [ruled, renamed] = [idOf("security-groups", 3), idOf("security-groups", RENAMED_GROUP)];
  const rules = cloud.get("security_groups", ruled)!.security_group_rules as Fields[];
  cloud.change("security_groups", ruled, { security_group_rules: rules.slice(0, 3) });
  cloud.change("security_groups", renamed, { name: "another name" });
  const moved = idOf("security-groups", 28);
  const others = (cloud.get("security_groups", moved)!.security_group_rules as Fields[]).slice(
    0,
    4,
  );
  cloud.change("security_groups", moved, {
    security_group_rules: [...others, addressGroupRule(moved, 4, idOf("address-groups", 29))],
  });
  cloud.change("address_groups", idOf("address-groups", 4), {
    addresses: ["172.20.4.0/24", "172.22.4.0/24"],
  });
  cloud.remove("address_groups", idOf("address-groups", ADDRESS_GROUPS));
  addAddressGroup(cloud, ADDRESS_GROUPS + 2);
  addGroup(cloud, GROUPS + 1);
}

function changeNetworks(cloud: Cloud): void {
  const doomed = idOf("networks", DOOMED_NETWORK);
  for (const id of [doomed, idOf("networks", SPARE.networks)]) {
    for (const collection of ["ports", "subnets"] as const) {
      for (const item of cloud.list(collection)) {
        if (item.network_id === id) cloud.remove(collection, item.id);
      }
    }
    cloud.remove("networks", id);
  }
  const [gateway, silent] = [idOf("subnets", CHANGED), idOf("subnets", 8)];
  cloud.change("subnets", gateway, { gateway_ip: "10.20.0.254", dns_nameservers: [] });
  cloud.change("subnets", silent, { enable_dhcp: false });
  cloud.change("networks", idOf("networks", CHANGED), { name: "another name" });
  cloud.change("networks", idOf("networks", 13), { qos_policy_id: idOf("qos/policies", 7) });
  addNetwork(cloud, NETWORKS + 1);
}

function changeOthers(cloud: Cloud): void {
  const rules = cloud.get("policies", idOf("qos/policies", 1))!.rules as Fields[];
  cloud.change("policies", idOf("qos/policies", 1), {
    rules: [{ ...rules[0]!, max_kbps: 77 }],
  });
  cloud.remove("policies", idOf("qos/policies", SPARE.policies));
  cloud.add("policies", qosPolicy(idOf("qos/policies", POLICIES + 1), projectOf(1), 5));
  for (const [moved, to] of [[13, 14], [SECOND, 44]] as const) {
    const port = cloud.get("ports", idOf("ports", to))!;
    cloud.change("floatingips", idOf("floatingips", moved), {
      port_id: port.id,
      fixed_ip_address: (port.fixed_ips as { ip_address: string }[])[0]!.ip_address,
    });
  }
  cloud.remove("floatingips", idOf("floatingips", 16));
  const [renamed, spare] = [idOf("projects", CHANGED), idOf("projects", SPARE.projects)];
  cloud.projects.splice(cloud.projects.findIndex(({ id }) => id === spare), 1);
  cloud.projects.find(({ id }) => id === renamed)!.name = "another name";
  addProject(cloud, PROJECTS + 1);
}

/** An object that {@linkcode cloudAfter} has changed, and one that it has not, by collection. */
export const VICTIMS: Readonly<Record<CollectionName, readonly string[]>> = {
  "ports": [idOf("ports", CHANGED), idOf("ports", 30)],
  "security-groups": [idOf("security-groups", 3), idOf("security-groups", 40)],
  "subnets": [idOf("subnets", CHANGED), idOf("subnets", 40)],
  "networks": [idOf("networks", CHANGED), idOf("networks", 30)],
  "qos/policies": [idOf("qos/policies", 1), idOf("qos/policies", 5)],
  "floatingips": [idOf("floatingips", 13), idOf("floatingips", SHARED)],
  "projects": [idOf("projects", CHANGED), idOf("projects", 30)],
  "address-groups": [idOf("address-groups", 4), idOf("address-groups", 40)],
};

/** The cloud after, but for some objects that are as they were before, or were not. */
export function composed(
  before: Cloud,
  after: Cloud,
  isOld: (collection: CollectionName, id: string) => boolean,
): Cloud {
  const cloud = new Cloud();
  for (const collection of COLLECTIONS) {
    for (const [from, old] of [[before, true], [after, false]] as const) {
      for (const item of listOf(from, collection)) {
        if (isOld(collection, item.id) !== old) continue;
        if (collection === "projects") cloud.projects.push(item as Cloud["projects"][number]);
        else cloud.add(inCloud(collection), item);
      }
    }
  }
  return cloud;
}
