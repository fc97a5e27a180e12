/** Fills a cloud from a seed, with every sort of object that the resource syncer translates. @module */
import { Cloud, type Item } from "./model.ts";
import type { Random } from "./random.ts";

const GROUPS_PER_CLOUD = 8;
const NETWORKS = 4;

/** The cloud that a seed gives, always the same. */
export function seedCloud(random: Random, options: { ports: number; hosts: number }): Cloud {
  const cloud = new Cloud();
  for (let i = 0; i < options.hosts; i++) cloud.hosts.push(`host-${i + 1}`);
  const domain = "default";
  for (const name of ["admin", "Ärzte & Söhne", "web shop", "batch"]) {
    cloud.projects.push({ id: random.hex(32), name, parent_id: domain, domain_id: domain });
  }
  seedQos(cloud, random);
  for (let i = 0; i < NETWORKS; i++) seedNetwork(cloud, random, i);
  for (let i = 0; i < GROUPS_PER_CLOUD; i++) seedGroup(cloud, random, i);
  seedRules(cloud, random);
  for (let i = 0; i < options.ports; i++) addVmPort(cloud, random, i);
  seedOthers(cloud, random);
  return cloud;
}

function seedQos(cloud: Cloud, random: Random): void {
  const rule = (fields: Record<string, unknown>) => ({ id: random.uuid(), ...fields });
  cloud.add("policies", {
    id: random.uuid(),
    name: "bronze",
    rules: [
      rule({ type: "bandwidth_limit", direction: "egress", max_kbps: 10000, max_burst_kbps: 0 }),
      rule({
        type: "bandwidth_limit",
        direction: "ingress",
        max_kbps: 20000,
        max_burst_kbps: 40000,
      }),
    ],
  });
  cloud.add("policies", {
    id: random.uuid(),
    name: "few packets",
    rules: [
      rule({ type: "packet_rate_limit", direction: "egress", max_kpps: 2, max_burst_kpps: 0 }),
    ],
  });
}

function seedNetwork(cloud: Cloud, random: Random, index: number): void {
  const project = random.pick(cloud.projects).id;
  const network = cloud.add("networks", {
    id: random.uuid(),
    name: ["web tier", "db", "Büro/Nord", "batch"][index % 4],
    admin_state_up: true,
    status: "ACTIVE",
    shared: false,
    project_id: project,
    tenant_id: project,
    qos_policy_id: index === 1 ? cloud.list("policies")[0]!.id : null,
  });
  const subnet = (ip_version: 4 | 6, cidr: string, gateway_ip: string, modes: string | null) =>
    cloud.add("subnets", {
      id: random.uuid(),
      name: `${network.name} v${ip_version}`,
      network_id: network.id,
      project_id: project,
      ip_version,
      cidr,
      gateway_ip,
      enable_dhcp: true,
      host_routes: index === 0 && ip_version === 4
        ? [{ destination: "10.99.0.0/16", nexthop: "10.0.0.2" }]
        : [],
      dns_nameservers: ip_version === 4 ? ["192.0.2.53"] : [],
      ipv6_ra_mode: modes,
      ipv6_address_mode: modes,
    });
  subnet(4, `10.${index}.0.0/16`, `10.${index}.0.1`, null);
  subnet(6, `fd00:${index}::/64`, `fd00:${index}::1`, "dhcpv6-stateful");
}

function seedGroup(cloud: Cloud, random: Random, index: number): void {
  const project = random.pick(cloud.projects).id;
  const names = [
    "default",
    "web",
    "database",
    "ssh from outside",
    "überall",
    "a/b:c",
    "batch",
    "x",
  ];
  cloud.add("security_groups", {
    id: random.uuid(),
    name: names[index % names.length],
    project_id: project,
    tenant_id: project,
    description: "",
    security_group_rules: [],
  });
}

/** A rule with Neutron's fields. */
export function makeRule(
  random: Random,
  group: Item,
  fields: Record<string, unknown>,
): Record<string, unknown> {
  return {
    id: random.uuid(),
    security_group_id: group.id,
    direction: "ingress",
    ethertype: "IPv4",
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
    ...fields,
  };
}

