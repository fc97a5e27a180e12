/**
 * A seeded cloud: ports of every sort, with all that their endpoints show. Made once per bed, by the
 * first test that wants it.
 *
 * @module
 */
import { Random } from "../../../lab/random.ts";
import type { Bed } from "./bed.ts";
import type { Json } from "./rest.ts";

/** Hosts with a Felix; the names try the escaping of names. */
export const HOSTS = [
  "cmp-1",
  "cmp-2",
  "cmp--3",
  "rack.4-cmp.example",
  "openstack-5",
  "x-openstack-6",
];
/**
 * How many ports. Every sort is among the first 60; with more of them, more sorts come together in one port. Those
 * that cannot be made in bulk are what a run's first minutes go to.
 */
const PORTS = Number(Deno.env.get("OPENSTACK_PORTS") ?? "300");
/** A host without one: ports there fail to bind. */
export const DEAD_HOST = "dead-host";

/** Names as bad as Neutron takes them (its columns hold no characters outside the BMP). */
export const NAMES: readonly string[] = [
  "plain",
  "with spaces and (brackets)",
  "<script>alert(1)</script>",
  "-.leading and trailing.-",
  "---",
  "ünï-cödé-äöü",
  "名前",
  "a".repeat(255),
  `${"b".repeat(26)}-tail`,
  `${"c".repeat(62)}-tail`,
  "quote\"'\\`$(id)`{{}}",
  "%2f..%00",
  "",
];

/** Ids of what there is; lists are in the order of creation. */
export interface Cloud {
  readonly projects: string[];
  readonly networks: { id: string; project: string; subnets: string[] }[];
  readonly externalNetwork: string;
  readonly groups: { id: string; project: string }[];
  readonly policies: string[];
}

/** The bed's cloud; made when there is none yet. Agents of {@linkcode HOSTS} must be alive. */
export async function seededCloud(bed: Bed): Promise<Cloud> {
  const file = `${bed.at.dir}/cloud.json`;
  const known = await Deno.readTextFile(file).catch(() => null);
  if (known !== null) return JSON.parse(known);
  const cloud = await new Seeder(bed, new Random(20260801)).run();
  await Deno.writeTextFile(file, JSON.stringify(cloud));
  return cloud;
}

/** A subnet's shape, without its network. */
function subnet(cidr: string, more: Json = {}): Json {
  return { cidr, ip_version: cidr.includes(":") ? 6 : 4, ...more };
}

/** A network per row; the third digit of an address is the row's number. */
const NETWORKS: { name: string; subnets: Json[]; more?: Json }[] = [
  { name: "plain", subnets: [subnet("10.0.0.0/24")] },
  {
    name: "dual-slaac",
    subnets: [
      subnet("10.0.1.0/24"),
      subnet("fd00:1::/64", { ipv6_ra_mode: "slaac", ipv6_address_mode: "slaac" }),
    ],
  },
  {
    name: "v6-stateful",
    subnets: [subnet("fd00:2::/64", {
      ipv6_ra_mode: "dhcpv6-stateful",
      ipv6_address_mode: "dhcpv6-stateful",
      dns_nameservers: ["2001:4860:4860::8888"],
    })],
  },
  {
    name: "no-dhcp, no gateway",
    subnets: [subnet("10.0.3.0/24", { enable_dhcp: false, gateway_ip: null })],
  },
  {
    name: NAMES[2]!,
    subnets: [
      subnet("10.0.4.0/24", {
        dns_nameservers: ["8.8.8.8", "1.1.1.1"],
        host_routes: [
          { destination: "198.51.100.0/24", nexthop: "10.0.4.9" },
          { destination: "203.0.113.0/28", nexthop: "10.0.4.10" },
        ],
      }),
      subnet("10.1.4.0/24", { gateway_ip: "10.1.4.254" }),
      subnet("fd00:4::/64", {
        ipv6_ra_mode: "dhcpv6-stateless",
        ipv6_address_mode: "dhcpv6-stateless",
        host_routes: [{ destination: "2001:db8:1::/48", nexthop: "fd00:4::9" }],
      }),
    ],
  },
  { name: NAMES[7]!, subnets: [subnet("10.0.5.0/24"), subnet("fd00:5::/64")] },
  {
    name: NAMES[6]!,
    subnets: [subnet("10.0.6.0/24", { gateway_ip: null })],
    more: { shared: true },
  },
  {
    name: "ra-only",
    subnets: [subnet("10.0.7.0/24"), subnet("fd00:7::/64", { ipv6_address_mode: "slaac" })],
  },
];

