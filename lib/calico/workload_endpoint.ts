/**
 * Port → WorkloadEndpoint, and LiveMigration while it migrates (data model). Pure: what an endpoint
 * shows of other objects comes in as a {@linkcode Related}.
 *
 * @module
 */
import {
  type FloatingIp,
  isVmOwner,
  type Network,
  type Port,
  type Project,
  type QosPolicy,
  type SecurityGroup,
  type Subnet,
} from "../openstack/records.ts";
import type { Unavailable } from "../openstack/extensions.ts";
import { type Facet, gatewayField, type ResourceParts } from "./kept_facets.ts";
import {
  FQDN,
  GROUP_LABEL,
  GROUP_NAME_LABEL,
  NETWORK_ID,
  NETWORK_NAME,
  PROJECT_ID,
  PROJECT_NAME,
  PROJECT_PARENT,
} from "./labels.ts";
import { endpointName } from "./keys.ts";
import { contains, type IpNetwork, isSingle, parseNetwork, withPrefix } from "./ip_network.ts";
import { DEFAULT_QOS, qosControls, type QosOptions } from "./qos.ts";
import { sanitize, SG_NAME_MAX } from "./sanitize.ts";

/** Other objects, by id; floating IPs by port id. */
export interface Related {
  readonly namespace: string;
  readonly networks: ReadonlyMap<string, Pick<Network, "name" | "qos_policy_id">>;
  readonly subnets: ReadonlyMap<string, Pick<Subnet, "gateway_ip" | "cidr">>;
  readonly securityGroups: ReadonlyMap<string, Pick<SecurityGroup, "name">>;
  readonly floatingIps: ReadonlyMap<
    string,
    readonly Pick<FloatingIp, "fixed_ip_address" | "floating_ip_address">[]
  >;
  readonly qosPolicies: ReadonlyMap<string, Pick<QosPolicy, "rules">>;
  readonly projects: ReadonlyMap<string, Project>;
  /** What nobody can be asked about, for want of an extension of Neutron's. */
  readonly unavailable: ReadonlySet<Unavailable>;
}

/** A resource as Neutron wants it. */
export interface DesiredResource extends ResourceParts {
  /** Of these the value in etcd counts, because what they come from is not known. */
  readonly keep?: readonly Facet[];
  /** What Calico cannot express and is left out of it, each with why. */
  readonly inexpressible?: readonly string[];
  /** Allowed addresses that are written, though they are outside every subnet of the cloud. */
  readonly outside?: readonly string[];
}

/** What Neutron leaves open about endpoints. */
export interface EndpointOptions {
  readonly qos: QosOptions;
  /** Allowed address pairs that are networks are written within these alone. */
  readonly pairNetworks: readonly IpNetwork[];
}
/** As networking-calico has them, and no network as an allowed address pair. */
export const DEFAULT_ENDPOINT_OPTIONS: EndpointOptions = { qos: DEFAULT_QOS, pairNetworks: [] };

/** Whether a port is a VM's. */
export function isVmPort(port: Port): boolean {
  return isVmOwner(port.device_owner);
}

/** Hosts at which the port has a slot: where it is bound and, while it migrates, where it goes. */
export function endpointHosts(port: Port): string[] {
  const hosts: string[] = [];
  const bound = port["binding:host_id"];
  const target = port["binding:profile"];
  if (bound && (port["binding:vif_type"] !== "unbound" || target)) hosts.push(bound);
  if (target && target !== bound) hosts.push(target);
  return hosts;
}

function gateways(port: Port, related: Related): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { subnet_id } of port.fixed_ips) {
    const gateway = related.subnets.get(subnet_id)?.gateway_ip;
    if (gateway) found[gatewayField(gateway)] = gateway;
  }
  return found;
}

/** Its own QoS policy or its network's; null: it has none; undefined: that is not known. */
function qosPolicyOf(port: Port, related: Related): string | null | undefined {
  if (related.unavailable.has("qos")) return undefined;
  return port.qos_policy_id ?? related.networks.get(port.network_id)?.qos_policy_id;
}

const NOTHING: readonly Facet[] = [];

/** What is to stay as it is in etcd. */
function unknownFacets(port: Port, related: Related): readonly Facet[] {
  const found: Facet[] = [];
  if (!related.networks.has(port.network_id)) found.push({ of: "network", id: port.network_id });
  for (const { subnet_id, ip_address } of port.fixed_ips) {
    if (subnet_id === "" || related.subnets.has(subnet_id)) continue;
    found.push({ of: "gateway", address: ip_address });
  }
  const policy = qosPolicyOf(port, related);
  if (policy === undefined || (policy !== null && !related.qosPolicies.has(policy))) {
    found.push({ of: "spec", field: "qosControls" });
  }
  for (const id of port.security_groups) {
    if (!related.securityGroups.has(id)) found.push({ of: "group", id });
  }
  if (port.project_id !== "" && !related.projects.has(port.project_id)) {
    found.push({ of: "project", id: port.project_id });
  }
  if (related.unavailable.has("groups")) found.push({ of: "group", id: null });
  if (related.unavailable.has("floatingIps")) found.push({ of: "spec", field: "ipNATs" });
  if (related.unavailable.has("pairs")) found.push({ of: "pairs" });
  if (related.unavailable.has("fqdn")) found.push({ of: "fqdn" });
  return found.length === 0 ? NOTHING : found;
}

