/**
 * Port → WorkloadEndpoint, and LiveMigration while it migrates (data model). Pure: what an endpoint
 * shows of other objects comes in as a {@linkcode Surroundings}.
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
import { endpointName } from "./keys.ts";
import { DEFAULT_QOS, qosControls, type QosOptions } from "./qos.ts";
import { sanitize, SG_NAME_MAX } from "./sanitize.ts";

/** Other objects, by id; floating IPs by port id. */
export interface Surroundings {
  readonly namespace: string;
  readonly networks: ReadonlyMap<string, Pick<Network, "name" | "qos_policy_id">>;
  readonly subnets: ReadonlyMap<string, Pick<Subnet, "gateway_ip">>;
  readonly securityGroups: ReadonlyMap<string, Pick<SecurityGroup, "name">>;
  readonly floatingIps: ReadonlyMap<
    string,
    readonly Pick<FloatingIp, "fixed_ip_address" | "floating_ip_address">[]
  >;
  readonly qosPolicies: ReadonlyMap<string, Pick<QosPolicy, "rules">>;
  readonly projects: ReadonlyMap<string, Project>;
}

/** The parts of a resource that come from Neutron. */
export interface DesiredResource {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

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

function withPrefix(address: string): string {
  if (address.includes("/")) return address;
  return `${address}/${address.includes(":") ? 128 : 32}`;
}

function gateways(port: Port, around: Surroundings): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { subnet_id } of port.fixed_ips) {
    const gateway = around.subnets.get(subnet_id)?.gateway_ip;
    if (gateway) found[gateway.includes(":") ? "ipv6Gateway" : "ipv4Gateway"] = gateway;
  }
  return found;
}

function specOf(
  port: Port,
  host: string,
  around: Surroundings,
  qos: QosOptions,
): Record<string, unknown> {
  const pairs = port.allowed_address_pairs.map((pair) => withPrefix(pair.ip_address));
  const nats = (around.floatingIps.get(port.id) ?? []).flatMap((fip) =>
    fip.fixed_ip_address
      ? [{ internalIP: fip.fixed_ip_address, externalIP: fip.floating_ip_address }]
      : []
  );
  const network = around.networks.get(port.network_id);
  const policyId = port.qos_policy_id ?? network?.qos_policy_id;
  const controls = qosControls(policyId ? around.qosPolicies.get(policyId) : undefined, qos);
  return {
    orchestrator: "openstack",
    workload: port.device_id,
    node: host,
    endpoint: port.id,
    interfaceName: `tap${port.id.slice(0, 11)}`,
    mac: port.mac_address,
    ipNetworks: [...port.fixed_ips.map((ip) => withPrefix(ip.ip_address)), ...pairs],
    allowedIps: pairs,
    ...gateways(port, around),
    ...(nats.length > 0 ? { ipNATs: nats } : {}),
    ...(Object.keys(controls).length > 0 ? { qosControls: controls } : {}),
  };
}

function labelsOf(port: Port, around: Surroundings): Record<string, string> {
  const labels: Record<string, string> = {
    "projectcalico.org/namespace": around.namespace,
    "projectcalico.org/orchestrator": "openstack",
  };
  for (const id of port.security_groups) {
    const name = sanitize(around.securityGroups.get(id)?.name ?? "", SG_NAME_MAX);
    labels[`sg.projectcalico.org/openstack-${id}`] = name;
    if (name) labels[`sg-name.projectcalico.org/openstack-${name}`] = id;
  }
  if (port.project_id) labels["projectcalico.org/openstack-project-id"] = port.project_id;
  const project = around.projects.get(port.project_id);
  if (project) {
    labels["projectcalico.org/openstack-project-name"] = sanitize(project.name);
    if (project.parent_id) {
      labels["projectcalico.org/openstack-project-parent-id"] = sanitize(project.parent_id);
    }
  }
  const network = around.networks.get(port.network_id);
  if (network) labels["projectcalico.org/openstack-network-name"] = sanitize(network.name);
  return labels;
}

/** The endpoint of a port at one host. */
export function workloadEndpoint(
  port: Port,
  host: string,
  around: Surroundings,
  qos: QosOptions = DEFAULT_QOS,
): DesiredResource {
  const annotations: Record<string, string> = {
    "openstack.projectcalico.org/network-id": port.network_id,
  };
  const fqdn = port.dns_assignment;
  if (fqdn) annotations["openstack.projectcalico.org/fqdn"] = fqdn;
  return {
    kind: "WorkloadEndpoint",
    name: endpointName(host, port.device_id, port.id),
    labels: labelsOf(port, around),
    annotations,
    spec: specOf(port, host, around, qos),
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
