/** Small clouds drawn at random: rules, pairs, names, QoS and DNS as Neutron can hold them. @module */
import fc from "fast-check";
import type { Cloud, Item } from "./cloud.ts";

/** The hosts of every drawn cloud. */
export const HOSTS: readonly string[] = ["host-1", "compute-a.example.org", "Rack_7--b"];
/** How many there are of each. */
const SIZES = { group: 3, network: 2, policy: 2, project: 2, addressGroup: 2 } as const;

/** The id of an object; kinds are hexadecimal digits. */
export function uuid(kind: string, number: number): string {
  return `${kind.padEnd(8, "0")}-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;
}
const groupId = (number: number) => uuid("9", number);

const PROTOCOL_NAMES = (
  "ah dccp egp esp gre hopopt icmp igmp ip ipip ipv6-encap ipv6-frag ipv6-icmp icmpv6 ipv6-nonxt " +
  "ipv6-opts ipv6-route ospf pgm rsvp sctp tcp udp udplite vrrp"
).split(" ");
const protocolArb = fc.oneof(
  fc.constantFrom(null, "any", "-1", "0"),
  fc.constantFrom("tcp", "udp", "icmp", "ipv6-icmp", "sctp", "6", "17", "1", "58", 6, 1),
  fc.constantFrom(...PROTOCOL_NAMES),
  fc.integer({ min: 0, max: 255 }).map(String),
  { arbitrary: fc.constantFrom("foo", "256", "TCP"), weight: 1 },
);
const portArb = fc.oneof(
  fc.integer({ min: 1, max: 65535 }),
  fc.constantFrom(1, 22, 80, 443, 65535),
  { arbitrary: fc.constantFrom(0, 65536), weight: 1 },
);
const icmpArb = fc.oneof(fc.constantFrom(0, 3, 8, 128, 254, 255), fc.integer({ min: 0, max: 255 }));
const NO_RANGE: [number | null, number | null] = [null, null];
/** Ports, ICMP's type and code, and the odd ones out of old databases. */
const rangeArb: fc.Arbitrary<[number | null, number | null]> = fc.oneof(
  fc.constant(NO_RANGE),
  portArb.map<[number, number]>((port) => [port, port]),
  fc.tuple(portArb, portArb).map<[number, number]>(([a, b]) => a < b ? [a, b] : [b, a]),
  fc.tuple(icmpArb, fc.option(icmpArb)),
  fc.constantFrom<[number | null, number | null]>([-1, -1], [1, 65535], [null, 3], [9, 5], [8, -1]),
);
const v4Net = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([bits, length]) => {
    const masked = length === 0 ? 0 : (bits & (-1 << (32 - length))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (masked >>> shift) & 255).join(".")}/${length}`;
  });
const prefixArb = fc.oneof(
  { arbitrary: fc.constant(null), weight: 4 },
  v4Net,
  fc.constantFrom("0.0.0.0/0", "::/0", "10.0.0.0/16", "192.0.2.7/32", "fd00::/64", "2001:db8::/32"),
  fc.constantFrom("fd00::5/128", "10.0.0.10/32"),
);

/** What a rule says of protocol and ports: mostly what makes sense, often what does not. */
const contentArb = fc.oneof(
  fc.record({ protocol: fc.constantFrom(null, "any", "hopopt"), range: fc.constant(NO_RANGE) }),
  fc.record({
    protocol: fc.constantFrom("tcp", "udp", "sctp", "6", "17", "132", 6),
    range: fc.tuple(portArb, portArb)
      .map<[number, number]>(([a, b]) => a < b ? [a, b] : [b, a]),
  }),
  fc.record({
    protocol: fc.constantFrom("icmp", "ipv6-icmp", "icmpv6", "1", "58", 1),
    range: fc.oneof(fc.tuple(icmpArb, fc.option(icmpArb)), fc.constant(NO_RANGE)),
  }),
  fc.record({ protocol: protocolArb, range: fc.constant(NO_RANGE) }),
  { arbitrary: fc.record({ protocol: protocolArb, range: rangeArb }), weight: 2 },
);

