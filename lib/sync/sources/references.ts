/**
 * What listed objects name and no list has shown. Neutron keeps an object as long as another one refers to
 * it, so such an object is there whatever its own list says: it is asked for by id. What is not shown even
 * then is hidden from us, which tells that the collection is not seen whole.
 *
 * @module
 */
import type { z } from "zod";
import {
  addressGroupSchema,
  floatingIpSchema,
  networkSchema,
  type Port,
  qosPolicySchema,
  revisionSchema,
  type SecurityGroup,
  securityGroupSchema,
  subnetSchema,
} from "../../openstack/records.ts";
import { holdHidden } from "../apply/gone.ts";
import { addressGroupsIn, type CloudIndex, type Followed } from "../index/cloud_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import type { News } from "./read_related.ts";

/** Once so many of a collection are hidden, no further ones are asked for. */
const MAX_ASKED = 300;
const NO_NEWS: News = { groups: [], subnets: [] };

/** Collections whose objects others name. */
type Named = Exclude<Followed, "floatingips">;

/** Collects them while a full resync reads. */
export class References {
  readonly #hidden: Readonly<Record<Named, Set<string>>> = {
    ports: new Set(),
    networks: new Set(),
    subnets: new Set(),
    "security-groups": new Set(),
    "qos/policies": new Set(),
    "address-groups": new Set(),
  };
  /** Projects that ports name, those that are known and those that are not. */
  readonly #knownProjects = new Set<string>();
  readonly #unknownProjects = new Set<string>();

  /** `refused`: ids of records that were not understood, of all collections. */
  constructor(
    readonly run: SyncRun,
    readonly index: CloudIndex,
    readonly refused: Set<string>,
  ) {}

  /** Ids that are named and not shown. */
  hidden(collection: Followed): ReadonlySet<string> {
    return collection === "floatingips" ? new Set() : this.#hidden[collection];
  }

  /** What networks and subnets name. Call it when their lists have been read. */
  async resolveRelated(): Promise<void> {
    const { networks, subnets, qosPolicies } = this.index.related;
    const unlisted = (all: Iterable<string | null>, known: ReadonlyMap<string, unknown>) =>
      this.#worthAsking(all, known);
    const policies = unlisted([...networks.values()].map((net) => net.qos_policy_id), qosPolicies);
    await this.#policies(policies);
    await this.#networks(unlisted([...subnets.values()].map((net) => net.network_id), networks));
  }

  /** What these ports name; what was found on the way and has keys of its own. */
  async resolvePorts(ports: readonly Port[]): Promise<News> {
    const { related } = this.index;
    const missing = {
      networks: new Set<string>(),
      subnets: new Set<string>(),
      groups: new Set<string>(),
      policies: new Set<string>(),
    };
    for (const port of ports) {
      this.#noteProject(port.project_id);
      if (!related.networks.has(port.network_id)) missing.networks.add(port.network_id);
      for (const { subnet_id } of port.fixed_ips) {
        if (subnet_id !== "" && !related.subnets.has(subnet_id)) missing.subnets.add(subnet_id);
      }
      for (const id of port.security_groups) {
        if (!related.securityGroups.has(id)) missing.groups.add(id);
      }
      const policy = port.qos_policy_id;
      if (policy !== null && !related.qosPolicies.has(policy)) missing.policies.add(policy);
    }
    if (Object.values(missing).every((ids) => ids.size === 0)) return NO_NEWS;
    const worth = (ids: Set<string>) => this.#worthAsking(ids, new Map());
    await this.#networks(worth(missing.networks));
    await this.#policies(worth(missing.policies));
    const subnets = await this.#ask("subnets", subnetSchema, worth(missing.subnets));
    const groups = await this.#ask("security-groups", securityGroupSchema, worth(missing.groups));
    await this.resolveGroups(groups);
    for (const subnet of subnets) this.index.subnet(subnet);
    for (const group of groups) this.index.group(group);
    return { groups, subnets };
  }

  /** What the rules of these groups name. */
  async resolveGroups(groups: readonly SecurityGroup[]): Promise<void> {
    const { addressGroups } = this.index.related;
    const named = groups.flatMap((group) => [...addressGroupsIn(group.security_group_rules)]);
    const ids = this.#worthAsking(named, addressGroups);
    const found = await this.#ask("address-groups", addressGroupSchema, ids);
    for (const group of found) this.index.addressGroup(group);
  }

  /**
   * Ports that floating IPs name and the list of ports lacked, though Neutron has them. Call it when all
   * ports have been read.
   */
  async resolveFloatingIps(): Promise<string[]> {
    const { portOfFloatingIp, ports } = this.index;
    const named = [...portOfFloatingIp].filter(([, port]) =>
      ports.get(port) === undefined && !this.refused.has(port)
    ).slice(0, MAX_ASKED);
    if (named.length === 0) return [];
    const { neutron } = this.run.deps;
    const { signal } = this.run.term;
    // A port that was deleted while the ports were read is not named any more.
    const ids = named.map(([fip]) => fip);
    const now = await neutron.listBy("floatingips", floatingIpSchema, signal, "id", ids);
    const still = new Set(now.items.map(({ port_id }) => port_id));
    const doubtful = [...new Set(named.map(([, port]) => port))].filter((port) => still.has(port));
    const found = await this.#ask("ports", revisionSchema, doubtful);
    return found.map(({ id }) => id);
  }

  /** Says which collections are not seen whole. Call it at the end. */
  report(): void {
    const { run, index } = this;
    if (run.options.allowDeletions) return; // it is let through
    for (const [collection, ids] of Object.entries(this.#hidden)) {
      if (ids.size === 0) continue;
      const held = index.revisions[collection as Named].size + ids.size;
      holdHidden(run, collection as Named, held, ids);
    }
    const unknown = this.#unknownProjects;
    const held = this.#knownProjects.size + unknown.size;
    const { config, projects } = run.deps.keystone;
    const asked = config.authUrl !== null && projects.trouble === null;
    // Some may be gone from Keystone while their ports stay; most of them are not.
    if (asked && unknown.size * 2 > held) holdHidden(run, "projects", held, unknown);
  }

  #noteProject(id: string): void {
    if (id === "") return;
    const known = this.index.related.projects.has(id);
    (known ? this.#knownProjects : this.#unknownProjects).add(id);
  }

  /** Those that are not known, not refused and not yet known to be hidden. */
  #worthAsking(ids: Iterable<string | null>, known: ReadonlyMap<string, unknown>): string[] {
    const hidden = Object.values(this.#hidden);
    return [...new Set(ids)].filter((id) =>
      id !== null && !known.has(id) && !this.refused.has(id) && !hidden.some((set) => set.has(id))
    ) as string[];
  }

  async #networks(ids: readonly string[]): Promise<void> {
    const found = await this.#ask("networks", networkSchema, ids);
    for (const network of found) this.index.network(network);
  }

  async #policies(ids: readonly string[]): Promise<void> {
    const found = await this.#ask("qos/policies", qosPolicySchema, ids);
    for (const policy of found) this.index.policy(policy);
  }

  /** Asks by id; what does not come back is hidden. */
  async #ask<T extends { id: string }>(
    collection: Named,
    schema: z.ZodType<T>,
    ids: readonly string[],
  ): Promise<T[]> {
    const hidden = this.#hidden[collection];
    if (ids.length === 0) return [];
    const asked = hidden.size < MAX_ASKED && this.run.deps.neutron.extensions.offers(collection)
      ? ids
      : [];
    const { neutron } = this.run.deps;
    const { items, refused } = await neutron.listBy(
      collection,
      schema,
      this.run.term.signal,
      "id",
      asked,
    );
    this.run.leaveRefused(collection, refused, this.refused);
    const there = new Set([...items, ...refused].map(({ id }) => id));
    for (const id of ids) if (!there.has(id)) hidden.add(id);
    if (items.length > 0) {
      this.run.warn(
        `the list of ${collection} lacked ${items.length} objects that others name, such as ` +
          items[0]!.id,
      );
    }
    return items;
  }
}
