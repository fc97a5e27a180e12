/** Security group → NetworkPolicy spec (data model, "NetworkPolicy"). Pure. @module */
import type { SecurityGroup, SecurityGroupRule } from "../openstack/records.ts";

/** Neutron's table of IP protocol names. */
const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries({
  "ah": 51,
  "dccp": 33,
  "egp": 8,
  "esp": 50,
  "gre": 47,
  "hopopt": 0,
  "icmp": 1,
  "igmp": 2,
  "ip": 0,
  "ipip": 4,
  "ipv6-encap": 41,
  "ipv6-frag": 44,
  "ipv6-icmp": 58,
  "icmpv6": 58,
  "ipv6-nonxt": 59,
  "ipv6-opts": 60,
  "ipv6-route": 43,
  "ospf": 89,
  "pgm": 113,
  "rsvp": 46,
  "sctp": 132,
  "tcp": 6,
  "udp": 17,
  "udplite": 136,
  "vrrp": 112,
}));

const ANY = new Set<string | number>(["any", "0", "-1", 0, -1]);

function selectorOf(groupId: string): string {
  return `has(sg.projectcalico.org/openstack-${groupId})`;
}

/** Calico's protocol, or undefined for any. A decimal string stays what it is. */
function protocolOf(rule: SecurityGroupRule): string | number | undefined {
  const { protocol } = rule;
  if (protocol === null || ANY.has(protocol)) return undefined;
  if (typeof protocol === "number") return protocol;
  if (protocol === "icmp") return rule.ethertype === "IPv4" ? "ICMP" : "ICMPv6";
  if (protocol === "ipv6-icmp") return "ICMPv6";
  if (/^\d+$/.test(protocol)) return protocol;
  return PROTOCOL_NUMBERS.get(protocol) ?? protocol.toUpperCase();
}

function icmpOf(rule: SecurityGroupRule): Record<string, number> {
  const icmp: Record<string, number> = {};
  const { port_range_min: type, port_range_max: code } = rule;
  if (type !== null && type !== -1) icmp.type = type;
  if (code !== null && code !== -1) icmp.code = code;
  return icmp;
}

function portsOf({ port_range_min: min, port_range_max: max }: SecurityGroupRule) {
  if (min === null || min === -1) return [];
  return [min === max || max === null ? min : `${min}:${max}`];
}

/** One rule of a policy. */
export function toRule(rule: SecurityGroupRule): Record<string, unknown> {
  const result: Record<string, unknown> = {
    action: "Allow",
    ipVersion: rule.ethertype === "IPv4" ? 4 : 6,
  };
  const protocol = protocolOf(rule);
  if (protocol !== undefined) result.protocol = protocol;
  const isIcmp = rule.protocol === "icmp" || rule.protocol === "ipv6-icmp";
  const icmp = isIcmp ? icmpOf(rule) : {};
  if (Object.keys(icmp).length > 0) result.icmp = icmp;
  const peer: Record<string, unknown> = {};
  if (rule.remote_group_id) peer.selector = selectorOf(rule.remote_group_id);
  if (rule.remote_ip_prefix) peer.nets = [rule.remote_ip_prefix];
  const ports = isIcmp ? [] : portsOf(rule);
  const source = rule.direction === "ingress" ? peer : {};
  const destination: Record<string, unknown> = rule.direction === "ingress" ? {} : { ...peer };
  if (ports.length > 0) destination.ports = ports;
  if (Object.keys(source).length > 0) result.source = source;
  if (Object.keys(destination).length > 0) result.destination = destination;
  return result;
}

/** The spec of the policy of one group; rules in the order of their ids, so that it is stable. */
export function networkPolicySpec(group: SecurityGroup): Record<string, unknown> {
  const rules = group.security_group_rules.toSorted((a, b) => a.id < b.id ? -1 : 1);
  const of = (direction: string) => rules.filter((r) => r.direction === direction).map(toRule);
  return { ingress: of("ingress"), egress: of("egress"), selector: selectorOf(group.id) };
}