const V4 = { ethertype: "IPv4", direction: "ingress" };
const V6 = { ethertype: "IPv6", direction: "ingress" };
/** Every shape of rule that Neutron 21 takes. "self" and "other": a remote group. */
export const RULES: readonly Json[] = [
  { ...V4, protocol: "tcp", port_range_min: 22, port_range_max: 22 },
  { ...V4, protocol: "tcp", port_range_min: 1, port_range_max: 65535 },
  {
    ...V4,
    protocol: "tcp",
    port_range_min: 80,
    port_range_max: 90,
    remote_ip_prefix: "192.0.2.0/24",
  },
  { ...V4, direction: "egress", protocol: "udp", port_range_min: 53, port_range_max: 53 },
  { ...V4, protocol: "icmp" },
  { ...V4, protocol: "icmp", port_range_min: 8 },
  { ...V4, protocol: "icmp", port_range_min: 3, port_range_max: 4 },
  { ...V4, protocol: "icmp", port_range_min: 0, port_range_max: 0 },
  { ...V6, protocol: "ipv6-icmp" },
  { ...V6, protocol: "ipv6-icmp", port_range_min: 128, port_range_max: 0 },
  { ...V6, protocol: "icmpv6", port_range_min: 135 },
  { ...V6, protocol: "icmp", remote_ip_prefix: "fd00::/8" },
  {
    ...V6,
    protocol: "tcp",
    port_range_min: 443,
    port_range_max: 443,
    remote_ip_prefix: "2001:db8::/32",
  },
  { ...V6, direction: "egress", protocol: "udp", port_range_min: 547, port_range_max: 547 },
  { ...V4 },
  { ...V4, protocol: "ip", remote_ip_prefix: "10.0.0.0/8" },
  { ...V6, remote_ip_prefix: "::/0" },
  { ...V4, protocol: "tcp", port_range_min: 5432, port_range_max: 5432, remote: "self" },
  { ...V4, remote: "self" },
  { ...V6, remote: "other" },
  {
    ...V4,
    direction: "egress",
    protocol: "tcp",
    port_range_min: 3306,
    port_range_max: 3307,
    remote: "other",
  },
  { ...V4, direction: "egress", protocol: "sctp", port_range_min: 9, port_range_max: 10 },
  { ...V4, protocol: "udplite", port_range_min: 7, port_range_max: 7 },
  { ...V4, protocol: "dccp", port_range_min: 5, port_range_max: 6 },
  // A peer of their own each: Neutron takes "17" for a duplicate of "udp".
  ...[
    ..."ah hopopt egp esp gre igmp ipip ospf pgm rsvp vrrp sctp udp".split(" "),
    ..."0 1 4 6 17 47 112 132 255".split(" "),
  ].map((protocol, i) => ({ ...V4, protocol, remote_ip_prefix: `198.51.100.${i}/32` })),
  ..."ipv6-encap ipv6-frag ipv6-nonxt ipv6-opts ipv6-route 58 41".split(" ").map(
    (protocol, i) => ({
      ...V6,
      direction: "egress",
      protocol,
      remote_ip_prefix: `2001:db8::${i}/128`,
    }),
  ),
];

/** QoS policies by their rules: bandwidth [kbps, burst, direction], packets [kpps, direction]. */
const POLICIES: { bandwidth?: [number, number, string][]; packets?: [number, string][] }[] = [
  {},
  { bandwidth: [[10_000, 8000, "ingress"], [20_000, 0, "egress"]] },
  { packets: [[5, "ingress"], [2_000_000, "egress"]] },
  {
    bandwidth: [[0, 0, "ingress"], [2_147_483_647, 2_147_483_647, "egress"]],
    packets: [[1, "egress"]],
  },
];

class Seeder {
  #projects: string[] = [];

  constructor(readonly bed: Bed, readonly random: Random) {}

