/**
 * What the syncer writes: the kinds of object, and which keys stand for one port, security group or
 * subnet. Pure.
 *
 * @module
 */
import { POLICY_NAME_PREFIX, resourcePrefixes } from "../calico/keys.ts";
import { networkPolicy } from "../calico/network_policy.ts";
import { type IpNetwork, parseNetwork } from "../calico/ip_network.ts";
import type { QosOptions } from "../calico/qos.ts";
import { dhcpSubnet } from "../calico/subnet.ts";
import {
  DEFAULT_ENDPOINT_OPTIONS,
  type DesiredResource,
  endpointHosts,
  type EndpointOptions,
  isVmPort,
  liveMigration,
  type Surroundings,
  workloadEndpoint,
} from "../calico/workload_endpoint.ts";
import type { Port, SecurityGroup, Subnet } from "../openstack/records.ts";

/** The kinds of object that the syncer writes, in the order in which they must appear. */
export const KINDS = ["NetworkPolicy", "LiveMigration", "WorkloadEndpoint", "Subnet"] as const;
export type Kind = typeof KINDS[number];

/** Neutron's object that a key stands for. */
export interface Subject {
  readonly type: "port" | "group" | "subnet";
  readonly id: string;
}

/** What one key should hold. */
export interface Desired {
  readonly key: string;
  readonly kind: Kind;
  readonly subject: Subject;
  /** A v3 resource, or for a subnet the plain value. */
  readonly resource: DesiredResource | null;
  readonly plain: Readonly<Record<string, unknown>> | null;
  /** See `WriteOperation.group`. */
  readonly group: string;
}

/** What Neutron leaves open. */
export interface TranslatorOptions {
  /** @default networking-calico's */
  readonly qos?: QosOptions;
  /** See `address_pair_networks`. @default none */
  readonly pairNetworks?: readonly string[];
}

/** Translates one object after the other. */
export class Translator {
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;
  readonly #endpointOptions: EndpointOptions;

  constructor(region: string | null, options: TranslatorOptions = {}) {
    this.#prefixes = resourcePrefixes(region);
    const { qos = DEFAULT_ENDPOINT_OPTIONS.qos, pairNetworks = [] } = options;
    const networks = pairNetworks.map(parseNetwork).filter((it): it is IpNetwork => it !== null);
    this.#endpointOptions = { qos, pairNetworks: networks };
  }

  /** The policy of a security group. */
  group(group: SecurityGroup): Desired {
    const name = `${POLICY_NAME_PREFIX}${group.id}`;
    const { spec, inexpressible } = networkPolicy(group, new Map());
    const left = inexpressible.map((rule) => `group ${group.id}, rule ${rule}`);
    const resource = {
      kind: "NetworkPolicy",
      name,
      labels: {},
      annotations: {},
      spec,
      ...(left.length > 0 ? { inexpressible: left } : {}),
    };
    return this.#resource("NetworkPolicy", { type: "group", id: group.id }, resource, "");
  }

  /** The migration of a port, before its endpoints; nothing for a port that is no VM's. */
  port(port: Port, around: Surroundings): Desired[] {
    if (!isVmPort(port)) return [];
    const subject: Subject = { type: "port", id: port.id };
    const migration = liveMigration(port, around.namespace);
    const found = migration ? [this.#resource("LiveMigration", subject, migration, "")] : [];
    for (const host of endpointHosts(port)) {
      const endpoint = workloadEndpoint(port, host, around, this.#endpointOptions);
      found.push(this.#resource("WorkloadEndpoint", subject, endpoint, host));
    }
    return found;
  }

  /** A subnet with DHCP, or null. */
  subnet(subnet: Subnet): Desired | null {
    const plain = dhcpSubnet(subnet);
    if (!plain) return null;
    return {
      key: this.#prefixes.Subnet + subnet.id,
      kind: "Subnet",
      subject: { type: "subnet", id: subnet.id },
      resource: null,
      plain,
      group: "subnets",
    };
  }

  /** The same as a list of none or one. */
  subnets(subnet: Subnet): Desired[] {
    const want = this.subnet(subnet);
    return want ? [want] : [];
  }

  #resource(kind: Kind, subject: Subject, resource: DesiredResource, group: string): Desired {
    return {
      key: this.#prefixes[kind] + resource.name,
      kind,
      subject,
      resource,
      plain: null,
      group,
    };
  }
}
