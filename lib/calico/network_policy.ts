/**
 * Security group → NetworkPolicy spec (data model, "NetworkPolicy"). Felix reads a policy whole: one rule
 * that its validator refuses, and the whole policy counts as missing. So a rule that Calico cannot express
 * is written in its nearest narrower form or left out, never widened, and named. Pure.
 *
 * @module
 */
import type { SecurityGroup, SecurityGroupRule } from "../openstack/records.ts";
import { type Facet, withoutNets } from "./kept_facets.ts";
import { parseNetwork } from "./ip_network.ts";
import { GROUP_LABEL } from "./labels.ts";
import { type CalicoProtocol, protocolOf } from "./protocol.ts";

/** Addresses and networks by the id of their address group. */
export type AddressGroups = ReadonlyMap<string, { readonly addresses: readonly string[] }>;

type Json = Record<string, unknown>;

/** A part of a rule; with `why`, a narrower one. @throws {NotExpressible} Calico has no such rule. */
interface Part<T> {
  readonly value: T;
  readonly why: string | null;
}

/** Why a rule is left out. */
class NotExpressible extends Error {}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** Felix takes no type 255; a code has to have a type. */
const MAX_ICMP = 254;
const MAX_PORT = 65535;
const EVERYBODY = ["0.0.0.0/0", "::/0"];

function selectorOf(groupId: string): string {
  return `has(${GROUP_LABEL}${groupId})`;
}

function versionOf({ ethertype }: SecurityGroupRule): 4 | 6 {
  return ethertype === "IPv4" ? 4 : 6;
}

/** `port_range_min` and `port_range_max`, −1 as none. */
function rangeOf(rule: SecurityGroupRule): [min: number | null, max: number | null] {
  const or = (value: number | null) => value === -1 ? null : value;
  return [or(rule.port_range_min), or(rule.port_range_max)];
}

/** Type and code are in the range of ports. */
function icmpOf(rule: SecurityGroupRule): Json {
  const [type, code] = rangeOf(rule);
  if (type === null && code !== null) throw new NotExpressible(`ICMP code ${code} without a type`);
  for (const [name, value] of [["type", type], ["code", code]] as const) {
    if (value !== null && !(Number.isInteger(value) && value >= 0 && value <= MAX_ICMP)) {
      throw new NotExpressible(`ICMP ${name} ${value} is not among 0-${MAX_ICMP}`);
    }
  }
  return { ...(type === null ? {} : { type }), ...(code === null ? {} : { code }) };
}

function portsOf(rule: SecurityGroupRule, protocol: CalicoProtocol): Part<(number | string)[]> {
  const [min, max] = rangeOf(rule);
  if (min === null && max === null) return { value: [], why: null };
  const range = `${min ?? ""}:${max ?? ""}`;
  if (!protocol.hasPorts) throw new NotExpressible(`ports ${range} need TCP, UDP or SCTP`);
  if (min === null || max === null || ![min, max].every(Number.isInteger)) {
    throw new NotExpressible(`ports ${range} are no range`);
  }
  const [from, to] = [Math.max(min, 1), Math.min(max, MAX_PORT)];
  if (min < 0 || from > to) throw new NotExpressible(`ports ${range} are none of 1-${MAX_PORT}`);
  const value = [from === to ? from : `${from}:${to}`];
  const isNarrower = from !== min || to !== max;
  return { value, why: isNarrower ? `ports ${range} are written as ${from}:${to}` : null };
}

/** Whom the rule is about; empty: everybody. */
function peerOf(rule: SecurityGroupRule, addressGroups: AddressGroups): Part<Json> {
  const { remote_group_id, remote_ip_prefix, remote_address_group_id } = rule;
  const value: Json = {};
  if (remote_group_id !== null) {
    if (!UUID.test(remote_group_id)) {
      throw new NotExpressible(`remote group ${JSON.stringify(remote_group_id)} is no UUID`);
    }
    value.selector = selectorOf(remote_group_id);
  }
  if (remote_ip_prefix !== null) {
    if (parseNetwork(remote_ip_prefix)?.version !== versionOf(rule)) {
      throw new NotExpressible(
        `${JSON.stringify(remote_ip_prefix)} is no ${rule.ethertype} network`,
      );
    }
    value.nets = [remote_ip_prefix];
  }
  if (remote_address_group_id === null) return { value, why: null };
  if (remote_ip_prefix !== null) throw new NotExpressible("it has a prefix and an address group");
  const { value: nets, why } = netsOf(rule, remote_address_group_id, addressGroups);
  return { value: { ...value, nets }, why };
}