  async run(): Promise<Cloud> {
    const { keystone, neutron } = this.bed;
    // Listing makes a default group for the project of who lists: it shall be there from the start.
    await neutron.list("security-groups");
    const named = await keystone.list("projects");
    this.#projects = named.filter(({ name }) => !["admin", "service"].includes(name))
      .map(({ id }) => id).sort();
    // Neutron keeps what belongs to a project that Keystone no longer has.
    this.#projects.push(this.random.hex(32));
    const [groups, policies] = await Promise.all([this.#groups(), this.#policies()]);
    const networks = await this.#networks(policies);
    const externalNetwork = await this.#external(networks);
    const cloud = { projects: this.#projects, networks, externalNetwork, groups, policies };
    const ports = await this.#ports(cloud);
    await this.#floatingIps(cloud, ports);
    return cloud;
  }

  #project(at: number): string {
    return this.#projects[at % this.#projects.length]!;
  }

  async #groups(): Promise<Cloud["groups"]> {
    const { neutron } = this.bed;
    const groups: Cloud["groups"] = [];
    for (let i = 0; i < 20; i++) {
      const project = this.#project(i);
      const name = NAMES[i % NAMES.length]!;
      const body = { name, project_id: project, description: "made by the tests" };
      const { security_group } = await neutron.post("security-groups", { security_group: body });
      groups.push({ id: security_group.id, project });
    }
    for (const [i, { id, project }] of groups.entries()) {
      const shapes = i === 0 ? RULES : RULES.filter(() => this.random.below(6) === 0);
      const others = groups.filter((other) => other.project === project);
      const rules = shapes.map((shape) => ruleOf(shape, id, this.random.pick(others).id, project));
      if (rules.length === 0) continue;
      await neutron.post("security-group-rules", { security_group_rules: rules });
    }
    return groups;
  }

  async #policies(): Promise<string[]> {
    const { neutron } = this.bed;
    const ids: string[] = [];
    for (const [i, { bandwidth = [], packets = [] }] of POLICIES.entries()) {
      const policy = { name: `policy ${i}`, shared: true };
      const { id } = (await neutron.post("qos/policies", { policy })).policy;
      ids.push(id);
      for (const [max_kbps, max_burst_kbps, direction] of bandwidth) {
        await neutron.post(`qos/policies/${id}/bandwidth_limit_rules`, {
          bandwidth_limit_rule: { max_kbps, max_burst_kbps, direction },
        });
      }
      for (const [max_kpps, direction] of packets) {
        await neutron.post(`qos/policies/${id}/packet_rate_limit_rules`, {
          packet_rate_limit_rule: { max_kpps, max_burst_kpps: 0, direction },
        });
      }
    }
    return ids;
  }

