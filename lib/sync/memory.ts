/**
 * What the syncer remembers between two passes, so that it can tell what has changed and whom that
 * concerns: revisions by kind, what endpoints show of other objects, and which keys stand for a port.
 * Nothing of it decides what is written; that always comes from fresh reads.
 *
 * @module
 */
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

import type { Kind } from "./objects.ts";

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

/** A key that held what it should at that mod revision. */
export interface VerifiedKey {
  readonly key: string;
  readonly kind: Kind;
  readonly modRevision: string;
}

/** See the module. */
export class Memory {
  readonly revisions = Object.fromEntries(
    FOLLOWED.map((kind) => [kind, new Map()]),
  ) as Record<Followed, Map<string, number>>;
  /** Keys of endpoints and migrations by port id. */
  readonly keysOfPort = new Map<string, ReadonlySet<string>>();
  /** Ports with a QoS policy of their own. */
  readonly policyOfPort = new Map<string, string>();
  /** Keys of ports that a full pass has found right, with their mod revisions. */
  readonly verified = new Map<string, readonly VerifiedKey[]>();
  /** What endpoints showed of other objects during that pass, as text. */
  shown = "";
  readonly portOfFloatingIp = new Map<string, string>();
  projectsReadAt = -Infinity;
  readonly around: {
    readonly namespace: string;
    readonly networks: Map<string, Network>;
    readonly subnets: Map<string, Subnet>;
    readonly securityGroups: Map<string, Pick<SecurityGroup, "name">>;
    readonly floatingIps: Map<string, FloatingIp[]>;
    readonly qosPolicies: Map<string, QosPolicy>;
    readonly projects: Map<string, Project>;
  };

  constructor(region: string | null) {
    this.around = {
      namespace: calicoNamespace(region),
      networks: new Map(),
      subnets: new Map(),
      securityGroups: new Map(),
      floatingIps: new Map(),
      qosPolicies: new Map(),
      projects: new Map(),
    };
  }

  /** For a narrow pass: it knows the same keys, and what it learns is not taken for written. */
  scratch(region: string | null): Memory {
    const copy = new Memory(region);
    for (const [port, keys] of this.keysOfPort) copy.keysOfPort.set(port, keys);
    return copy;
  }

  port(port: Port): void {
    this.verified.delete(port.id);
    this.revisions.ports.set(port.id, port.revision_number);
    if (port.qos_policy_id) this.policyOfPort.set(port.id, port.qos_policy_id);
    else this.policyOfPort.delete(port.id);
  }

  /** Takes over what an earlier pass knew of a port that is as it was. */
  carryOver(id: string, from: Memory): void {
    this.revisions.ports.set(id, from.revisions.ports.get(id)!);
    this.verified.set(id, from.verified.get(id)!);
    const keys = from.keysOfPort.get(id);
    if (keys) this.keysOfPort.set(id, keys);
    const policy = from.policyOfPort.get(id);
    if (policy) this.policyOfPort.set(id, policy);
  }

  /** Everything that endpoints show of other objects, as text that is the same for the same. */
  describeAround(): string {
    const { networks, subnets, securityGroups, floatingIps, qosPolicies, projects } = this.around;
    const sorted = (map: ReadonlyMap<string, unknown>) =>
      [...map].sort(([a], [b]) => a < b ? -1 : 1);
    const all = [networks, subnets, securityGroups, floatingIps, qosPolicies, projects];
    return JSON.stringify(all.map(sorted));
  }

  forgetPort(id: string): void {
    this.verified.delete(id);
    this.revisions.ports.delete(id);
    this.policyOfPort.delete(id);
    this.around.floatingIps.delete(id);
  }

  network(network: Network): void {
    this.revisions.networks.set(network.id, network.revision_number);
    this.around.networks.set(network.id, network);
  }

  subnet(subnet: Subnet): void {
    this.revisions.subnets.set(subnet.id, subnet.revision_number);
    this.around.subnets.set(subnet.id, subnet);
  }

  group({ id, name, revision_number }: SecurityGroup): void {
    this.revisions["security-groups"].set(id, revision_number);
    this.around.securityGroups.set(id, { name });
  }

  policy(policy: QosPolicy): void {
    this.revisions["qos/policies"].set(policy.id, policy.revision_number);
    this.around.qosPolicies.set(policy.id, policy);
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
    this.around.projects.clear();
    for (const project of all) this.around.projects.set(project.id, project);
  }

  addKey(port: string, key: string): void {
    const keys = this.keysOfPort.get(port);
    if (keys?.has(key)) return;
    this.keysOfPort.set(port, new Set([...keys ?? [], key]));
  }

  dropKey(port: string, key: string): void {
    const left = [...this.keysOfPort.get(port) ?? []].filter((other) => other !== key);
    if (left.length === 0) this.keysOfPort.delete(port);
    else this.keysOfPort.set(port, new Set(left));
  }
}
