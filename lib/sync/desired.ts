/**
 * Neutron's cloud as it should stand in etcd: reads every list and translates it. Pure but for the
 * reading.
 *
 * @module
 */
import { resourcePrefixes } from "../calico/keys.ts";
import { POLICY_NAME_PREFIX } from "../calico/keys.ts";
import { networkPolicySpec } from "../calico/network_policy.ts";
import { calicoNamespace } from "../calico/regions.ts";
import { dhcpSubnet } from "../calico/subnet.ts";
import {
  type DesiredResource,
  endpointHosts,
  isVmPort,
  liveMigration,
  type Surroundings,
  workloadEndpoint,
} from "../calico/workload_endpoint.ts";
import type { KeystoneAuth } from "../openstack/keystone.ts";
import type { Listing, NeutronClient } from "../openstack/neutron.ts";
import {
  floatingIpSchema,
  networkSchema,
  type Port,
  portSchema,
  qosPolicySchema,
  type SecurityGroup,
  securityGroupSchema,
  type Subnet,
  subnetSchema,
} from "../openstack/records.ts";

/** The kinds of object that the syncer writes, in the order in which they must appear. */
export const KINDS = ["NetworkPolicy", "LiveMigration", "WorkloadEndpoint", "Subnet"] as const;
export type Kind = typeof KINDS[number];

/** What one key should hold. */
export interface Desired {
  readonly key: string;
  /** A v3 resource, or for a subnet the plain value. */
  readonly resource: DesiredResource | null;
  readonly plain: Readonly<Record<string, unknown>> | null;
  /** See `WriteOperation.group`. */
  readonly group: string;
}

/** What Neutron holds, as read. */
export interface Cloud {
  readonly ports: Port[];
  readonly securityGroups: SecurityGroup[];
  readonly subnets: Subnet[];
  readonly around: Surroundings;
  /** Ids of records that could not be understood: what stands for them is not deleted. */
  readonly refused: readonly { readonly id: string; readonly why: string }[];
}

const PORT_FIELDS = [
  ...Object.keys(portSchema.shape),
];

/** Reads everything; fails as a whole when a part fails. */
export async function readCloud(
  neutron: NeutronClient,
  keystone: KeystoneAuth,
  region: string | null,
  signal: AbortSignal,
  onPage: () => void,
): Promise<Cloud> {
  const [ports, networks, subnets, groups, fips, policies, projects] = await Promise.all([
    neutron.list("ports", portSchema, signal, { fields: PORT_FIELDS, onPage }),
    neutron.list("networks", networkSchema, signal, { onPage }),
    neutron.list("subnets", subnetSchema, signal, { onPage }),
    neutron.list("security-groups", securityGroupSchema, signal, { onPage }),
    neutron.list("floatingips", floatingIpSchema, signal, { onPage }),
    neutron.list("qos/policies", qosPolicySchema, signal, { onPage }),
    keystone.listProjects(signal),
  ]);
  const listings: Listing<unknown>[] = [ports, networks, subnets, groups, fips, policies];
  const fipsByPort = Map.groupBy(fips.items, (fip) => fip.port_id ?? "");
  return {
    ports: ports.items,
    securityGroups: groups.items,
    subnets: subnets.items,
    refused: listings.flatMap((listing) => listing.refused),
    around: {
      namespace: calicoNamespace(region),
      networks: byId(networks.items),
      subnets: byId(subnets.items),
      securityGroups: byId(groups.items),
      floatingIps: fipsByPort,
      qosPolicies: byId(policies.items),
      projects: byId(projects),
    },
  };
}

function byId<T extends { id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

/** What every key of a kind should hold, by key. */
export function desiredOf(kind: Kind, cloud: Cloud, region: string | null): Map<string, Desired> {
  const prefix = resourcePrefixes(region)[kind];
  const found = new Map<string, Desired>();
  const add = (name: string, value: Omit<Desired, "key">) =>
    found.set(prefix + name, { key: prefix + name, ...value });
  const addResource = (resource: DesiredResource, group: string) =>
    add(resource.name, { resource, plain: null, group });
  switch (kind) {
    case "NetworkPolicy":
      for (const group of cloud.securityGroups) {
        const name = `${POLICY_NAME_PREFIX}${group.id}`;
        const spec = networkPolicySpec(group);
        addResource({ kind, name, labels: {}, annotations: {}, spec }, "");
      }
      break;
    case "LiveMigration":
      for (const port of cloud.ports.filter(isVmPort)) {
        const migration = liveMigration(port, cloud.around.namespace);
        if (migration) addResource(migration, "");
      }
      break;
    case "WorkloadEndpoint":
      for (const port of cloud.ports.filter(isVmPort)) {
        for (const host of endpointHosts(port)) {
          addResource(workloadEndpoint(port, host, cloud.around), host);
        }
      }
      break;
    case "Subnet":
      for (const subnet of cloud.subnets) {
        const plain = dhcpSubnet(subnet);
        if (plain) add(subnet.id, { resource: null, plain, group: "subnets" });
      }
  }
  return found;
}
