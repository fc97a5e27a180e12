/**
 * What etcd holds, taken apart by who says so: an endpoint shows its port, and of other objects a
 * name, a gateway, a limit. When one of those is not known for now, only its part may stay as it was.
 *
 * @module
 */
import { endpointNameParts, POLICY_NAME_PREFIX, resourcePrefixes } from "../../lib/calico/keys.ts";
import { calicoNamespace, regionString } from "../../lib/calico/regions.ts";
import { readSnapshot } from "../../lib/etcd/snapshot.ts";
import type { Etcd3 } from "etcd3";
import type { Cloud, Item } from "../../lab/model.ts";
import type { CollectionName } from "./records.ts";

/** An object of Neutron's or Keystone's. */
export type Source = `${CollectionName}:${string}`;

/** A part of a value, comparable. */
export type Facets = ReadonlyMap<string, string>;

/** What etcd holds of a region: by key, both without the region's own name. */
export type Held = ReadonlyMap<string, Facets>;

/** The one facet of a value that comes from a single object. */
const WHOLE = "value";

/** Everything that the syncer keeps for a region. */
export async function readHeld(etcd: Etcd3, region: string): Promise<Held> {
  const found = new Map<string, Facets>();
  const names = [[calicoNamespace(region), "NAMESPACE"], [regionString(region), "REGION"]] as const;
  const neutral = (text: string) =>
    names.reduce((all, [name, to]) => all.replaceAll(name, to), text);
  for (const prefix of Object.values(resourcePrefixes(region))) {
    for (const { key, value } of (await readSnapshot(etcd, prefix)).items) {
      found.set(neutral(key), facetsOf(neutral(key), neutral(value.toString())));
    }
  }
  return found;
}

/** Removes everything that the syncer keeps for a region. */
export async function clearRegion(etcd: Etcd3, region: string): Promise<void> {
  for (const prefix of Object.values(resourcePrefixes(region))) await etcd.delete().prefix(prefix);
}

type Json = Record<string, unknown>;

function facetsOf(key: string, text: string): Facets {
  const value = JSON.parse(text) as Json;
  const { creationTimestamp: _at, uid: _uid, ...metadata } = (value.metadata ?? {}) as Json;
  if (key.includes("/networkpolicies/")) return policyFacets({ ...value, metadata });
  if (!key.includes("/workloadendpoints/")) {
    const rest = "metadata" in value ? { ...value, metadata } : value;
    return new Map([[WHOLE, JSON.stringify(rest)]]);
  }
  return endpointFacets({ ...value, metadata });
}

/** Calico's protocol of the rules that name an address group (`addressGroupRule`). */
const FOR_ADDRESS_GROUP = 4;
const ADDRESSES = "addresses";

function policyFacets(value: Json): Facets {
  const spec = value.spec as { ingress: { protocol?: unknown }[] };
  const named = spec.ingress.filter(({ protocol }) => protocol === FOR_ADDRESS_GROUP);
  const ingress = spec.ingress.filter(({ protocol }) => protocol !== FOR_ADDRESS_GROUP);
  return new Map([
    [WHOLE, JSON.stringify({ ...value, spec: { ...spec, ingress } })],
    [ADDRESSES, JSON.stringify(named)],
  ]);
}

const SG = "sg.projectcalico.org/openstack-";
const SG_NAME = "sg-name.projectcalico.org/openstack-";
const PROJECT = "projectcalico.org/openstack-project-";
const NETWORK_NAME = "projectcalico.org/openstack-network-name";

function endpointFacets(value: Json & { metadata: Json }): Facets {
  const { ipv4Gateway, ipv6Gateway, ipNATs, qosControls, ...spec } = value.spec as Json;
  const labels = Object.entries(value.metadata.labels as Record<string, string>);
  const found = new Map<string, string>();
  const set = (name: string, part: unknown) => found.set(name, JSON.stringify(part ?? null));
  const groups = labels.filter(([name]) => name.startsWith(SG)).map(([name]) =>
    name.slice(SG.length)
  ).sort();
  for (const id of groups) {
    set(
      `group ${id}`,
      labels.filter(([name, to]) => name === SG + id || (name.startsWith(SG_NAME) && to === id)),
    );
  }
  const isNetwork = (name: string) => name === NETWORK_NAME;
  const isProject = (name: string) => name === `${PROJECT}name` || name === `${PROJECT}parent-id`;
  set("network", labels.filter(([name]) => isNetwork(name)));
  set("project", labels.filter(([name]) => isProject(name)));
  set("IPv4 gateway", ipv4Gateway);
  set("IPv6 gateway", ipv6Gateway);
  for (const nat of (ipNATs ?? []) as { externalIP: string }[]) {
    set(`floating ${nat.externalIP}`, nat);
  }
  set("QoS", qosControls);
  const own = labels.filter(([name, to]) =>
    !isNetwork(name) && !isProject(name) && !name.startsWith(SG) &&
    !(name.startsWith(SG_NAME) && groups.includes(to))
  );
  const metadata = { ...value.metadata, labels: own };
  set(WHOLE, { ...value, metadata, spec, groups });
  return found;
}