function seedRules(cloud: Cloud, random: Random): void {
  for (const group of cloud.list("security_groups")) {
    const other = random.pick(cloud.list("security_groups")).id;
    const add = (fields: Record<string, unknown>) =>
      (group.security_group_rules as unknown[]).push(makeRule(random, group, fields));
    add({ direction: "egress" });
    add({ direction: "egress", ethertype: "IPv6" });
    add({ remote_group_id: other });
    add({
      protocol: "tcp",
      port_range_min: 22,
      port_range_max: 22,
      remote_ip_prefix: "192.0.2.0/24",
    });
    if (random.below(2)) add({ protocol: "udp", port_range_min: 5000, port_range_max: 5010 });
    if (random.below(2)) add({ protocol: "icmp", port_range_min: 8, port_range_max: 0 });
    if (random.below(3) === 0) add({ protocol: "47" });
  }
}

/** Adds a bound VM port; `index` numbers its addresses. */
export function addVmPort(cloud: Cloud, random: Random, index: number): Item {
  const network = random.pick(cloud.list("networks"));
  const subnets = cloud.list("subnets").filter((subnet) => subnet.network_id === network.id);
  const number = index + 10;
  const fixed_ips = subnets.map((subnet) => ({
    subnet_id: subnet.id,
    ip_address: subnet.ip_version === 4
      ? String(subnet.cidr).replace(/0\.0\/16$/, `${(number >> 8) & 255}.${number & 255}`)
      : String(subnet.cidr).replace(/\/64$/, (number & 0xffff).toString(16)),
  }));
  const project = random.pick(cloud.projects).id;
  const groups = [random.pick(cloud.list("security_groups")).id];
  const second = random.pick(cloud.list("security_groups")).id;
  if (random.below(3) === 0 && second !== groups[0]) groups.push(second);
  const port = cloud.add("ports", {
    id: random.uuid(),
    name: `vm-${index}`,
    network_id: network.id,
    project_id: project,
    tenant_id: project,
    mac_address: `fa:16:3e:${random.hex(6).match(/../g)!.join(":")}`,
    admin_state_up: true,
    status: "DOWN",
    device_id: random.uuid(),
    device_owner: "compute:nova",
    fixed_ips,
    allowed_address_pairs: random.below(10) === 0
      ? [{
        ip_address: fixed_ips[0]!.ip_address.replace(/\.\d+$/, ".250"),
        mac_address: "fa:16:3e:00:00:01",
      }]
      : [],
    security_groups: groups,
    "binding:vnic_type": "normal",
    "binding:host_id": random.pick(cloud.hosts),
    "binding:vif_type": "tap",
    "binding:profile": {},
    "binding:vif_details": { port_filter: true },
    qos_policy_id: random.below(10) === 0 ? random.pick(cloud.list("policies")).id : null,
    dns_name: "",
    dns_assignment: fixed_ips.map(({ ip_address }) => ({
      ip_address,
      hostname: `vm-${index}`,
      fqdn: `vm-${index}.lab.example.`,
    })),
  });
  const reachable = fixed_ips.find(({ ip_address }) => !ip_address.includes(":"));
  if (random.below(8) === 0 && reachable) {
    cloud.add("floatingips", {
      id: random.uuid(),
      floating_ip_address: `198.51.100.${number % 250 + 1}`,
      fixed_ip_address: reachable.ip_address,
      port_id: port.id,
      project_id: project,
    });
  }
  return port;
}

/** Ports that are no VM's, and a VM's port that is not bound: none of them has an endpoint. */
function seedOthers(cloud: Cloud, random: Random): void {
  const network = cloud.list("networks")[0]!;
  const base = {
    network_id: network.id,
    project_id: cloud.projects[0]!.id,
    mac_address: "fa:16:3e:00:00:02",
    fixed_ips: [],
    security_groups: [],
    allowed_address_pairs: [],
    "binding:profile": {},
    status: "DOWN",
    qos_policy_id: null,
    dns_name: "",
    dns_assignment: [],
  };
  const unbound = { "binding:host_id": "", "binding:vif_type": "unbound" };
  const owner = (device_owner: string) => ({
    id: random.uuid(),
    device_id: random.uuid(),
    device_owner,
  });
  cloud.add("ports", { ...base, ...unbound, ...owner("network:dhcp") });
  cloud.add("ports", { ...base, ...unbound, ...owner("network:router_interface") });
  cloud.add("ports", { ...base, ...unbound, ...owner("compute:nova") });
}
