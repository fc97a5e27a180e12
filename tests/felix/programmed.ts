/** What the rules let pass that Felix programs. A field that is not known here is an error. @module */
import { isWithin } from "./address.ts";
import type { Outcome } from "./judge.ts";
import type { Packet } from "./neutron_rule.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What Felix's names of protocols stand for. */
const NAMES: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  icmp: 1,
  icmpv6: 58,
  sctp: 132,
  udplite: 136,
};
/** They say where a rule comes from and match nothing. */
const REMARKS =
  /^(?:ruleId|action|original(?:Src|Dst)(?:NamespaceSelector|Selector)|(?:src|dst)ServiceAccountMatch)$/;
const MATCHED = new Set([
  "ipVersion",
  "protocol",
  "srcNet",
  "dstNet",
  "dstPorts",
  "srcIpSetIds",
  "dstIpSetIds",
  "icmpType",
  "icmpTypeCode",
]);

/** Whether a policy lets the packet pass. @throws Error when it has what is not understood here. */
export function felixAllows(policy: Fields, packet: Packet, ipSets: Outcome["ipSets"]): boolean {
  const rules = policy[packet.direction === "ingress" ? "inboundRules" : "outboundRules"];
  return ((rules ?? []) as Fields[]).some((rule) => ruleAllows(rule, packet, ipSets));
}

function ruleAllows(rule: Fields, packet: Packet, ipSets: Outcome["ipSets"]): boolean {
  for (const name of Object.keys(rule)) {
    if (!REMARKS.test(name) && !MATCHED.has(name)) throw new Error(`what does ${name} match?`);
  }
  if (rule.action !== "allow") throw new Error(`what does ${rule.action} do?`);
  const version = rule.ipVersion;
  if (version !== undefined && version !== (packet.version === 4 ? "IPV4" : "IPV6")) return false;
  return protocolAllows(rule, packet) && peerAllows(rule, packet, ipSets);
}

function protocolAllows(rule: Fields, packet: Packet): boolean {
  const protocol = rule.protocol as { number?: number; name?: string } | undefined;
  if (protocol) {
    const number = protocol.number ?? NAMES[protocol.name ?? ""];
    if (number === undefined) throw new Error(`which protocol is ${protocol.name}?`);
    if (number !== packet.protocol) return false;
  }
  const ports = rule.dstPorts as { first?: number; last?: number }[] | undefined;
  const { port } = packet;
  if (ports && (port === undefined || !ports.some((p) => isBetween(port, p)))) return false;
  if (rule.icmpType !== undefined && rule.icmpType !== packet.type) return false;
  const both = rule.icmpTypeCode as { type?: number; code?: number } | undefined;
  return !both || ((both.type ?? 0) === packet.type && (both.code ?? 0) === packet.code);
}

function isBetween(port: number, { first = 0, last = 0 }: { first?: number; last?: number }) {
  return port >= first && port <= last;
}

/** The other end is the source of what comes in, the destination of what goes out. */
function peerAllows(rule: Fields, packet: Packet, ipSets: Outcome["ipSets"]): boolean {
  const [mine, other] = packet.direction === "ingress" ? ["dst", "src"] : ["src", "dst"];
  if (rule[`${mine}Net`] !== undefined || rule[`${mine}IpSetIds`] !== undefined) {
    throw new Error(`a rule for what is ${packet.direction} asks for the VM's own address`);
  }
  const isIn = (nets: readonly string[]) => nets.some((net) => isWithin(packet.peer, net));
  const nets = rule[`${other}Net`] as string[] | undefined;
  if (nets && !isIn(nets)) return false;
  const sets = rule[`${other}IpSetIds`] as string[] | undefined;
  return (sets ?? []).every((id) => isIn(ipSets[id] ?? []));
}