const ruleArb = fc.record({
  direction: fc.constantFrom("ingress", "egress"),
  ethertype: fc.constantFrom("IPv4", "IPv4", "IPv6"),
  content: contentArb,
  remote_ip_prefix: prefixArb,
  /** Whether the prefix is of the rule's version, as Neutron sees to. */
  fits: fc.integer({ min: 0, max: 9 }).map((n) => n > 0),
  remote_group: fc.option(fc.nat(SIZES.group), { freq: 3 }),
  remote_address_group: fc.option(fc.nat(SIZES.addressGroup), { freq: 8 }),
});
type DrawnRule = typeof ruleArb extends fc.Arbitrary<infer T> ? T : never;

/** Neutron takes one kind of peer a rule. */
function ruleOf(drawn: DrawnRule, number: number): Item {
  const { remote_ip_prefix, direction, remote_group, remote_address_group } = drawn;
  const ofPrefix = remote_ip_prefix?.includes(":") ? "IPv6" : "IPv4";
  const ethertype = drawn.fits && remote_ip_prefix !== null ? ofPrefix : drawn.ethertype;
  const { protocol, range: [port_range_min, port_range_max] } = drawn.content;
  const hasGroup = remote_ip_prefix === null && remote_group !== null;
  const hasAddressGroup = remote_ip_prefix === null && !hasGroup && remote_address_group !== null;
  return {
    id: uuid("f", number),
    direction,
    ethertype,
    protocol,
    port_range_min,
    port_range_max,
    remote_ip_prefix,
    remote_group_id: hasGroup ? groupId(remote_group) : null,
    remote_address_group_id: hasAddressGroup ? uuid("a", remote_address_group) : null,
  };
}

const nameArb = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom("default", "web tier", "Ärzte & Söhne", "-a-", "x".repeat(255), "'; \"", "a/b"),
);
const pairArb = fc.oneof(
  v4Net,
  fc.constantFrom(
    "0.0.0.0/0",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "::/0",
    "10.244.0.0/16",
    "10.200.0.0/24",
  ),
  fc.constantFrom("10.9.9.9", "10.9.9.9/32", "fd00::99", "fd00::99/128", "8000::/1"),
);
const rateArb = fc.constantFrom(0, 1, 1000, 20_000, 10_000_000, 2_147_483_647);
const policyArb = fc.array(
  fc.record({
    type: fc.constantFrom(
      "bandwidth_limit",
      "packet_rate_limit",
      "dscp_marking",
      "minimum_bandwidth",
    ),
    direction: fc.constantFrom("ingress", "egress"),
    max_kbps: rateArb,
    max_burst_kbps: rateArb,
    max_kpps: rateArb,
  }),
  { maxLength: 3 },
);
const small = fc.nat(3);
const drawnPortArb = fc.record({
  host: fc.nat(HOSTS.length - 1),
  network: fc.nat(SIZES.network - 1),
  addresses: fc.constantFrom("4", "6", "46", "46", "446", ""),
  groups: fc.subarray([0, 1, 2]),
  pairs: fc.array(pairArb, { maxLength: 3 }),
  policy: fc.option(fc.nat(SIZES.policy - 1)),
  floating: fc.boolean(),
  migrating: fc.option(fc.nat(HOSTS.length - 1), { freq: 6 }),
  project: fc.nat(SIZES.project),
  device: fc.oneof(
    { arbitrary: fc.constant(null), weight: 5 },
    fc.constantFrom("vm-7", "VM.7", "a--b", "überall", "x:y"),
  ),
  dnsName: fc.option(
    fc.oneof(fc.domain(), fc.constantFrom("vm-1.lab.example.", "Büro.example.", "")),
  ),
  upper: fc.boolean(),
});

const cloudArb = fc.record({
  region: fc.constantFrom(null, "north"),
  names: fc.array(nameArb, { minLength: 8, maxLength: 8 }),
  gateway: small,
  rules: fc.array(fc.array(ruleArb, { maxLength: 4 }), {
    minLength: SIZES.group,
    maxLength: SIZES.group,
  }),
  addresses: fc.array(fc.array(v4Net, { maxLength: 3 }), {
    minLength: SIZES.addressGroup,
    maxLength: SIZES.addressGroup,
  }),
  policies: fc.array(policyArb, { minLength: SIZES.policy, maxLength: SIZES.policy }),
  ports: fc.array(drawnPortArb, { minLength: 1, maxLength: 4 }),
});
type Drawn = typeof cloudArb extends fc.Arbitrary<infer T> ? T : never;
type DrawnPort = Drawn["ports"][number];

