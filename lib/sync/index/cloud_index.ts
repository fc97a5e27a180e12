/**
 * What the syncer remembers between two runs, so that it can tell what has changed and whom that
 * concerns: revisions by kind, what endpoints show of other objects, and which keys stand for a port.
 * The objects themselves are always read afresh; what their endpoints show of others may come from
 * here, because whoever changes it here looks at all ports that show it, or owes that.
 *
 * What there is of every port is packed (some 110 bytes, and 30 again while a full resync makes the next
 * one beside it); networks, subnets, groups, policies, floating
 * IPs and projects, which are fewer, are kept as objects.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../../calico/keys.ts";
import { calicoNamespace } from "../../calico/regions.ts";
import type {
  AddressGroup,
  FloatingIp,
  Network,
  Port,
  Project,
  QosPolicy,
  SecurityGroup,
  Subnet,
} from "../../openstack/records.ts";
import { ID_PATTERN } from "../../openstack/page.ts";
import type { PackedIndex } from "../../packed/packed_index.ts";
import { KeyTable } from "./key_table.ts";
import { type Kind, KINDS } from "../model/translate.ts";
import { PortTable } from "./port_table.ts";
import { Revisions } from "./revisions.ts";
import { RelatedObjects } from "./related_objects.ts";
import { addWork, newWork, type Work } from "./backlog.ts";

/** Neutron's collections that are followed by revision. */
export const FOLLOWED = [
  "ports",
  "networks",
  "subnets",
  "security-groups",
  "floatingips",
  "qos/policies",
  "address-groups",
] as const;
export type Followed = typeof FOLLOWED[number];

/** Groups' and subnets' keys end with an id; endpoints' and migrations' have a device before it. */
const UUIDS_IN_KEY = {
  NetworkPolicy: 1,
  LiveMigration: 2,
  WorkloadEndpoint: 2,
  Subnet: 1,
} as const;

const NONE: ReadonlySet<string> = new Set();

/** Ids of the address groups that these rules name. */
export function addressGroupsIn(rules: SecurityGroup["security_group_rules"]): Set<string> {
  const named = rules.map(({ remote_address_group_id }) => remote_address_group_id);
  return new Set(named.filter((id) => id !== null && ID_PATTERN.test(id)) as string[]);
}

/** See the module. */
export class CloudIndex {
  /** Keys in etcd, as a full resync saw them. */
  readonly keys: Readonly<Record<Kind, KeyTable>>;
  readonly ports: PortTable;
  readonly revisions: Readonly<Record<Followed, Revisions>>;
  readonly portOfFloatingIp = new Map<string, string>();
  /** Floating addresses by the id of their floating IP, and the other way round. */
  readonly #addresses = new Map<string, string>();
  readonly #floatingIpAt = new Map<string, string>();
  readonly related: RelatedObjects;
  /** Address groups that the rules of a security group name, by its id; only of those that name some. */
  readonly #addressGroupsOf = new Map<string, ReadonlySet<string>>();
  projectsReadAt = -Infinity;
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;
  #parent: CloudIndex | null = null;
  /** What an earlier run should have looked at and could not. */
  #backlog = newWork();

  /**
   * `beside`: another one, of which this is independent; ids and keys that both have are kept once. Who
   * makes one beside another closes one of them.
   */
  constructor(readonly region: string | null, beside?: CloudIndex) {
    this.related = new RelatedObjects(calicoNamespace(region));
    this.#prefixes = resourcePrefixes(region);
    this.keys = Object.fromEntries(
      KINDS.map((kind) => [kind, new KeyTable(UUIDS_IN_KEY[kind], beside?.keys[kind])]),
    ) as Record<Kind, KeyTable>;
    this.ports = new PortTable(this.keys.WorkloadEndpoint, beside?.ports);
    const revisions = (kind: Followed) => new Revisions(beside?.revisions[kind]);
    this.revisions = {
      ports: this.ports,
      networks: revisions("networks"),
      subnets: revisions("subnets"),
      "security-groups": revisions("security-groups"),
      floatingips: revisions("floatingips"),
      "qos/policies": revisions("qos/policies"),
      "address-groups": revisions("address-groups"),
    };
  }

