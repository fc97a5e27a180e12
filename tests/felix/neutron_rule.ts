/**
 * What a security-group rule means to Neutron: an oracle of its own, which shares no code with the translation.
 * Where Neutron itself gives a rule no clear meaning, it allows nothing here.
 *
 * @module
 */
import { isWithin } from "./address.ts";
import type { Item } from "./cloud.ts";

/** One packet from or to a VM. */
export interface Packet {
  readonly direction: "ingress" | "egress";
  readonly version: 4 | 6;
  readonly protocol: number;
  /** The destination's, of protocols that have ports. */
  readonly port?: number;
  /** Of ICMP. */
  readonly type?: number;
  readonly code?: number;
  /** The other end. */
  readonly peer: string;
}

/** Addresses and networks by the id of a security group or an address group. */
export type Members = ReadonlyMap<string, readonly string[]>;

const NAMES: Readonly<Record<string, number>> = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  egp: 8,
  udp: 17,
  dccp: 33,
  "ipv6-encap": 41,
  "ipv6-route": 43,
  "ipv6-frag": 44,
  rsvp: 46,
  gre: 47,
  esp: 50,
  ah: 51,
  "ipv6-icmp": 58,
  icmpv6: 58,
  "ipv6-nonxt": 59,
  "ipv6-opts": 60,
  ospf: 89,
  pgm: 113,
  vrrp: 112,
  sctp: 132,
  udplite: 136,
};
const ANY = new Set(["null", "any", "-1", "0", "hopopt", "ip"]);
const WITH_PORTS = new Set([6, 17, 33, 132, 136]);
/** Those of which Calico can say the ports. */
const CALICO_PORTS = new Set([6, 17, 132]);
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

/** The protocol's number, null for any, NaN for a word that means none. ICMP on IPv6 is ICMPv6. */
export function protocolNumber(rule: Item): number | null {
  const text = String(rule.protocol).toLowerCase();
  if (ANY.has(text)) return null;
  const number = /^\d+$/.test(text) ? Number(text) : NAMES[text] ?? NaN;
  return number === 1 && rule.ethertype === "IPv6" ? 58 : number;
}

/** A bound of the rule's range; −1 is none. */
function bound(rule: Item, name: "port_range_min" | "port_range_max"): number | null {
  const value = rule[name];
  return value === null || Number(value) === -1 ? null : Number(value);
}

/** Whether Neutron lets the packet pass for this rule. */
export function neutronAllows(
  rule: Item,
  packet: Packet,
  groups: Members,
  addressGroups: Members,
): boolean {
  if (rule.direction !== packet.direction) return false;
  if (rule.ethertype !== (packet.version === 4 ? "IPv4" : "IPv6")) return false;
  return protocolAllows(rule, packet) && peerAllows(rule, packet, groups, addressGroups);
}

function protocolAllows(rule: Item, packet: Packet): boolean {
  const protocol = protocolNumber(rule);
  const [min, max] = [bound(rule, "port_range_min"), bound(rule, "port_range_max")];
  const isOpen = min === null && max === null;
  if (protocol === null) return isOpen;
  if (protocol !== packet.protocol) return false;
  if (isOpen) return true;
  if (protocol === 1 || protocol === 58) {
    if (min === null) return false;
    return packet.type === min && (max === null || packet.code === max);
  }
  if (!WITH_PORTS.has(protocol) || min === null) return false;
  return packet.port !== undefined && packet.port >= min && packet.port <= (max ?? min);
}

function peerAllows(rule: Item, { peer }: Packet, groups: Members, addressGroups: Members) {
  const isIn = (nets: readonly string[] | undefined) =>
    nets?.some((net) => isWithin(peer, net)) ?? false;
  if (rule.remote_ip_prefix !== null && !isIn([String(rule.remote_ip_prefix)])) return false;
  if (rule.remote_group_id !== null && !isIn(groups.get(String(rule.remote_group_id)))) {
    return false;
  }
  const addressGroup = rule.remote_address_group_id ?? null;
  return addressGroup === null || isIn(addressGroups.get(String(addressGroup)));
}

/** Whether Calico has a rule for exactly this; then nothing less will do. */
export function isExpressible(rule: Item, addressGroups: Members): boolean {
  const [min, max] = [bound(rule, "port_range_min"), bound(rule, "port_range_max")];
  const version = rule.ethertype === "IPv4" ? 4 : 6;
  const prefix = rule.remote_ip_prefix as string | null;
  if (prefix !== null && prefix.includes(":") !== (version === 6)) return false;
  if (rule.remote_group_id !== null && !UUID.test(String(rule.remote_group_id))) return false;
  const addressGroup = rule.remote_address_group_id ?? null;
  if (addressGroup !== null) {
    const addresses = addressGroups.get(String(addressGroup)) ?? [];
    if (!addresses.some((text) => text.includes(":") === (version === 6))) return false;
  }
  const protocol = protocolNumber(rule);
  const isOpen = min === null && max === null;
  if (protocol === null) return isOpen;
  if (!(protocol > 0 && protocol <= 255)) return false;
  if (protocol === 1 || protocol === 58) {
    if ((protocol === 1) !== (version === 4)) return false;
    return isOpen || (min !== null && min >= 0 && min <= 254 &&
      (max === null || (max >= 0 && max <= 254)));
  }
  if (isOpen) return true;
  return CALICO_PORTS.has(protocol) && min !== null && max !== null && min >= 1 && max <= 65535 &&
    min <= max;
}
