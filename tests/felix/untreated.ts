/** The policy of a group with its rules as they stand: what Felix would be given without any treatment. @module */
import type { Item } from "./cloud.ts";
import type { Pair } from "./judge.ts";

const NUMBERS: Readonly<Record<string, number>> = {
  dccp: 33,
  hopopt: 0,
  ip: 0,
  sctp: 132,
  tcp: 6,
  udp: 17,
  udplite: 136,
};

function ruleAsItStands(rule: Item): Record<string, unknown> {
  const { protocol, port_range_min: min, port_range_max: max } = rule;
  const isAny = protocol === null || protocol === "any" || protocol === "-1" || protocol === "0";
  const isIcmp = protocol === "icmp" || protocol === "ipv6-icmp";
  const isV4 = rule.ethertype === "IPv4";
  const name = isIcmp ? (isV4 ? "ICMP" : "ICMPv6") : NUMBERS[String(protocol)] ?? protocol;
  const icmp = isIcmp ? { icmp: { type: min ?? undefined, code: max ?? undefined } } : {};
  const ports = isIcmp || min === null ? {} : { ports: [min === max ? min : `${min}:${max}`] };
  const peer = rule.remote_ip_prefix ? { nets: [rule.remote_ip_prefix] } : {};
  const ends = rule.direction === "ingress"
    ? { source: peer, destination: ports }
    : { destination: { ...peer, ...ports } };
  const version = { ipVersion: isV4 ? 4 : 6 };
  return { action: "Allow", ...version, ...(isAny ? {} : { protocol: name }), ...icmp, ...ends };
}

/** The key and the text. */
export function untreatedPolicy(group: Item): Pair {
  const rules = group.security_group_rules as Item[];
  const of = (direction: string) =>
    rules.filter((r) => r.direction === direction).map(ruleAsItStands);
  const metadata = { name: `ossg.default.${group.id}`, namespace: "openstack" };
  const selector = `has(sg.projectcalico.org/openstack-${group.id})`;
  const spec = { ingress: of("ingress"), egress: of("egress"), selector };
  return {
    key: `/calico/resources/v3/projectcalico.org/networkpolicies/openstack/${metadata.name}`,
    value: JSON.stringify({
      kind: "NetworkPolicy",
      apiVersion: "projectcalico.org/v3",
      metadata,
      spec,
    }),
  };
}
