/**
 * What enters from Neutron and Keystone: schemas of the fields that we use. Unknown fields are
 * dropped; what Neutron leaves out or sets to null in some releases has a default.
 *
 * @module
 */
import { z } from "zod";

/** What may stand in a key: Neutron's own ids are UUIDs. */
const id = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
/** A part of an endpoint's name, such as a host: no separator of keys, nothing invisible. */
const keyPart = z.string().regex(/^[^\s/\p{Cc}]{0,255}$/u).nullish().transform((value) =>
  value ?? ""
);
/** An address or a prefix. */
const address = z.string().regex(/^[0-9A-Fa-f.:]{2,45}(?:\/\d{1,3})?$/);
const text = z.string().nullish().transform((value) => value ?? "");
const revision = z.number().default(0);
const number = z.union([z.number(), z.string().regex(/^-?\d+$/).transform(Number)]);

export const portSchema = z.object({
  id,
  network_id: id,
  device_id: keyPart,
  device_owner: text,
  mac_address: text,
  project_id: text,
  status: text,
  revision_number: revision,
  fixed_ips: z.array(z.object({ ip_address: address, subnet_id: text })).default([]),
  allowed_address_pairs: z.array(z.object({ ip_address: address })).nullish()
    .transform((value) => value ?? []),
  security_groups: z.array(id).nullish().transform((value) => value ?? []),
  "binding:host_id": keyPart,
  "binding:vif_type": text,
  "binding:profile": z.object({ migrating_to: keyPart }).nullish()
    .transform((value) => value?.migrating_to || null),
  qos_policy_id: z.string().nullish().transform((value) => value ?? null),
  dns_assignment: z.array(z.object({ fqdn: z.string().nullish() })).nullish()
    .transform((value) => value?.[0]?.fqdn || null),
});
export type Port = z.infer<typeof portSchema>;

/** What tells whether an object has changed. */
export const revisionSchema = z.object({ id, revision_number: revision });

export const networkSchema = z.object({
  id,
  revision_number: revision,
  name: text,
  qos_policy_id: z.string().nullish().transform((value) => value ?? null),
});
export type Network = z.infer<typeof networkSchema>;

export const subnetSchema = z.object({
  id,
  revision_number: revision,
  network_id: id,
  cidr: address,
  enable_dhcp: z.boolean().default(false),
  gateway_ip: z.string().nullish().transform((value) => value ?? null),
  host_routes: z.array(z.object({ destination: z.string(), nexthop: z.string() })).nullish()
    .transform((value) => value ?? []),
  dns_nameservers: z.array(z.string()).nullish().transform((value) => value ?? []),
  ipv6_ra_mode: z.string().nullish().transform((value) => value ?? null),
  ipv6_address_mode: z.string().nullish().transform((value) => value ?? null),
});
export type Subnet = z.infer<typeof subnetSchema>;

export const securityGroupRuleSchema = z.object({
  id,
  direction: z.enum(["ingress", "egress"]),
  ethertype: z.enum(["IPv4", "IPv6"]),
  protocol: z.union([z.string(), z.number()]).nullish().transform((value) => value ?? null),
  port_range_min: number.nullish().transform((value) => value ?? null),
  port_range_max: number.nullish().transform((value) => value ?? null),
  remote_ip_prefix: z.string().nullish().transform((value) => value || null),
  remote_group_id: z.string().nullish().transform((value) => value || null),
});
export type SecurityGroupRule = z.infer<typeof securityGroupRuleSchema>;

export const securityGroupSchema = z.object({
  id,
  revision_number: revision,
  name: text,
  security_group_rules: z.array(securityGroupRuleSchema).default([]),
});
export type SecurityGroup = z.infer<typeof securityGroupSchema>;

export const floatingIpSchema = z.object({
  id,
  revision_number: revision,
  port_id: z.string().nullish().transform((value) => value ?? null),
  fixed_ip_address: z.string().nullish().transform((value) => value ?? null),
  floating_ip_address: address,
});
export type FloatingIp = z.infer<typeof floatingIpSchema>;

export const qosRuleSchema = z.object({
  type: z.string(),
  direction: z.enum(["ingress", "egress"]).nullish().transform((value) => value ?? "egress"),
  max_kbps: z.number().nullish(),
  max_burst_kbps: z.number().nullish(),
  max_kpps: z.number().nullish(),
});
export const qosPolicySchema = z.object({
  id,
  revision_number: revision,
  rules: z.array(qosRuleSchema).default([]),
});
export type QosPolicy = z.infer<typeof qosPolicySchema>;

export const projectSchema = z.object({
  id,
  name: text,
  parent_id: z.string().nullish().transform((value) => value ?? null),
});
export type Project = z.infer<typeof projectSchema>;