/** An address group's networks of the rule's version. */
function netsOf(
  rule: SecurityGroupRule,
  id: string,
  addressGroups: AddressGroups,
): Part<readonly string[]> {
  const group = addressGroups.get(id);
  if (!group) throw new NotExpressible(`address group ${id} is not known`);
  const read = group.addresses.map((text) => ({ text, network: parseNetwork(text) }));
  const nets = read.filter(({ network }) => network?.version === versionOf(rule))
    .map(({ text }) => text);
  if (nets.length === 0) {
    throw new NotExpressible(`address group ${id} has no ${rule.ethertype} address`);
  }
  const bad = read.find(({ network }) => network === null);
  const why = bad && `address group ${id} has ${JSON.stringify(bad.text)}, which is no network`;
  return { value: nets, why: why ?? null };
}

function partsOf(rule: SecurityGroupRule, addressGroups: AddressGroups): Part<Json> {
  const protocol = protocolOf(rule);
  if (typeof protocol === "string") throw new NotExpressible(protocol);
  const icmp = protocol.isIcmp ? icmpOf(rule) : {};
  const ports = protocol.isIcmp ? { value: [], why: null } : portsOf(rule, protocol);
  const peer = peerOf(rule, addressGroups);
  const isIngress = rule.direction === "ingress";
  const source = isIngress ? peer.value : {};
  const destination: Json = {
    ...(isIngress ? {} : peer.value),
    ...(ports.value.length > 0 ? { ports: ports.value } : {}),
  };
  const parts = Object.entries({ icmp, source, destination })
    .filter(([, part]) => Object.keys(part).length > 0);
  const value: Json = {
    action: "Allow",
    ipVersion: versionOf(rule),
    ...(protocol.value === null ? {} : { protocol: protocol.value }),
    ...Object.fromEntries(parts),
  };
  return { value, why: [ports.why, peer.why].filter((why) => why !== null).join("; ") || null };
}

/**
 * One rule of a policy, null when it is left out, and why, or what it does not say. `addressGroups`: those that
 * are known.
 */
export function toRule(
  rule: SecurityGroupRule,
  addressGroups: AddressGroups,
): { readonly rule: Json | null; readonly why: string | null } {
  try {
    const { value, why } = partsOf(rule, addressGroups);
    return { rule: value, why };
  } catch (error) {
    if (error instanceof NotExpressible) return { rule: null, why: error.message };
    throw error;
  }
}

/**
 * The policy of one group, rules in the order of their ids, so that it is stable; each rule that is left out
 * or narrowed, with why; and what etcd holds of rules whose address group is not known, and stays.
 */
export function networkPolicy(group: SecurityGroup, addressGroups: AddressGroups) {
  const rules = group.security_group_rules.toSorted((a, b) => a.id < b.id ? -1 : 1);
  const lists = { ingress: [] as unknown[], egress: [] as unknown[] };
  const inexpressible: string[] = [];
  const keep: Facet[] = [];
  for (const each of rules) {
    const { rule, why } = toRule(each, addressGroups);
    const list = lists[each.direction];
    if (rule) list.push(rule);
    if (why) inexpressible.push(`${each.id}: ${why}`);
    const like = rule ? null : likeOf(each, addressGroups);
    if (like) keep.unshift({ of: "rules", direction: each.direction, at: list.length, like });
  }
  return { spec: { ...lists, selector: selectorOf(group.id) }, inexpressible, keep };
}

/** What a rule says but for the networks of its address group, when that is what is not known; else null. */
function likeOf(rule: SecurityGroupRule, addressGroups: AddressGroups): Json | null {
  const id = rule.remote_address_group_id;
  if (id === null || addressGroups.has(id)) return null;
  const { rule: whole } = toRule(rule, new Map([[id, { addresses: EVERYBODY }]]));
  return whole && withoutNets(whole, rule.direction).rest;
}
