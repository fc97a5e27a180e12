/** Neutron's and Keystone's records with all the fields that the real ones send. @module */
import { Random } from "../../lab/random.ts";

/** A record on its way into a cloud. */
export type Fields = Record<string, unknown> & { id: string };

/** The collections that can have a bad day, as in the paths of their URLs. */
export const COLLECTIONS = [
  "ports",
  "security-groups",
  "subnets",
  "networks",
  "qos/policies",
  "floatingips",
  "projects",
  "address-groups",
] as const;
export type CollectionName = typeof COLLECTIONS[number];

/** The id of the object with that number: the same in every run, and in no order. */
export function idOf(collection: CollectionName, number: number): string {
  const random = new Random(COLLECTIONS.indexOf(collection) * 1_000_003 + number * 7919 + 1);
  random.next();
  return collection === "projects" ? random.hex(32) : random.uuid();
}

/** A project's names stand twice in every record. */
function owned(project: string): Record<string, string> {
  return { project_id: project, tenant_id: project };
}

/** A network. */
export function network(id: string, project: string, fields: Partial<Fields> = {}): Fields {
  return {
    id,
    name: `net-${id.slice(0, 4)}`,
    admin_state_up: true,
    mtu: 1500,
    status: "ACTIVE",
    shared: false,
    "router:external": false,
    "provider:network_type": "local",
    port_security_enabled: true,
    qos_policy_id: null,
    description: "",
    tags: [],
    ...owned(project),
    ...fields,
  };
}

/** A subnet with DHCP. */
export function subnet(
  id: string,
  of: { readonly id: string; readonly project: string },
  fields: Partial<Fields> & { cidr: string; gateway_ip: string | null },
): Fields {
  return {
    id,
    name: "",
    network_id: of.id,
    ip_version: fields.cidr.includes(":") ? 6 : 4,
    subnetpool_id: null,
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    allocation_pools: [],
    host_routes: [],
    dns_nameservers: ["192.0.2.53"],
    service_types: [],
    description: "",
    tags: [],
    ...owned(of.project),
    ...fields,
  };
}

/** A rule of a group, numbered within it. */
export function groupRule(group: string, number: number, fields: Partial<Fields> = {}): Fields {
  return {
    id: `${group.slice(0, 24)}${number.toString(16).padStart(12, "0")}`,
    security_group_id: group,
    ethertype: "IPv4",
    direction: "ingress",
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_group_id: null,
    remote_address_group_id: null,
    normalized_cidr: null,
    description: null,
    revision_number: 0,
    ...fields,
  };
}

/** A security group with these rules. */
export function group(id: string, project: string, rules: readonly Fields[], name: string): Fields {
  return {
    id,
    name,
    stateful: true,
    shared: false,
    description: "",
    tags: [],
    security_group_rules: [...rules],
    ...owned(project),
  };
}

/** An address group. */
export function addressGroup(id: string, project: string, addresses: readonly string[]): Fields {
  return {
    id,
    name: "",
    description: "",
    shared: false,
    addresses: [...addresses],
    ...owned(project),
  };
}

/** A group's rule for an address group, numbered within the group; nothing else goes by IP in IP. */
export function addressGroupRule(group: string, number: number, addresses: string): Fields {
  return groupRule(group, number, { protocol: "ipip", remote_address_group_id: addresses });
}

/** A QoS policy that limits the bandwidth one way, kbit/s. */
export function qosPolicy(id: string, project: string, kbps: number): Fields {
  const rule = {
    id: `${id.slice(0, 24)}000000000001`,
    type: "bandwidth_limit",
    direction: "egress",
    max_kbps: kbps,
    max_burst_kbps: 0,
  };
  return {
    id,
    name: `qos-${kbps}`,
    shared: false,
    is_default: false,
    rules: [rule],
    description: "",
    tags: [],
    ...owned(project),
  };
}

/** A floating IP, attached when there is a port. */
export function floatingIp(
  id: string,
  project: string,
  at: { floating: string; fixed: string | null; port: string | null },
): Fields {
  return {
    id,
    floating_ip_address: at.floating,
    fixed_ip_address: at.fixed,
    port_id: at.port,
    floating_network_id: "65509885-30ef-468a-bb28-61e6eecc4a6f",
    router_id: null,
    status: at.port === null ? "DOWN" : "ACTIVE",
    qos_policy_id: null,
    description: "",
    tags: [],
    ...owned(project),
  };
}

/** A VM's port, bound to a host. */
export function port(
  id: string,
  of: { readonly network: string; readonly project: string; readonly host: string },
  fields: Partial<Fields> & { fixed_ips: readonly { subnet_id: string; ip_address: string }[] },
): Fields {
  return {
    id,
    name: "",
    network_id: of.network,
    mac_address: `fa:16:3e:${id.slice(0, 6).match(/../g)!.join(":")}`,
    admin_state_up: true,
    status: "ACTIVE",
    device_id: `${id.slice(9, 18)}${id}`.slice(0, 36),
    device_owner: "compute:nova",
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    security_groups: [],
    "binding:vnic_type": "normal",
    "binding:host_id": of.host,
    "binding:vif_type": "tap",
    "binding:profile": {},
    "binding:vif_details": { connectivity: "legacy", port_filter: true },
    port_security_enabled: true,
    qos_policy_id: null,
    qos_network_policy_id: null,
    dns_name: "",
    dns_assignment: fields.fixed_ips.map(({ ip_address }) => ({
      ip_address,
      hostname: `vm-${id.slice(0, 8)}`,
      fqdn: `vm-${id.slice(0, 8)}.cloud.example.`,
    })),
    resource_request: null,
    description: "",
    tags: [],
    ...owned(of.project),
    ...fields,
  };
}
