/**
 * What the syncer writes: which keys stand for one port, security group or subnet, and what they hold.
 * Pure.
 *
 * @module
 */
import { POLICY_NAME_PREFIX, type Prefixes, resourcePrefixes } from "../../calico/keys.ts";
import { type AddressGroups, networkPolicy } from "../../calico/network_policy.ts";
import { type IpNetwork, isSingle, NetworkSet, parseNetwork } from "../../calico/ip_network.ts";
import type { QosOptions } from "../../calico/qos.ts";
import { dhcpSubnet } from "../../calico/subnet.ts";
import {
  DEFAULT_ENDPOINT_OPTIONS,
  type DesiredResource,
  endpointHosts,
  type EndpointOptions,
  isVmPort,
  liveMigration,
  type Related,
  workloadEndpoint,
} from "../../calico/workload_endpoint.ts";
import type { Port, SecurityGroup, Subnet } from "../../openstack/records.ts";
import type { Kind, Subject } from "./kinds.ts";

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
  readonly #prefixes: Prefixes;
  readonly #endpointOptions: EndpointOptions;
  /** Of the cloud, made anew when there are more or fewer. */
  #subnets: { readonly size: number; readonly set: NetworkSet } | null = null;

  constructor(region: string | null, options: TranslatorOptions = {}) {
    this.#prefixes = resourcePrefixes(region);
    const { qos = DEFAULT_ENDPOINT_OPTIONS.qos, pairNetworks = [] } = options;
    const networks = pairNetworks.map(parseNetwork).filter((it): it is IpNetwork => it !== null);
    this.#endpointOptions = { qos, pairNetworks: networks };
  }

  /** The policy of a security group; `addressGroups`: those that are known. */
  group(group: SecurityGroup, addressGroups: AddressGroups = new Map()): Desired {
    const name = `${POLICY_NAME_PREFIX}${group.id}`;
    const { spec, inexpressible, keep } = networkPolicy(group, addressGroups);
    const left = inexpressible.map((rule) => `group ${group.id}, rule ${rule}`);
    const resource = {
      kind: "NetworkPolicy",
      name,
      labels: {},
      annotations: {},
      spec,
      ...(keep.length > 0 ? { keep } : {}),
      ...(left.length > 0 ? { inexpressible: left } : {}),
    };
    return this.#resource("NetworkPolicy", { type: "group", id: group.id }, resource, "");
  }

  /** The migration of a port, before its endpoints; nothing for a port that is no VM's. */
  port(port: Port, related: Related): Desired[] {
    if (!isVmPort(port)) return [];
    const subject: Subject = { type: "port", id: port.id };
    const migration = liveMigration(port, related.namespace);
    const found = migration ? [this.#resource("LiveMigration", subject, migration, "")] : [];
    for (const host of endpointHosts(port)) {
      const written = workloadEndpoint(port, host, related, this.#endpointOptions);
      const outside = this.#outside(port, written, related);
      const endpoint = outside.length > 0 ? { ...written, outside } : written;
      found.push(this.#resource("WorkloadEndpoint", subject, endpoint, host));
    }
    return found;
  }

  /** The allowed addresses that are outside every subnet. */
  #outside(port: Port, { spec }: DesiredResource, { subnets }: Related): string[] {
    const allowed = spec.allowedIps as readonly string[];
    if (allowed.length === 0 || subnets.size === 0) return [];
    if (this.#subnets?.size !== subnets.size) {
      const networks = [...subnets.values()].map(({ cidr }) => parseNetwork(cidr));
      const set = new NetworkSet(networks.filter((it): it is IpNetwork => it !== null));
      this.#subnets = { size: subnets.size, set };
    }
    const { set } = this.#subnets;
    return allowed.filter((text) => {
      const network = parseNetwork(text);
      return network !== null && isSingle(network) && !set.contains(network);
    }).map((text) => `port ${port.id}: ${text}`);
  }

  /** A subnet's key; nothing for one without DHCP. */
  subnet(subnet: Subnet): Desired[] {
    const plain = dhcpSubnet(subnet);
    if (!plain) return [];
    const subject = { type: "subnet", id: subnet.id } as const;
    const key = this.#prefixes.Subnet + subnet.id;
    return [{ key, kind: "Subnet", subject, resource: null, plain, group: "subnets" }];
  }

  #resource(kind: Kind, subject: Subject, resource: DesiredResource, group: string): Desired {
    const key = this.#prefixes[kind] + resource.name;
    return { key, kind, subject, resource, plain: null, group };
  }
}
