/**
 * A security-group rule's IP protocol, as Felix takes it (data model, "NetworkPolicy" and "What Felix
 * takes"). Pure.
 *
 * @module
 */
import type { SecurityGroupRule } from "../openstack/records.ts";

/** Neutron's table of IP protocol names. */
const PROTOCOL_NUMBERS: ReadonlyMap<string, number> = new Map(Object.entries({
  "ah": 51,
  "dccp": 33,
  "egp": 8,
  "esp": 50,
  "gre": 47,
  "hopopt": 0,
  "icmp": 1,
  "icmpv6": 58,
  "igmp": 2,
  "ip": 0,
  "ipip": 4,
  "ipv6-encap": 41,
  "ipv6-frag": 44,
  "ipv6-icmp": 58,
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

const ANY: CalicoProtocol = { value: null, isIcmp: false, hasPorts: false };
const ICMP: CalicoProtocol = { value: "ICMP", isIcmp: true, hasPorts: false };
const ICMP_V6: CalicoProtocol = { value: "ICMPv6", isIcmp: true, hasPorts: false };
const [ICMP_NUMBER, ICMP_V6_NUMBER] = [1, 58];
/** TCP, UDP and SCTP. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 132]);

/** What a policy's rule says of it. */
export interface CalicoProtocol {
  /** Null: any. */
  readonly value: string | number | null;
  /** The rule's range of ports is a type and a code. */
  readonly isIcmp: boolean;
  /** Felix takes ports with it. */
  readonly hasPorts: boolean;
}

/** The protocol of a rule, or why Calico has none such. A decimal string stays what it is. */
export function protocolOf(
  { protocol, ethertype }: Pick<SecurityGroupRule, "protocol" | "ethertype">,
): CalicoProtocol | string {
  if (protocol === null || protocol === "any") return ANY;
  const number = numberOf(protocol);
  if (number === undefined) return `protocol ${JSON.stringify(protocol)} is unknown`;
  if (number === 0 || number === -1) return ANY;
  if (!Number.isInteger(number) || number < 0 || number > 255) {
    return `protocol ${protocol} is not among 0-255`;
  }
  // Neutron takes ICMP on IPv6 for ICMPv6, by name and by number.
  if (number === ICMP_NUMBER) return ethertype === "IPv4" ? ICMP : ICMP_V6;
  if (number === ICMP_V6_NUMBER) return ethertype === "IPv6" ? ICMP_V6 : "ICMPv6 on IPv4";
  const isText = typeof protocol === "string" && /^\d+$/.test(protocol);
  return { value: isText ? protocol : number, isIcmp: false, hasPorts: WITH_PORTS.has(number) };
}

function numberOf(protocol: string | number): number | undefined {
  if (typeof protocol === "number") return protocol;
  return /^-?\d+$/.test(protocol) ? Number(protocol) : PROTOCOL_NUMBERS.get(protocol.toLowerCase());
}
