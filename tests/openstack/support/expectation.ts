/**
 * What etcd must hold for what Neutron and Keystone hold: written a second time from the description
 * of the data (networking-calico's formats), independent of `lib/calico`, straightforward rather than
 * quick. Reads whole objects through REST, as the administrator.
 *
 * @module
 */
import type { Bed } from "./bed.ts";
import { PREFIXES, type Stored } from "./etcd_state.ts";
import type { Json } from "./rest.ts";

/** A key's expected value, without what a writer makes up (uid and time of creation). */
export type Expected = Map<string, Json>;

interface Cloud {
  readonly ports: Json[];
  readonly networks: Map<string, Json>;
  readonly subnets: Map<string, Json>;
  readonly groups: Map<string, Json>;
  readonly policies: Map<string, Json>;
  readonly floatingIps: Json[];
  readonly projects: Map<string, Json>;
}

async function readCloud({ neutron, keystone }: Bed): Promise<Cloud> {
  const byId = (items: Json[]) => new Map<string, Json>(items.map((item) => [item.id, item]));
  return {
    ports: await neutron.list("ports"),
    networks: byId(await neutron.list("networks")),
    subnets: byId(await neutron.list("subnets")),
    groups: byId(await neutron.list("security-groups")),
    policies: byId(await neutron.list("qos/policies")),
    floatingIps: await neutron.list("floatingips"),
    projects: byId(await keystone.list("projects")),
  };
}

/** All keys that the resource syncer of a node without a region owns. */
export async function expectedState(bed: Bed): Promise<Expected> {
  const cloud = await readCloud(bed);
  const expected: Expected = new Map();
  for (const group of cloud.groups.values()) {
    const name = `ossg.default.${group.id}`;
    expected.set(PREFIXES.policies + name, resource("NetworkPolicy", name, policySpec(group)));
  }
  for (const subnet of cloud.subnets.values()) {
    if (subnet.enable_dhcp) expected.set(PREFIXES.subnets + subnet.id, subnetValue(subnet));
  }
  for (const port of cloud.ports) addPort(expected, port, cloud);
  return expected;
}

function resource(kind: string, name: string, spec: Json, labels = {}, annotations = {}): Json {
  return {
    kind,
    apiVersion: "projectcalico.org/v3",
    metadata: { name, namespace: "openstack", labels, annotations },
    spec,
  };
}

function subnetValue(subnet: Json): Json {
  const value: Json = {
    network_id: subnet.network_id,
    cidr: subnet.cidr,
    gateway_ip: subnet.gateway_ip,
    host_routes: subnet.host_routes,
  };
  if (subnet.dns_nameservers.length > 0) value.dns_servers = subnet.dns_nameservers;
  if (subnet.ipv6_ra_mode && subnet.ipv6_address_mode) {
    value.ipv6_ra_mode = subnet.ipv6_ra_mode;
    value.ipv6_address_mode = subnet.ipv6_address_mode;
  }
  return value;
}

// ---- policies

const NAMED_PROTOCOLS: Record<string, number> = {
  "ah": 51,
  "dccp": 33,
  "egp": 8,
  "esp": 50,
  "gre": 47,
  "hopopt": 0,
  "igmp": 2,
  "ip": 0,
  "ipip": 4,
  "ipv6-encap": 41,
  "ipv6-frag": 44,
  "ipv6-nonxt": 59,
  "ipv6-opts": 60,
  "ipv6-route": 43,
  "icmpv6": 58,
  "ospf": 89,
  "pgm": 113,
  "rsvp": 46,
  "sctp": 132,
  "tcp": 6,
  "udp": 17,
  "udplite": 136,
  "vrrp": 112,
};

function policySpec(group: Json): Json {
  const spec: Json = { ingress: [], egress: [], selector: groupSelector(group.id) };
  for (const rule of group.security_group_rules) {
    const wanted = policyRule(rule);
    if (wanted) spec[rule.direction].push(wanted);
  }
  return spec;
}

function groupSelector(id: string): string {
  return `has(sg.projectcalico.org/openstack-${id})`;
}

