/**
 * What enters from Neutron and Keystone: schemas of the fields that we use. Unknown fields are dropped.
 * Null is taken only where Neutron really gives it. What an extension brings has a default for when it is
 * not loaded; that it is there when it should be is seen to by who reads the list (`listing.ts`).
 *
 * @module
 */
import { z } from "zod";
import { OBJECT_ID } from "./object_id.ts";

/** Neutron's own ids are UUIDs. */
const id = z.string().regex(OBJECT_ID, "is no id");
/** An address or a prefix. */
const address = z.string().regex(/^[0-9A-Fa-f.:]{2,45}(?:\/\d{1,3})?$/, "is no address");
const text = z.string();
const textOrNull = z.string().nullable();
const revision = z.number().default(0);
const number = z.union([z.number(), z.string().regex(/^-?\d+$/).transform(Number)], "is no number");
/** What may be part of an endpoint's name: no separator of keys, nothing invisible. */
const KEY_PART = /^[^\s/\p{Cc}]{0,255}$/u;
const KEY_PART_WHY =
  "has a space, a slash or a control character (or is too long), which a key of " +
  "Calico's cannot hold: ";
const host = text.regex(KEY_PART, `${KEY_PART_WHY}give the host another name`);

/** An Ethernet address as Go's `net.ParseMAC` reads it, or none. */
const MAC = /^(?:[\dA-Fa-f]{2}([:-])(?:[\dA-Fa-f]{2}\1){4}[\dA-Fa-f]{2})?$/;

/** Whether a port is a VM's: only those have endpoints. */
export function isVmOwner(deviceOwner: string): boolean {
  return deviceOwner.startsWith("compute:") || deviceOwner.startsWith("kuryr:container");
}

export const portSchema = z.object({
  id,
  network_id: id,
  device_id: text,
  device_owner: text,
  mac_address: text,
  project_id: textOrNull.transform((value) => value ?? ""),
  status: text,
  revision_number: revision,
  fixed_ips: z.array(z.object({ ip_address: address, subnet_id: id })),
  allowed_address_pairs: z.array(z.object({ ip_address: address })).default([]),
  security_groups: z.array(id).default([]),
  "binding:host_id": host.default(""),
  "binding:vif_type": text.default(""),
  "binding:profile": z.object({ migrating_to: host.nullish() }).default({})
    .transform(({ migrating_to }) => migrating_to || null),
  qos_policy_id: textOrNull.default(null),
  dns_assignment: z.array(z.object({ fqdn: textOrNull.optional() })).default([])
    .transform(([first]) => first?.fqdn || null),
}).refine(({ device_id, device_owner }) => !isVmOwner(device_owner) || KEY_PART.test(device_id), {
  path: ["device_id"],
  error: `${KEY_PART_WHY}give the port another one`,
}).refine(({ mac_address, device_owner }) => !isVmOwner(device_owner) || MAC.test(mac_address), {
  path: ["mac_address"],
  error: "is none that Felix can read, which would not see the endpoint",
});
export type Port = z.infer<typeof portSchema>;

/** What tells whether an object has changed. */
export const revisionSchema = z.object({ id, revision_number: revision });
/** Fields to ask for when no more is wanted. */
export const REVISION_FIELDS: readonly string[] = Object.keys(revisionSchema.shape);

export const networkSchema = z.object({
  id,
  revision_number: revision,
  name: text,
  qos_policy_id: textOrNull.default(null),
});
export type Network = z.infer<typeof networkSchema>;
/** With the subnets that it has, whoever may see them. */
export const wholeNetworkSchema = networkSchema.extend({ subnets: z.array(id) });
export type WholeNetwork = z.infer<typeof wholeNetworkSchema>;

export const subnetSchema = z.object({
  id,
  revision_number: revision,
  network_id: id,
  cidr: address,
  enable_dhcp: z.boolean(),
  gateway_ip: address.nullable(),
  host_routes: z.array(z.object({ destination: address, nexthop: address })),
  dns_nameservers: z.array(text),
  ipv6_ra_mode: textOrNull,
  ipv6_address_mode: textOrNull,
});
export type Subnet = z.infer<typeof subnetSchema>;

const direction = z.enum(["ingress", "egress"]);

export const securityGroupRuleSchema = z.object({
  id,
  direction,
  ethertype: z.enum(["IPv4", "IPv6"]),
  protocol: z.union([z.string(), z.number()], "is no protocol").nullable(),
  port_range_min: number.nullable(),
  port_range_max: number.nullable(),
  // What these name may be unknown or no id at all: that harms the rule alone.
  remote_ip_prefix: textOrNull,
  remote_group_id: textOrNull,
  remote_address_group_id: textOrNull.default(null),
});
export type SecurityGroupRule = z.infer<typeof securityGroupRuleSchema>;