/**
 * The allowed address pairs that are written. Felix programs a route to the VM for each, so that a network
 * would draw a compute host's traffic into it.
 */
function pairsOf(
  port: Port,
  pairNetworks: readonly IpNetwork[],
): { readonly pairs: string[]; readonly inexpressible: string[] } {
  const [pairs, inexpressible]: [string[], string[]] = [[], []];
  for (const { ip_address } of port.allowed_address_pairs) {
    const network = parseNetwork(ip_address);
    const isWritten = network !== null &&
      (isSingle(network) || pairNetworks.some((allowed) => contains(allowed, network)));
    if (isWritten) pairs.push(withPrefix(ip_address));
    else {
      const why = network ? "a network outside address_pair_networks" : "no address";
      inexpressible.push(`port ${port.id}: ${JSON.stringify(ip_address)} is ${why}`);
    }
  }
  return { pairs, inexpressible };
}

/** Felix does not see an endpoint of which it cannot read this. @throws Error, naming the field. */
function checkReadable({ fixed_ips }: Port): void {
  for (const { ip_address } of fixed_ips) {
    const network = parseNetwork(ip_address);
    if (!network || !isSingle(network)) {
      throw new Error(`fixed_ips: ${JSON.stringify(ip_address)} is no address`);
    }
  }
}

function specOf(
  port: Port,
  host: string,
  related: Related,
  qos: QosOptions,
  pairs: readonly string[],
): Record<string, unknown> {
  const nats = (related.floatingIps.get(port.id) ?? []).flatMap((fip) =>
    fip.fixed_ip_address
      ? [{ internalIP: fip.fixed_ip_address, externalIP: fip.floating_ip_address }]
      : []
  );
  const policyId = qosPolicyOf(port, related);
  const controls = qosControls(policyId ? related.qosPolicies.get(policyId) : undefined, qos);
  return {
    orchestrator: "openstack",
    workload: port.device_id,
    node: host,
    endpoint: port.id,
    interfaceName: `tap${port.id.slice(0, 11)}`,
    mac: port.mac_address,
    ipNetworks: [...port.fixed_ips.map((ip) => withPrefix(ip.ip_address)), ...pairs],
    allowedIps: pairs,
    ...gateways(port, related),
    ...(nats.length > 0 ? { ipNATs: nats } : {}),
    ...(Object.keys(controls).length > 0 ? { qosControls: controls } : {}),
  };
}

function labelsOf(port: Port, related: Related): Record<string, string> {
  const labels: Record<string, string> = {
    "projectcalico.org/namespace": related.namespace,
    "projectcalico.org/orchestrator": "openstack",
  };
  for (const id of port.security_groups) {
    const name = sanitize(related.securityGroups.get(id)?.name ?? "", SG_NAME_MAX);
    labels[GROUP_LABEL + id] = name;
    if (name) labels[GROUP_NAME_LABEL + name] = id;
  }
  if (port.project_id) labels[PROJECT_ID] = port.project_id;
  const project = related.projects.get(port.project_id);
  if (project) {
    labels[PROJECT_NAME] = sanitize(project.name);
    if (project.parent_id) {
      labels[PROJECT_PARENT] = sanitize(project.parent_id);
    }
  }
  const network = related.networks.get(port.network_id);
  if (network) labels[NETWORK_NAME] = sanitize(network.name);
  return labels;
}

/** The endpoint of a port at one host. @throws Error when Felix could not read it. */
export function workloadEndpoint(
  port: Port,
  host: string,
  related: Related,
  { qos, pairNetworks }: EndpointOptions = DEFAULT_ENDPOINT_OPTIONS,
): DesiredResource {
  checkReadable(port);
  const { pairs, inexpressible } = pairsOf(port, pairNetworks);
  const annotations: Record<string, string> = {
    [NETWORK_ID]: port.network_id,
  };
  const fqdn = port.dns_assignment;
  if (fqdn) annotations[FQDN] = fqdn;
  return {
    kind: "WorkloadEndpoint",
    name: endpointName(host, port.device_id, port.id),
    labels: labelsOf(port, related),
    annotations,
    spec: specOf(port, host, related, qos, pairs),
    keep: unknownFacets(port, related),
    ...(inexpressible.length > 0 ? { inexpressible } : {}),
  };
}

/** The LiveMigration of a port, named like the endpoint at its target, or null when it stays. */
export function liveMigration(port: Port, namespace: string): DesiredResource | null {
  const source = port["binding:host_id"];
  const target = port["binding:profile"];
  if (!source || !target || source === target) return null;
  const at = (hostname: string) => ({
    hostname,
    orchestratorID: "openstack",
    workloadID: `${namespace}/${port.device_id}`,
    endpointID: port.id,
  });
  return {
    kind: "LiveMigration",
    name: endpointName(target, port.device_id, port.id),
    labels: {},
    annotations: {},
    spec: { source: { workloadEndpoint: at(source) }, target: { workloadEndpoint: at(target) } },
  };
}