/** That many clouds; the same seed draws the same. */
export function drawnClouds(count: number, seed: number): Cloud[] {
  return fc.sample(cloudArb, { numRuns: count, seed }).map(cloudOf);
}

function cloudOf(drawn: Drawn): Cloud {
  const { names } = drawn;
  let rules = 0;
  const networks = Array.from({ length: SIZES.network }, (_, n) => ({
    id: uuid("c", n),
    name: names[n]!,
    qos_policy_id: n === 1 ? uuid("b", 0) : null,
  }));
  return {
    region: drawn.region,
    projects: Array.from({ length: SIZES.project }, (_, n) => ({
      id: uuid("e", n),
      name: names[2 + n]!,
      parent_id: n === 0 ? null : "default",
    })),
    networks,
    subnets: networks.flatMap(({ id }, n) => subnetsOf(id, n, drawn.gateway)),
    qosPolicies: drawn.policies.map((of, n) => ({
      id: uuid("b", n),
      rules: of.map((rule, i) => ({ id: uuid("b1", i), ...rule })),
    })),
    securityGroups: drawn.rules.map((of, n) => ({
      id: groupId(n),
      name: names[4 + n]!,
      security_group_rules: of.map((rule) => ruleOf(rule, rules++)),
    })),
    addressGroups: drawn.addresses.map((addresses, n) => ({ id: uuid("a", n), addresses })),
    ports: drawn.ports.map(portOf),
    floatingIps: drawn.ports.flatMap(floatingIpsOf),
  };
}

function subnetsOf(network_id: string, number: number, gateway: number): Item[] {
  const subnet = (version: 4 | 6, cidr: string, gateway_ip: string | null) => ({
    id: uuid("d", number * 10 + version),
    network_id,
    cidr,
    enable_dhcp: gateway > 0,
    gateway_ip: gateway === 2 ? null : gateway_ip,
    host_routes: [],
    dns_nameservers: [],
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
  });
  return [
    subnet(4, `10.${number}.0.0/16`, `10.${number}.0.1`),
    subnet(6, `fd00:${number}::/64`, `fd00:${number}::1`),
  ];
}

/** One address for each digit, which is the IP version. */
function addressesOf({ addresses, network }: DrawnPort, number: number): string[] {
  return [...addresses].map((version, i) =>
    version === "4" ? `10.${network}.${i}.${number + 10}` : `fd00:${network}::${number + 10}`
  );
}

function portOf(drawn: DrawnPort, number: number): Item {
  const ips = addressesOf(drawn, number);
  const mac = `fa:16:3e:00:0a:0${number}`;
  return {
    id: uuid("1", number),
    network_id: uuid("c", drawn.network),
    device_id: drawn.device ?? uuid("2", number),
    device_owner: "compute:nova",
    mac_address: drawn.upper ? mac.toUpperCase() : mac,
    project_id: uuid("e", drawn.project),
    status: "ACTIVE",
    fixed_ips: ips.map((ip_address) => ({
      ip_address,
      subnet_id: uuid("d", drawn.network * 10 + (ip_address.includes(":") ? 6 : 4)),
    })),
    allowed_address_pairs: drawn.pairs.map((ip_address) => ({ ip_address })),
    security_groups: drawn.groups.map(groupId),
    "binding:host_id": HOSTS[drawn.host]!,
    "binding:vif_type": "tap",
    "binding:profile": drawn.migrating === null ? {} : { migrating_to: HOSTS[drawn.migrating]! },
    qos_policy_id: drawn.policy === null ? null : uuid("b", drawn.policy),
    dns_assignment: drawn.dnsName === null ? [] : [{ fqdn: drawn.dnsName }],
  };
}

function floatingIpsOf(drawn: DrawnPort, number: number): Item[] {
  const [fixed_ip_address] = addressesOf(drawn, number);
  if (!drawn.floating || !fixed_ip_address || fixed_ip_address.includes(":")) return [];
  const floating_ip_address = `203.0.113.${number + 1}`;
  return [{
    id: uuid("3", number),
    port_id: uuid("1", number),
    fixed_ip_address,
    floating_ip_address,
  }];
}