/** Null: Felix takes no such rule. */
function policyRule(rule: Json): Json | null {
  const v6 = rule.ethertype === "IPv6";
  const result: Json = { action: "Allow", ipVersion: v6 ? 6 : 4 };
  const { protocol, port_range_min: min, port_range_max: max } = rule;
  const icmp = ["icmp", "1", "ipv6-icmp", "icmpv6", "58"].includes(protocol);
  const ports = ["tcp", "6", "udp", "17", "sctp", "132"].includes(protocol);
  if (!icmp && !ports && min !== null) return null;
  if (icmp) {
    result.protocol = v6 ? "ICMPv6" : "ICMP";
    if (min !== null) result.icmp = max === null ? { type: min } : { type: min, code: max };
  } else if (protocol !== null && !["any", "0", "ip", "hopopt"].includes(protocol)) {
    if (/^[0-9]+$/.test(protocol)) result.protocol = protocol;
    else result.protocol = NAMED_PROTOCOLS[protocol] ?? protocol.toUpperCase();
  }
  const peer: Json = {};
  if (rule.remote_group_id) peer.selector = groupSelector(rule.remote_group_id);
  if (rule.remote_ip_prefix) peer.nets = [rule.remote_ip_prefix];
  const target: Json = {};
  if (!icmp && min !== null) target.ports = [min === max ? min : `${min}:${max}`];
  if (rule.direction === "egress") Object.assign(target, peer);
  else if (Object.keys(peer).length > 0) result.source = peer;
  if (Object.keys(target).length > 0) result.destination = target;
  return result;
}

// ---- endpoints

function addPort(expected: Expected, port: Json, cloud: Cloud): void {
  const vm = port.device_owner.startsWith("compute:") ||
    port.device_owner.startsWith("kuryr:container");
  if (!vm) return;
  const host = port["binding:host_id"];
  const target = port["binding:profile"].migrating_to || null;
  const hosts = new Set<string>();
  if (host !== "" && (port["binding:vif_type"] !== "unbound" || target)) hosts.add(host);
  if (target) hosts.add(target);
  for (const at of hosts) {
    const name = endpointName(at, port);
    const labels = endpointLabels(port, cloud);
    const annotations: Json = { "openstack.projectcalico.org/network-id": port.network_id };
    const fqdn = port.dns_assignment?.[0]?.fqdn;
    if (fqdn) annotations["openstack.projectcalico.org/fqdn"] = fqdn;
    const spec = endpointSpec(port, at, cloud);
    const value = resource("WorkloadEndpoint", name, spec, labels, annotations);
    expected.set(PREFIXES.endpoints + name, value);
  }
  if (host && target && target !== host) {
    const name = endpointName(target, port);
    const side = (hostname: string) => ({
      workloadEndpoint: {
        hostname,
        orchestratorID: "openstack",
        workloadID: `openstack/${port.device_id}`,
        endpointID: port.id,
      },
    });
    const spec = { source: side(host), target: side(target) };
    expected.set(PREFIXES.migrations + name, resource("LiveMigration", name, spec));
  }
}

function endpointName(host: string, port: Json): string {
  const [h, device, id] = [host, port.device_id, port.id].map((part) => part.split("-").join("--"));
  return `${h}-openstack-${device}-${id}`;
}

function sanitised(name: string, max: number): string {
  const safe = [...name].slice(0, max).map((c) => /[-_.A-Za-z0-9]/.test(c) ? c : "_");
  while (safe.length > 0 && !/[A-Za-z0-9]/.test(safe[0]!)) safe.shift();
  while (safe.length > 0 && !/[A-Za-z0-9]/.test(safe.at(-1)!)) safe.pop();
  return safe.join("");
}

function endpointLabels(port: Json, cloud: Cloud): Json {
  const labels: Json = {
    "projectcalico.org/namespace": "openstack",
    "projectcalico.org/orchestrator": "openstack",
    "projectcalico.org/openstack-project-id": port.project_id,
    "projectcalico.org/openstack-network-name": sanitised(
      cloud.networks.get(port.network_id).name,
      63,
    ),
  };
  for (const id of port.security_groups) {
    const name = sanitised(cloud.groups.get(id).name, 27);
    labels[`sg.projectcalico.org/openstack-${id}`] = name;
    if (name !== "") labels[`sg-name.projectcalico.org/openstack-${name}`] = id;
  }
  const project = cloud.projects.get(port.project_id);
  if (project) {
    labels["projectcalico.org/openstack-project-name"] = sanitised(project.name, 63);
    if (project.parent_id) {
      labels["projectcalico.org/openstack-project-parent-id"] = sanitised(project.parent_id, 63);
    }
  }
  return labels;
}

