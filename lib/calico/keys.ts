/** All keys in etcd, and the names in them (data model, "Keys in etcd" and "WorkloadEndpoint"). @module */
import { calicoNamespace, earlierNamespace, regionString } from "./regions.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org";

/** Folders of the v3 resources that the resource syncer writes. */
const FOLDERS = {
  WorkloadEndpoint: "workloadendpoints",
  NetworkPolicy: "networkpolicies",
  LiveMigration: "livemigrations",
} as const;

/** A kind of v3 resource. */
type ResourceKind = keyof typeof FOLDERS;
/** A kind of object that the resource syncer writes. */
export type Kind = ResourceKind | "Subnet";
/** Prefixes of keys, by kind. */
export type Prefixes = Readonly<Record<Kind, string>>;

/** Prefixes below which the resource syncer's objects of a region live. */
export function resourcePrefixes(region: string | null): Prefixes {
  return {
    ...prefixesOf(calicoNamespace(region)),
    Subnet: `/calico/dhcp/v2/${regionString(region)}/subnet/`,
  };
}

/** Prefix of the endpoints or migrations of all namespaces, whoever has written them. */
export function allEndpointsPrefix(kind: "WorkloadEndpoint" | "LiveMigration"): string {
  return `${RESOURCES}/${FOLDERS[kind]}/`;
}

/** Prefixes below which an earlier release wrote objects of the region; null: the same. */
export function earlierPrefixes(region: string | null) {
  const namespace = earlierNamespace(region);
  return namespace === null ? null : prefixesOf(namespace);
}

function prefixesOf(namespace: string): Readonly<Record<ResourceKind, string>> {
  const prefixes = Object.entries(FOLDERS)
    .map(([kind, folder]) => [kind, `${RESOURCES}/${folder}/${namespace}/`]);
  return Object.fromEntries(prefixes);
}

/** Prefix below which each region has its election and what its conductors keep. */
export const REGIONS_PREFIX = "/calico/openstack/v2/";

/** The election key of a region. */
export function electionKey(region: string | null): string {
  return `${REGIONS_PREFIX}${regionString(region)}/neutron_election`;
}

/** The election key of older drivers, the same for all regions. */
export const LEGACY_ELECTION_KEY = "/calico/openstack/v1/neutron_election";

/** Prefix of what the conductors of a region keep about themselves. */
export function conductorPrefix(region: string | null): string {
  return `${REGIONS_PREFIX}${regionString(region)}/conductor/`;
}

/** Which hosts the agent status watcher has seen, for the one that follows it, on whatever node. */
export function seenHostsKey(region: string | null): string {
  return `${conductorPrefix(region)}felix-hosts`;
}

/** Prefix of everything that Felix reports in a region. */
export function felixPrefix(region: string | null): string {
  return `/calico/felix/v2/${regionString(region)}/host/`;
}

/** What status watchers write below Felix's prefix, to see whether their watch is alive. */
export function roundTripKey(prefix: string): string {
  return `${prefix}round-trip-check`;
}

/** Exists, under a lease of one period, until the next check of the compactor is due. */
export const COMPACTION_TRIGGER_KEY = "/calico/compaction/v1/trigger";
/** The last compacted revision, decimal. */
export const COMPACTION_LAST_KEY = "/calico/compaction/v1/last";
/** Asked for to see whether a member serves; nobody writes it. */
export const PROBE_KEY = "/calico/conductor-probe";

/** Keys of Felix's cluster-wide configuration. */
export const CLUSTER_INFORMATION_KEY = `${RESOURCES}/clusterinformations/default`;
export const FELIX_CONFIGURATION_KEY = `${RESOURCES}/felixconfigurations/default`;
/** Legacy subnets, deleted at the end of a full resync. */
export const LEGACY_SUBNET_PREFIX = "/calico/dhcp/v1/subnet";
/** Names of the NetworkPolicies that are ours begin so. */
export const POLICY_NAME_PREFIX = "ossg.default.";

/** Key of a security group's policy or of a subnet, below these prefixes. */
export function policyOrSubnetKey(
  prefixes: Prefixes,
  kind: "NetworkPolicy" | "Subnet",
  id: string,
): string {
  return prefixes[kind] + (kind === "Subnet" ? "" : POLICY_NAME_PREFIX) + id;
}

/** A host, device or port as it stands in names. */
export function escapedPart(part: string): string {
  return part.replaceAll("-", "--");
}

/** Name of a WorkloadEndpoint: `<host>-openstack-<device>-<port>`, `-` doubled inside each part. */
export function endpointName(host: string, deviceId: string, portId: string): string {
  return `${escapedPart(host)}-openstack-${escapedPart(deviceId)}-${escapedPart(portId)}`;
}

/** How the names of all WorkloadEndpoints of a host begin. */
export function endpointNamePrefix(host: string): string {
  return `${escapedPart(host)}-openstack-`;
}

/** The parts of a WorkloadEndpoint's name, or null when it is of another shape. */
export function endpointNameParts(
  name: string,
): { host: string; device: string; port: string } | null {
  const match = /^((?:[^-]|--)*)-openstack-((?:[^-]|--)*)-((?:[^-]|--)+)$/.exec(name);
  if (!match) return null;
  const [host, device, port] = match.slice(1).map((part) => part.replaceAll("--", "-"));
  return { host: host!, device: device!, port: port! };
}