  get #indexes(): PackedIndex[] {
    return [...Object.values(this.keys), ...Object.values(this.revisions)].map(({ index }) =>
      index
    );
  }

  /** Bytes of what is packed: it grows with the cloud. */
  get packedBytes(): number {
    return this.#indexes.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Bytes of it that another one beside it takes again. */
  get ownBytes(): number {
    return this.#indexes.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  }

  /** It is not used any more: gives back what it shares. */
  close(): void {
    for (const index of this.#indexes) index.close();
  }

  /** For a run that does not write: it knows the same keys, and what it learns is not taken for written. */
  scratch(): CloudIndex {
    const copy = new CloudIndex(this.region);
    copy.#parent = this;
    return copy;
  }

  /** Takes what is owed; whoever cannot do it must owe it again. */
  takeBacklog(): Work {
    const owed = this.#backlog;
    this.#backlog = newWork();
    return owed;
  }

  addToBacklog(work: Work): void {
    addWork(this.#backlog, work);
  }

  /** Keys of endpoints and migrations that stand for the port. */
  keysOf(port: string): Iterable<string> {
    if (!this.#parent) return this.ports.keysOf(port);
    return new Set([...this.#parent.keysOf(port), ...this.ports.keysOf(port)]);
  }

  /** How many keys of a kind etcd holds, as far as is known. */
  keyCount(kind: Kind): number {
    return Math.max(this.keys[kind].index.size, this.#parent?.keyCount(kind) ?? 0);
  }

  addKey(port: string, key: string): void {
    if (!key.startsWith(this.#prefixes.WorkloadEndpoint)) return this.ports.addKey(port, key);
    this.ports.addEndpoint(port, this.keys.WorkloadEndpoint.index.add(key));
  }

  dropKey(port: string, key: string): void {
    this.ports.dropKey(port, key);
  }

  port({ id, revision_number, qos_policy_id }: Port): void {
    this.ports.note(id, revision_number, qos_policy_id);
  }

  /** Its floating IPs are their own affair. */
  forgetPort(id: string): void {
    this.ports.delete(id);
  }

  /** Notes a network; true: its ports show something of it otherwise than before. */
  network(network: Network): boolean {
    if (this.#isOld("networks", network)) return false;
    this.revisions.networks.set(network.id, network.revision_number);
    return this.related.put("networks", network);
  }

  /** Notes a subnet; as for a network. */
  subnet(subnet: Subnet): boolean {
    if (this.#isOld("subnets", subnet)) return false;
    this.keys.Subnet.doubt(policyOrSubnetKey(this.#prefixes, "Subnet", subnet.id));
    this.revisions.subnets.set(subnet.id, subnet.revision_number);
    return this.related.put("subnets", subnet);
  }

  /** Notes a security group; as for a network. */
  group(group: SecurityGroup): boolean {
    if (this.#isOld("security-groups", group)) return false;
    this.groupRules(group);
    return this.#groupName(group);
  }

  /** Notes which address groups a security group's rules name. */
  groupRules({ id, security_group_rules }: SecurityGroup): void {
    const named = addressGroupsIn(security_group_rules);
    if (named.size > 0) this.#addressGroupsOf.set(id, named);
    else this.#addressGroupsOf.delete(id);
  }

  /** Notes a security group that is as another index has it. */
  sameGroup(id: string, other: CloudIndex): void {
    const group = other.related.securityGroups.get(id)!;
    const named = other.#addressGroupsOf.get(id);
    if (this.#isOld("security-groups", group)) return;
    if (named) this.#addressGroupsOf.set(id, named);
    this.#groupName(group);
  }

  /** Address groups that a security group's rules name. */
  addressGroupsOf(group: string): ReadonlySet<string> {
    return this.#addressGroupsOf.get(group) ?? NONE;
  }

  /** Security groups whose rules name the address group. */
  groupsNaming(addressGroup: string): string[] {
    return [...this.#addressGroupsOf].filter(([, named]) => named.has(addressGroup))
      .map(([id]) => id);
  }

  /** Notes an address group; true: it is new or has other addresses than before. */
  addressGroup(group: AddressGroup): boolean {
    if (this.#isOld("address-groups", group)) return false;
    this.revisions["address-groups"].set(group.id, group.revision_number);
    return this.related.put("addressGroups", group);
  }

  #groupName({ id, name, revision_number }: Omit<SecurityGroup, "security_group_rules">): boolean {
    this.keys.NetworkPolicy.doubt(policyOrSubnetKey(this.#prefixes, "NetworkPolicy", id));
    this.revisions["security-groups"].set(id, revision_number);
    return this.related.put("securityGroups", { id, name, revision_number });
  }

  /** Notes a QoS policy; as for a network. */
  policy(policy: QosPolicy): boolean {
    if (this.#isOld("qos/policies", policy)) return false;
    this.revisions["qos/policies"].set(policy.id, policy.revision_number);
    return this.related.put("qosPolicies", policy);
  }

  /** Whether another run has noted it since it was read. */
  #isOld(kind: Followed, { id, revision_number }: { id: string; revision_number: number }) {
    return (this.revisions[kind].get(id) ?? -1) > revision_number;
  }

  /** Adds the ports that show these QoS policies, their own or their network's. */
  addPortsOfPolicies(policies: ReadonlySet<string>, { ports, portsOf }: Work): void {
    for (const { id, qos_policy_id } of this.related.networks.values()) {
      if (qos_policy_id !== null && policies.has(qos_policy_id)) portsOf.network_id.add(id);
    }
    for (const port of this.ports.withPolicy(policies)) ports.add(port);
  }

  /** Notes a floating IP; the ports whose endpoints show it, before and now. */
  floatingIp(fip: FloatingIp): string[] {
    if (this.#isOld("floatingips", fip)) return [];
    const before = this.#detach(fip.id);
    this.revisions.floatingips.set(fip.id, fip.revision_number);
    this.#addresses.set(fip.id, fip.floating_ip_address);
    this.#floatingIpAt.set(fip.floating_ip_address, fip.id);
    if (fip.port_id === null) return before;
    this.portOfFloatingIp.set(fip.id, fip.port_id);
    const others = this.related.floatingIps.get(fip.port_id) ?? [];
    // In the order of ids, as Neutron lists them.
    const sorted = [...others, fip].sort((a, b) => a.id < b.id ? -1 : 1);
    this.related.floatingIps.set(fip.port_id, sorted);
    return [...before, fip.port_id];
  }

  /** The floating IPs of these ports as just read; other ports that showed one of them. */
  floatingIpsOf(ports: readonly string[], fips: readonly FloatingIp[]): string[] {
    const now = new Set(fips.map(({ id }) => id));
    for (const port of ports) {
      for (const { id } of this.related.floatingIps.get(port) ?? []) {
        if (now.has(id)) continue;
        this.#detach(id);
        this.#forgetAddress(id);
        // Where it is now, if anywhere, was not read.
        this.revisions.floatingips.delete(id);
      }
    }
    const shown = fips.flatMap((fip) => this.floatingIp(fip));
    return shown.filter((port) => !ports.includes(port));
  }

  /** Whether Neutron has a floating IP of that address, wherever it points. */
  knowsAddress(address: string): boolean {
    return this.#floatingIpAt.has(address);
  }

  /** The address of a floating IP that is remembered. */
  addressOf(fip: string): string | undefined {
    return this.#addresses.get(fip);
  }

  /** Some floating address that is not among those; null: none is known. */
  otherAddress(than: ReadonlySet<string>): string | null {
    for (const address of this.#floatingIpAt.keys()) if (!than.has(address)) return address;
    return null;
  }

  #forgetAddress(fip: string): void {
    const address = this.#addresses.get(fip);
    if (address === undefined) return;
    this.#addresses.delete(fip);
    if (this.#floatingIpAt.get(address) === fip) this.#floatingIpAt.delete(address);
  }

  #detach(fip: string): string[] {
    const port = this.portOfFloatingIp.get(fip);
    if (port === undefined) return [];
    this.portOfFloatingIp.delete(fip);
    const left = (this.related.floatingIps.get(port) ?? []).filter(({ id }) => id !== fip);
    if (left.length > 0) this.related.floatingIps.set(port, left);
    else this.related.floatingIps.delete(port);
    return [port];
  }

  /** An object that Neutron no longer has; the ports that showed a floating IP. */
  forget(kind: Exclude<Followed, "ports">, id: string): string[] {
    this.revisions[kind].delete(id);
    switch (kind) {
      case "networks":
      case "subnets":
        this.related.delete(kind, id);
        return [];
      case "security-groups":
        this.related.delete("securityGroups", id);
        this.#addressGroupsOf.delete(id);
        return [];
      case "address-groups":
        this.related.delete("addressGroups", id);
        return [];
      case "qos/policies":
        this.related.delete("qosPolicies", id);
        return [];
      case "floatingips":
        this.#forgetAddress(id);
        return this.#detach(id);
    }
  }

  /** Ids of those that show otherwise than before. */
  projects(all: readonly Project[], now: number): string[] {
    this.projectsReadAt = now;
    return this.related.replace("projects", [...this.related.projects.keys()], all);
  }
}