  async #networks(policies: readonly string[]): Promise<Cloud["networks"]> {
    const { neutron } = this.bed;
    const networks: Cloud["networks"] = [];
    for (const [i, { name, subnets, more }] of NETWORKS.entries()) {
      const project = this.#project(i);
      // Two networks have a QoS policy of their own.
      const qos = i === 1 || i === 6 ? { qos_policy_id: policies[i === 1 ? 1 : 3] } : {};
      const network = { name, project_id: project, ...qos, ...more };
      const { id } = (await neutron.post("networks", { network })).network;
      const made = await neutron.post("subnets", {
        subnets: subnets.map((body) => ({ ...body, network_id: id, project_id: project })),
      });
      networks.push({ id, project, subnets: made.subnets.map((s: Json) => s.id) });
    }
    return networks;
  }

  /** An external network and a router to the first two networks. */
  async #external(networks: Cloud["networks"]): Promise<string> {
    const { neutron } = this.bed;
    const { id } = (await neutron.post("networks", {
      network: {
        name: "external",
        "router:external": true,
        "provider:network_type": "flat",
        "provider:physical_network": "external",
      },
    })).network;
    await neutron.post("subnets", {
      subnet: { network_id: id, ip_version: 4, cidr: "172.24.0.0/24", enable_dhcp: false },
    });
    const router = { name: "router", external_gateway_info: { network_id: id } };
    const made = (await neutron.post("routers", { router })).router.id;
    for (const { subnets } of networks.slice(0, 2)) {
      await neutron.put(`routers/${made}/add_router_interface`, { subnet_id: subnets[0] });
    }
    return id;
  }

  async #ports(cloud: Cloud): Promise<Json[]> {
    const bodies = Array.from({ length: PORTS }, (_, i) => this.portBody(cloud, i));
    // Neutron 21 answers 500 to a bulk of ports with self-configured addresses.
    const single = new Set(
      cloud.networks.filter((_, i) => JSON.stringify(NETWORKS[i]).includes("ipv6_address_mode"))
        .map(({ id }) => id),
    );
    const bulk = bodies.filter(({ network_id }) => !single.has(network_id));
    const calls = bodies.filter(({ network_id }) => single.has(network_id)).map((port) => [port]);
    while (bulk.length > 0) calls.push(bulk.splice(0, 8));
    const made: Json[] = [];
    // A few at a time: Neutron's workers bind them beside each other.
    const worker = async () => {
      for (let ports = calls.shift(); ports; ports = calls.shift()) {
        const body = ports.length === 1 ? { port: ports[0] } : { ports };
        const answer = await this.bed.neutron.post("ports", body);
        made.push(...(answer.ports ?? [answer.port]));
      }
    };
    await Promise.all([worker(), worker(), worker()]);
    return made;
  }

  /** What the i-th port is asked for as. */
  portBody(cloud: Cloud, i: number): Json {
    const { random } = this;
    const network = cloud.networks[i % cloud.networks.length]!;
    const groups = cloud.groups.filter(({ project }) => project === network.project);
    const port: Json = {
      network_id: network.id,
      project_id: network.project,
      name: random.pick(NAMES),
      device_id: i % 41 === 0 ? `vm-ü--${i}` : random.uuid(),
      device_owner: owner(i),
      security_groups: groups.slice(0, i % 4).map(({ id }) => id),
    };
    if (i % 12 !== 11) port["binding:host_id"] = i % 60 === 29 ? DEAD_HOST : random.pick(HOSTS);
    if (i % 17 === 3) port["binding:profile"] = { migrating_to: random.pick(HOSTS) };
    // Neutron's own ports have no security groups.
    if (port.device_owner.startsWith("network:")) port.security_groups = [];
    else if (i % 13 === 0) {
      port.allowed_address_pairs = [
        { ip_address: `203.0.113.${i % 250}` },
        { ip_address: `198.18.${i % 250}.0/24` },
        { ip_address: `2001:db8::${i}` },
      ];
    } else if (i % 23 === 5) {
      port.port_security_enabled = false;
      port.security_groups = [];
    }
    if (i % 10 === 4) port.qos_policy_id = random.pick(cloud.policies);
    if (i % 29 === 2) port.admin_state_up = false;
    if (i % 14 === 6) port.dns_name = `vm-${i}`;
    // Several addresses of one subnet, and of several.
    if (i % 16 === 4) port.fixed_ips = network.subnets.map((id) => ({ subnet_id: id }));
    if (i % 16 === 8) {
      port.fixed_ips = [{ subnet_id: network.subnets[0] }, { subnet_id: network.subnets[0] }];
    }
    return port;
  }

  /** On ports of the routed networks, one with its fixed address named, and two on no port. */
  async #floatingIps(cloud: Cloud, ports: Json[]): Promise<void> {
    const { neutron } = this.bed;
    const routed = cloud.networks.slice(0, 2).map(({ subnets }) => subnets[0]);
    const targets = ports.flatMap((port) => {
      const v4 = port.fixed_ips.filter((ip: Json) => routed.includes(ip.subnet_id));
      const vm = /^(compute|kuryr)/.test(port.device_owner);
      return vm && v4.length > 0
        ? [{ port_id: port.id, fixed_ip_address: v4.at(-1).ip_address }]
        : [];
    }).slice(0, 10);
    for (const target of [...targets, {}, {}]) {
      await neutron.post("floatingips", {
        floatingip: { floating_network_id: cloud.externalNetwork, ...target },
      });
    }
  }
}

function owner(i: number): string {
  if (i % 20 === 7) return "network:dhcp";
  if (i % 20 === 13) return "baremetal:none";
  if (i % 25 === 9) return "";
  return i % 11 === 0 ? "kuryr:container" : ["compute:nova", "compute:az-2", "compute:"][i % 3]!;
}

/** A rule as Neutron takes it. */
export function ruleOf(shape: Json, group: string, other: string, project: string): Json {
  const { remote, ...rule } = shape;
  if (remote) rule.remote_group_id = remote === "self" ? group : other;
  return { ...rule, security_group_id: group, project_id: project };
}