function endpointSpec(port: Json, host: string, cloud: Cloud): Json {
  const cidr = (ip: string) => ip.includes("/") ? ip : ip.includes(":") ? `${ip}/128` : `${ip}/32`;
  // Networks are none that Felix may route to a VM.
  const pairs = port.allowed_address_pairs.map((pair: Json) => cidr(pair.ip_address))
    .filter((pair: string) => /\/(32|128)$/.test(pair));
  const spec: Json = {
    orchestrator: "openstack",
    workload: port.device_id,
    node: host,
    endpoint: port.id,
    interfaceName: "tap" + port.id.substring(0, 11),
    mac: port.mac_address,
    ipNetworks: port.fixed_ips.map((ip: Json) => cidr(ip.ip_address)).concat(pairs),
    allowedIps: pairs,
  };
  for (const { subnet_id } of port.fixed_ips) {
    const subnet = cloud.subnets.get(subnet_id);
    if (!subnet.gateway_ip) continue;
    spec[subnet.ip_version === 6 ? "ipv6Gateway" : "ipv4Gateway"] = subnet.gateway_ip;
  }
  const nats = cloud.floatingIps.filter((fip) => fip.port_id === port.id).map((fip) => ({
    internalIP: fip.fixed_ip_address,
    externalIP: fip.floating_ip_address,
  }));
  if (nats.length > 0) spec.ipNATs = nats;
  const policy = cloud.policies.get(
    port.qos_policy_id || cloud.networks.get(port.network_id).qos_policy_id || "",
  );
  const controls = qosControls(policy?.rules ?? []);
  if (Object.keys(controls).length > 0) spec.qosControls = controls;
  return spec;
}

function qosControls(rules: Json[]): Json {
  const between = (low: number, value: number, high: number) =>
    value < low ? low : value > high ? high : value;
  const controls: Json = {};
  for (const rule of rules) {
    const d = rule.direction;
    if (rule.type === "bandwidth_limit") {
      if (rule.max_kbps > 0) {
        controls[`${d}Bandwidth`] = between(1000, rule.max_kbps * 1000, 10 ** 15);
        controls[`${d}Burst`] = 4294967296;
      }
      if (rule.max_burst_kbps > 0) {
        controls[`${d}Peakrate`] = between(1010, rule.max_burst_kbps * 1000, 10 ** 15 + 10 ** 13);
      }
    } else if (rule.type === "packet_rate_limit" && rule.max_kpps > 0) {
      controls[`${d}PacketRate`] = between(1, rule.max_kpps * 1000, 10 ** 4);
      controls[`${d}PacketBurst`] = 5;
    }
  }
  return controls;
}

// ---- comparison

/** What is wrong, a line per key; empty: etcd is as it must be. */
export function differences(expected: Expected, state: ReadonlyMap<string, Stored>): string[] {
  const wrong: string[] = [];
  for (const [key, want] of expected) {
    const stored = state.get(key);
    if (!stored) wrong.push(`missing: ${key}`);
    else {
      const have = withoutMadeUp(key, stored.value, wrong);
      const [a, b] = [canonical(want), canonical(have)];
      if (a !== b) wrong.push(`differs: ${key}\n  expected ${a}\n  found    ${b}`);
    }
  }
  for (const key of state.keys()) if (!expected.has(key)) wrong.push(`too many: ${key}`);
  return wrong;
}

const UID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function withoutMadeUp(key: string, value: Json, wrong: string[]): Json {
  if (key.startsWith(PREFIXES.subnets)) return value;
  const { uid, creationTimestamp, ...metadata } = value.metadata ?? {};
  if (!UID.test(uid) || !TIME.test(creationTimestamp)) {
    wrong.push(`uid or creationTimestamp: ${key} ${uid} ${creationTimestamp}`);
  }
  return { ...value, metadata: { labels: {}, annotations: {}, ...metadata } };
}

/** Lists whose order says nothing. */
const UNORDERED = new Set(["ingress", "egress", "ipNATs"]);

function canonical(value: Json, name = ""): string {
  if (Array.isArray(value)) {
    const items = value.map((item) => canonical(item));
    return `[${(UNORDERED.has(name) ? items.sort() : items).join()}]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key], key)}`).join()}}`;
}