/** What speaks for nothing known: the facet of an endpoint that shows nothing there. */
export function isBlank(name: string, facet: string): boolean {
  return facet === "null" || facet === "[]" || (name.startsWith("group ") && isNameless(facet));
}

function isNameless(facet: string): boolean {
  return (JSON.parse(facet) as [string, string][]).every(([name, to]) =>
    name.startsWith(SG) && to === ""
  );
}

/** Id of the port, group or subnet that a key stands for. */
export function subjectOf(key: string): Source {
  const name = key.slice(key.lastIndexOf("/") + 1);
  if (key.includes("/subnet/")) return `subnets:${name}`;
  if (key.includes("/networkpolicies/")) {
    return `security-groups:${name.slice(POLICY_NAME_PREFIX.length)}`;
  }
  return `ports:${endpointNameParts(name)!.port}`;
}

/** The objects that a facet of a key comes from, in one cloud or the other. */
export class Sources {
  readonly #ports = new Map<string, Item[]>();
  readonly #policies = new Map<string, Set<string>>();
  readonly #floatingIps = new Map<string, Set<string>>();
  /** By the security group whose rules name them. */
  readonly #addressGroups = new Map<string, Set<string>>();

  constructor(clouds: readonly Cloud[]) {
    const add = (to: Map<string, Set<string>>, key: unknown, id: unknown) => {
      if (typeof key !== "string" || typeof id !== "string") return;
      const ids = to.get(key) ?? new Set();
      to.set(key, ids.add(id));
    };
    for (const cloud of clouds) {
      for (const port of cloud.list("ports")) {
        this.#ports.set(port.id, [...this.#ports.get(port.id) ?? [], port]);
      }
      for (const { id, qos_policy_id } of cloud.list("networks")) {
        add(this.#policies, id, qos_policy_id);
      }
      for (const { id, floating_ip_address } of cloud.list("floatingips")) {
        add(this.#floatingIps, floating_ip_address, id);
      }
      for (const { id, security_group_rules } of cloud.list("security_groups")) {
        for (const { remote_address_group_id } of security_group_rules as Json[]) {
          add(this.#addressGroups, id, remote_address_group_id);
        }
      }
    }
  }

  of(key: string, facet: string): Source[] {
    const subject = subjectOf(key);
    const ports = this.#ports.get(subject.slice("ports:".length)) ?? [];
    const named = (collection: CollectionName, of: (port: Item) => readonly unknown[]) =>
      ports.flatMap(of).filter((id) => typeof id === "string")
        .map((id) => `${collection}:${id}` as Source);
    const [name, id] = facet.split(" ");
    if (name === "group") return [subject, `security-groups:${id}`];
    if (name === "floating") {
      return [
        subject,
        ...[...this.#floatingIps.get(id!) ?? []].map((fip) => `floatingips:${fip}` as Source),
      ];
    }
    if (facet === ADDRESSES) {
      const ids = this.#addressGroups.get(subject.slice("security-groups:".length)) ?? [];
      return [subject, ...[...ids].map((of) => `address-groups:${of}` as Source)];
    }
    const networks = named("networks", (port) => [port.network_id]);
    switch (facet) {
      case "network":
        return [subject, ...networks];
      case "project":
        return [subject, ...named("projects", (port) => [port.project_id])];
      case "IPv4 gateway":
      case "IPv6 gateway":
        return [
          subject,
          ...named("subnets", (port) => (port.fixed_ips as Json[]).map((ip) => ip.subnet_id)),
        ];
      case "QoS":
        return [
          subject,
          ...networks,
          ...named("qos/policies", (port) => [
            port.qos_policy_id,
            ...this.#policies.get(String(port.network_id)) ?? [],
          ]),
        ];
    }
    return [subject];
  }
}
