/** Records as Neutron 21 sends them, and what is wrong in their place. @module */
import type { z } from "zod";
import {
  floatingIpSchema,
  networkSchema,
  portSchema,
  qosPolicySchema,
  securityGroupSchema,
  subnetSchema,
} from "../../lib/openstack/records.ts";
import type { FakeRecord } from "./fake_neutron.ts";

export const GROUP = "a38de630-9665-40d4-8d3d-79a6b782e90e";
export const RULE = {
  id: "0b1cd0d4-c6f2-4e39-9d6f-932a0b382ff2",
  security_group_id: GROUP,
  ethertype: "IPv4",
  direction: "egress",
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
};

/** A collection with a record of it. */
export interface Kind {
  readonly path: string;
  readonly schema: z.ZodType<{ id: string }>;
  /** As Neutron 21 sends it, without what we do not use. */
  readonly record: FakeRecord;
  /** Fields that it does give as null. */
  readonly mayBeNull?: readonly string[];
  /** Path of a field → a value that is refused. */
  readonly wrong: Readonly<Record<string, unknown>>;
}

export const KINDS: readonly Kind[] = [
  {
    path: "ports",
    schema: portSchema,
    record: {
      id: "d82de524-47dd-4c3b-9e46-fdb85be72715",
      network_id: "cfc75e82-cd40-46cb-9c8d-083eaa444648",
      device_id: "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb",
      device_owner: "compute:nova",
      mac_address: "fa:16:3e:0f:66:12",
      project_id: "3f1c1d7a5b2e4c0f9a8b7c6d5e4f3a2b",
      status: "DOWN",
      revision_number: 3,
      fixed_ips: [{
        subnet_id: "1163078e-b593-4a60-b358-7d2ea59841fb",
        ip_address: "10.77.0.44",
      }],
      allowed_address_pairs: [],
      security_groups: [GROUP],
      "binding:host_id": "fx-n",
      "binding:vif_type": "tap",
      "binding:profile": {},
      qos_policy_id: null,
      dns_assignment: [],
    },
    mayBeNull: ["qos_policy_id", "project_id"],
    wrong: {
      network_id: "a/b",
      device_owner: 7,
      mac_address: "fa:16:3e",
      fixed_ips: "10.77.0.44",
      "fixed_ips.0.ip_address": "10.77.0.44 ",
      "fixed_ips.0.subnet_id": null,
      allowed_address_pairs: [null],
      security_groups: [GROUP, null],
      "binding:vif_type": true,
      "binding:profile": "fx-n",
      "binding:profile.migrating_to": 1,
      revision_number: "3",
    },
  },
  {
    path: "networks",
    schema: networkSchema,
    record: {
      id: "cfc75e82-cd40-46cb-9c8d-083eaa444648",
      name: "web",
      revision_number: 2,
      qos_policy_id: null,
    },
    mayBeNull: ["qos_policy_id"],
    wrong: { name: 1, qos_policy_id: [] },
  },
  {
    path: "subnets",
    schema: subnetSchema,
    record: {
      id: "1163078e-b593-4a60-b358-7d2ea59841fb",
      network_id: "cfc75e82-cd40-46cb-9c8d-083eaa444648",
      revision_number: 0,
      cidr: "10.77.0.0/24",
      enable_dhcp: true,
      gateway_ip: "10.77.0.1",
      host_routes: [{ destination: "10.99.0.0/16", nexthop: "10.77.0.2" }],
      dns_nameservers: ["192.0.2.53"],
      ipv6_ra_mode: null,
      ipv6_address_mode: null,
    },
    mayBeNull: ["gateway_ip", "ipv6_ra_mode", "ipv6_address_mode"],
    wrong: {
      enable_dhcp: "true",
      cidr: "everywhere",
      host_routes: {},
      "host_routes.0.nexthop": null,
      dns_nameservers: [null],
      gateway_ip: 10,
    },
  },
  {
    path: "security-groups",
    schema: securityGroupSchema,
    record: { id: GROUP, name: "web", revision_number: 1, security_group_rules: [RULE] },
    wrong: {
      security_group_rules: {},
      "security_group_rules.0": null,
      "security_group_rules.0.direction": "sideways",
      "security_group_rules.0.ethertype": "IPv5",
      "security_group_rules.0.port_range_min": "all",
      "security_group_rules.0.remote_group_id": 5,
      "security_group_rules.0.protocol": {},
    },
  },
  {
    path: "floatingips",
    schema: floatingIpSchema,
    record: {
      id: "c2a07096-482b-4b0e-ad0c-13d882acbafd",
      revision_number: 1,
      port_id: null,
      fixed_ip_address: null,
      floating_ip_address: "172.30.0.150",
    },
    mayBeNull: ["port_id", "fixed_ip_address"],
    wrong: { port_id: 1, floating_ip_address: "none" },
  },
  {
    path: "qos/policies",
    schema: qosPolicySchema,
    record: {
      id: "74063a23-fe5e-4861-9e6b-5246ccfbea54",
      revision_number: 1,
      rules: [
        { type: "bandwidth_limit", direction: "egress", max_kbps: 1, max_burst_kbps: 0 },
        { type: "packet_rate_limit", direction: "ingress", max_kpps: 1 },
        { type: "minimum_packet_rate", direction: "any", min_kpps: 1 },
        { type: "dscp_marking", dscp_mark: 8 },
      ],
    },
    wrong: {
      rules: {},
      "rules.0.max_kbps": "1",
      "rules.0.direction": "any",
      "rules.1.max_kpps": true,
      "rules.2.type": null,
    },
  },
];