/** What endpoints show of a group. */
export const securityGroupNameSchema = z.object({ id, revision_number: revision, name: text });
export const securityGroupSchema = securityGroupNameSchema.extend({
  security_group_rules: z.array(securityGroupRuleSchema),
});
export type SecurityGroup = z.infer<typeof securityGroupSchema>;

export const addressGroupSchema = z.object({
  id,
  revision_number: revision,
  /** Networks in CIDR notation, of both versions. */
  addresses: z.array(text),
});

export const floatingIpSchema = z.object({
  id,
  revision_number: revision,
  port_id: textOrNull,
  fixed_ip_address: textOrNull,
  floating_ip_address: address,
});
export type FloatingIp = z.infer<typeof floatingIpSchema>;

/** Who owns the port that holds a floating IP's address; its `device_id` is the floating IP's id. */
export const FLOATING_IP_OWNER = "network:floatingip";

/**
 * The floating IP whose port this is; null: it is no such port. Anybody may make a port on a network of their
 * own, give it that owner and name any id; but only Neutron makes one that belongs to no project.
 */
export function floatingIpOf(
  { device_owner, device_id, project_id }: Pick<Port, "device_owner" | "device_id" | "project_id">,
): string | null {
  // "PENDING" while Neutron makes the floating IP, and for ever when it fails then.
  const isOne = device_owner === FLOATING_IP_OWNER && project_id === "" && device_id !== "PENDING";
  return isOne && OBJECT_ID.test(device_id) ? device_id : null;
}

/** What such a port says of its floating IP. */
export const floatingIpPortSchema = z.object({
  id,
  project_id: textOrNull.transform((value) => value ?? ""),
  device_id: text,
  device_owner: text,
  fixed_ips: z.array(z.object({ ip_address: address })),
});

/** What each type of rule that we use has to have; of others nothing is known. */
const QOS_AMOUNTS: ReadonlyMap<
  string,
  readonly ("max_kbps" | "max_burst_kbps" | "max_kpps")[]
> = new Map([
  ["bandwidth_limit", ["max_kbps", "max_burst_kbps"]],
  ["packet_rate_limit", ["max_kpps"]],
]);
const amount = z.number().nullish();
const qosRuleSchema = z.object({
  type: z.string(),
  /** Of minimum rates also `any`; DSCP marks have none. */
  direction: z.string().default("egress"),
  max_kbps: amount,
  max_burst_kbps: amount,
  max_kpps: amount,
}).superRefine((rule, { addIssue }) => {
  const amounts = QOS_AMOUNTS.get(rule.type);
  if (!amounts) return;
  for (const name of amounts) {
    if (rule[name] === undefined) addIssue({ code: "custom", path: [name], message: "is missing" });
  }
  if (!direction.safeParse(rule.direction).success) {
    addIssue({ code: "custom", path: ["direction"], message: "is no direction" });
  }
});
export const qosPolicySchema = z.object({
  id,
  revision_number: revision,
  rules: z.array(qosRuleSchema),
});
export type QosPolicy = z.infer<typeof qosPolicySchema>;

export const projectSchema = z.object({ id, name: text, parent_id: textOrNull });
export type Project = z.infer<typeof projectSchema>;

/** A port as a list of Neutron's shows it; `host` is "" when it is unbound. */
export interface PortSeen {
  readonly id: string;
  readonly status: string;
  readonly host: string;
  /** Its `data_plane_status` is DOWN; null: the list does not show that. */
  readonly isFaulty: boolean | null;
}

/** The fields that say so. */
export const STATE_FIELDS = ["status", "binding:host_id"] as const;
/** The one that says so where Neutron has that extension, and shows it. */
export const FAULT_FIELDS = ["data_plane_status"] as const;

/** A record of a list, as it came, as that; null: it does not say how the port is, or where it is bound. */
export function portSeen(record: unknown): PortSeen | null {
  const seen = record as Record<string, unknown>;
  const { id, status, "binding:host_id": host } = seen;
  if (typeof id !== "string" || typeof status !== "string") return null;
  if (typeof host !== "string" && host !== null) return null;
  const fault = seen[FAULT_FIELDS[0]];
  const isFaulty = fault === undefined ? null : fault === "DOWN";
  return { id, status, host: host ?? "", isFaulty };
}
