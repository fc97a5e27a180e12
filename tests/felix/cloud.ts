/** A cloud as Neutron and Keystone show it → what the conductor writes for Felix. @module */
import { calicoNamespace } from "../../lib/calico/regions.ts";
import type { Related } from "../../lib/calico/workload_endpoint.ts";
import {
  addressGroupSchema,
  floatingIpSchema,
  networkSchema,
  portSchema,
  projectSchema,
  qosPolicySchema,
  securityGroupSchema,
  subnetSchema,
} from "../../lib/openstack/records.ts";
import { desiredValue } from "../../lib/sync/model/compare.ts";
import { type Desired, Translator } from "../../lib/sync/model/translate.ts";
import type { Pair } from "./judge.ts";

/** A record as REST shows it. */
export type Item = Readonly<Record<string, unknown>> & { readonly id: string };

/** A cloud's records by collection. */
export interface Cloud {
  readonly region: string | null;
  readonly projects: readonly Item[];
  readonly networks: readonly Item[];
  readonly subnets: readonly Item[];
  readonly qosPolicies: readonly Item[];
  readonly securityGroups: readonly Item[];
  readonly addressGroups: readonly Item[];
  readonly ports: readonly Item[];
  readonly floatingIps: readonly Item[];
}

/** What is to be written, of every kind, in no order. */
export function desiredOf(cloud: Cloud): Desired[] {
  const translator = new Translator(cloud.region);
  const related = surroundingsOf(cloud);
  const addressGroups = new Map(
    cloud.addressGroups.map((group) => [group.id, addressGroupSchema.parse(group)]),
  );
  return [
    ...cloud.subnets.flatMap((subnet) => translator.subnet(subnetSchema.parse(subnet))),
    ...cloud.securityGroups.map((group) =>
      translator.group(securityGroupSchema.parse(group), addressGroups)
    ),
    ...cloud.ports.flatMap((port) => translator.port(portSchema.parse(port), related)),
  ];
}

function surroundingsOf(cloud: Cloud): Related {
  const byId = <T extends { id: string }>(items: readonly T[]) =>
    new Map(items.map((item) => [item.id, item]));
  const parsed = cloud.floatingIps.map((item) => floatingIpSchema.parse(item));
  return {
    namespace: calicoNamespace(cloud.region),
    networks: byId(cloud.networks.map((item) => networkSchema.parse(item))),
    subnets: byId(cloud.subnets.map((item) => subnetSchema.parse(item))),
    securityGroups: byId(cloud.securityGroups.map((item) => securityGroupSchema.parse(item))),
    qosPolicies: byId(cloud.qosPolicies.map((item) => qosPolicySchema.parse(item))),
    projects: byId(cloud.projects.map((item) => projectSchema.parse(item))),
    floatingIps: Map.groupBy(parsed.filter((item) => item.port_id), (item) => item.port_id!),
    unavailable: new Set(),
  };
}

/** The text that stands in etcd. */
export function pairOf(desired: Desired, region: string | null): Pair {
  const stamps = {
    namespace: calicoNamespace(region),
    creationTimestamp: "2026-01-01T00:00:00Z",
    newUid: () => "00000000-0000-4000-8000-000000000000",
  };
  return { key: desired.key, value: JSON.stringify(desiredValue(desired, null, stamps)) };
}
