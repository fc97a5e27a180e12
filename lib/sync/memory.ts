/**
 * What the syncer remembers between two passes, so that it can tell what has changed and whom that
 * concerns: revisions by kind, what endpoints show of other objects, and which keys stand for a port.
 * Nothing of it decides what is written; that always comes from fresh reads.
 *
 * What there is of every port is packed (some 120 bytes); networks, subnets, groups, policies, floating
 * IPs and projects, which are fewer, are kept as objects.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../calico/keys.ts";
import { calicoNamespace } from "../calico/regions.ts";
import type {
  FloatingIp,
  Network,
  Port,
  Project,
  QosPolicy,
  SecurityGroup,
  Subnet,
} from "../openstack/records.ts";
import { KeyTable } from "./key_table.ts";
import { type Kind, KINDS } from "./objects.ts";
import { PortTable } from "./port_table.ts";
import { Revisions } from "./revisions.ts";
import { Around } from "./surroundings.ts";

/** Neutron's collections that are followed by revision. */
export const FOLLOWED = [
  "ports",
  "networks",
  "subnets",
  "security-groups",
  "floatingips",
  "qos/policies",
] as const;
export type Followed = typeof FOLLOWED[number];

/** Groups' and subnets' keys end with an id; endpoints' and migrations' have a device before it. */
const UUIDS_IN_KEY = {
  NetworkPolicy: 1,
  LiveMigration: 2,
  WorkloadEndpoint: 2,
  Subnet: 1,
} as const;

/** See the module. */
export class Memory {
  /** Keys in etcd, as a full resync saw them. */
  readonly keys = Object.fromEntries(
    KINDS.map((kind) => [kind, new KeyTable(UUIDS_IN_KEY[kind])]),
  ) as Record<Kind, KeyTable>;
  readonly ports = new PortTable(this.keys.WorkloadEndpoint);
  readonly revisions: Readonly<Record<Followed, Revisions>> = {
    ports: this.ports,
    networks: new Revisions(),
    subnets: new Revisions(),
    "security-groups": new Revisions(),
    floatingips: new Revisions(),
    "qos/policies": new Revisions(),
  };
  readonly portOfFloatingIp = new Map<string, string>();
  readonly around: Around;
  projectsReadAt = -Infinity;
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;
  #parent: Memory | null = null;

  constructor(readonly region: string | null) {
    this.around = new Around(calicoNamespace(region));
    this.#prefixes = resourcePrefixes(region);
  }

  /** For a narrow pass: it knows the same keys, and what it learns is not taken for written. */
  scratch(): Memory {
    const copy = new Memory(this.region);
    copy.#parent = this;
    return copy;
  }

  /** Keys of endpoints and migrations that stand for the port. */
  keysOf(port: string): Iterable<string> {
    if (!this.#parent) return this.ports.keysOf(port);
    return new Set([...this.#parent.keysOf(port), ...this.ports.keysOf(port)]);
  }

  /** Whether it knows of any key of a port. */
  get knowsKeys(): boolean {
    return this.ports.hasKeys || (this.#parent?.knowsKeys ?? false);
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

  forgetPort(id: string): void {
    this.ports.delete(id);
    this.around.floatingIps.delete(id);
  }

  network(network: Network): void {
    this.revisions.networks.set(network.id, network.revision_number);
    this.around.put("networks", network);
  }

  subnet(subnet: Subnet): void {
    this.keys.Subnet.doubt(policyOrSubnetKey(this.#prefixes, "Subnet", subnet.id));
    this.revisions.subnets.set(subnet.id, subnet.revision_number);
    this.around.put("subnets", subnet);
  }

  group({ id, name, revision_number }: Omit<SecurityGroup, "security_group_rules">): void {
    this.keys.NetworkPolicy.doubt(policyOrSubnetKey(this.#prefixes, "NetworkPolicy", id));
    this.revisions["security-groups"].set(id, revision_number);
    this.around.put("securityGroups", { id, name });
  }

  policy(policy: QosPolicy): void {
    this.revisions["qos/policies"].set(policy.id, policy.revision_number);
    this.around.put("qosPolicies", policy);
  }

  /** Replaces the floating IPs of these ports. */
  floatingIps(ports: readonly string[], all: readonly FloatingIp[]): void {
    for (const port of ports) this.around.floatingIps.delete(port);
    for (const fip of all) {
      this.revisions.floatingips.set(fip.id, fip.revision_number);
      if (fip.port_id === null) {
        this.portOfFloatingIp.delete(fip.id);
        continue;
      }
      this.portOfFloatingIp.set(fip.id, fip.port_id);
      const others = this.around.floatingIps.get(fip.port_id) ?? [];
      this.around.floatingIps.set(fip.port_id, [...others, fip]);
    }
  }

  projects(all: readonly Project[], now: number): void {
    this.projectsReadAt = now;
    this.around.replace("projects", [...this.around.projects.keys()], all);
  }
}
