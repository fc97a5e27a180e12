/**
 * What listed objects name and no list has shown. Neutron keeps an object as long as another one refers to
 * it, so such an object is there whatever its own list says: it is asked for by id. What is not shown even
 * then is hidden from us, which tells that the collection is not seen whole, unless it was deleted meanwhile: who
 * named it is asked for once more, and does not name it any more then.
 *
 * @module
 */
import type { z } from "zod";
import {
  floatingIpOf,
  type Port,
  revisionSchema,
  type SecurityGroup,
  type WholeNetwork,
} from "../../openstack/records.ts";
import { confirm } from "../apply/gone.ts";
import { floatingIpsWithPorts } from "../apply/floating_ports.ts";
import { subnetsOfNetworks } from "../apply/subnets_of_networks.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import {
  type Followed,
  followedIn,
  type ObjectOf,
  type Related,
  relatedIn,
  shownOf,
} from "../model/collections.ts";
import { addressGroupsIn, idsIn } from "../model/naming.ts";
import type { News } from "./read_related.ts";

/** Once so many of a collection are hidden, no further ones are asked for. */
const MAX_ASKED = 300;
/** Objects that are asked for together whether they name what is missing still. */
const ASKED_AT_ONCE = 30;
const NO_NEWS: News = { groups: [], subnets: [] };

/** Collects them while a full resync reads. */
export class References {
  readonly #hidden: ReadonlyMap<Followed, Set<string>>;
  /** Projects that ports name, those that are known and those that are not. */
  readonly #knownProjects = new Set<string>();
  readonly #unknownProjects = new Set<string>();
  /** Floating IPs that the list lacks, and whose ports it has. */
  readonly #unlisted = new Set<string>();

  /** `refused`: ids of records that were not understood, of all collections. */
  constructor(readonly run: SyncRun, readonly refused: Set<string>) {
    this.#hidden = new Map(followedIn(run.index.table).map((name) => [name, new Set()]));
  }

  /** Ids that are named and not shown. */
  hidden(collection: Followed): ReadonlySet<string> {
    return this.#hidden.get(collection)!;
  }

  /** What networks and subnets name. Call it when their lists have been read. @param listed networks */
  async resolveRelated(listed: readonly WholeNetwork[]): Promise<void> {
    const { networks, subnets } = this.run.index.related;
    const policyOf = ({ qos_policy_id }: { qos_policy_id: string | null }) => [qos_policy_id];
    await this.#resolveNamed("qos/policies", "networks", [...networks.values()], policyOf);
    await this.#resolve(
      "subnets",
      listed.flatMap((net) => net.subnets),
      (ids) => subnetsOfNetworks(this.run, ids),
    );
    const networkOf = ({ network_id }: { network_id: string }) => [network_id];
    await this.#resolveNamed("networks", "subnets", [...subnets.values()], networkOf);
  }

  /** What these ports name; what was found on the way and has keys of its own. */
  async resolvePorts(ports: readonly Port[]): Promise<News> {
    const { table } = this.run.index;
    for (const port of ports) {
      this.#noteProject(port.project_id);
      const floatingIp = floatingIpOf(port);
      if (floatingIp !== null) this.#noteFloatingIp(floatingIp);
    }
    let news = NO_NEWS;
    for (const name of relatedIn(table)) {
      const field = shownOf(table, name).portField;
      if (field === null) continue;
      const named = (port: object) => idsIn(port, field);
      const resolve = <C extends Followed & Related>(name: C) =>
        this.#resolveNamed(name, "ports", ports, named);
      if (name === "subnets") news = { ...news, subnets: await resolve(name) };
      else if (name === "security-groups") {
        const groups = await resolve(name);
        await this.resolveGroups(groups);
        news = { ...news, groups };
      } else await resolve(name);
    }
    return news;
  }

  /** What the rules of these groups name. */
  async resolveGroups(groups: readonly SecurityGroup[]): Promise<void> {
    await this.#resolveNamed("address-groups", "security-groups", groups, addressGroupsIn);
  }

  /** Floating IPs that have ports and no list has shown. Call it when all ports have been read. */
  async resolveUnlisted(): Promise<void> {
    const { revisions } = this.run.index;
    const named = [...this.#unlisted].filter((id) => revisions.floatingips.get(id) === undefined);
    // Without routers there are no floating IPs; ports of earlier ones may be left.
    if (named.length === 0 || !this.run.deps.neutron.extensions.offers("floatingips")) return;
    // One that is new is taken up by the next run; one that was deleted meanwhile has no port any more.
    const there = await this.run.listBy("floatingips", revisionSchema, "id", named);
    const known = new Set([...there.items, ...there.refused].map(({ id }) => id));
    const doubtful = named.filter((id) => !known.has(id));
    const hidden = this.#hidden.get("floatingips")!;
    for (const id of await floatingIpsWithPorts(this.run, doubtful)) hidden.add(id);
  }

  #noteFloatingIp(id: string): void {
    const isListed = this.run.index.revisions.floatingips.get(id) !== undefined;
    if (!isListed && !this.refused.has(id) && this.#unlisted.size < MAX_ASKED) {
      this.#unlisted.add(id);
    }
  }

  /**
   * Ports that floating IPs name and the list of ports lacked, though Neutron has them. Call it when all
   * ports have been read.
   */
  async resolveFloatingIps(): Promise<string[]> {
    const { floatingIps, ports } = this.run.index;
    const named = [...floatingIps.portOf].filter(([, port]) =>
      ports.get(port) === undefined && !this.refused.has(port)
    ).slice(0, MAX_ASKED);
    if (named.length === 0) return [];
    const fips = named.map(([id, port_id]) => ({ id, port_id }));
    const portOf = ({ port_id }: { port_id: string | null }) => [port_id];
    const found = await this.#ask(
      "ports",
      revisionSchema,
      [...new Set(named.map(([, port]) => port))],
      (ids) => this.#stillNamed(ids, "floatingips", fips, portOf),
    );
    return found.map(({ id }) => id);
  }

  /** Says which collections are not seen whole. Call it at the end. */
  report(): void {
    const { run } = this;
    if (run.options.allowDeletions) return; // it is let through
    for (const [collection, ids] of this.#hidden) {
      if (ids.size === 0) continue;
      run.hold(collection, "hidden", run.index.revisions[collection].size + ids.size, ids);
    }
    const unknown = this.#unknownProjects;
    const held = this.#knownProjects.size + unknown.size;
    const { config, projects } = run.deps.keystone;
    const asked = config.authUrl !== null && projects.trouble === null;
    // Some may be gone from Keystone while their ports stay; most of them are not.
    if (asked && unknown.size * 2 > held) run.hold("projects", "hidden", held, unknown);
  }

  #noteProject(id: string): void {
    if (id === "") return;
    const known = this.run.index.related.projects.has(id);
    (known ? this.#knownProjects : this.#unknownProjects).add(id);
  }

  /** What these objects name of another collection. @param by their own */
  async #resolveNamed<C extends Followed & Related, By extends Followed, T extends { id: string }>(
    collection: C,
    by: By,
    objects: readonly T[],
    namesOf: (object: T | ObjectOf<By>) => Iterable<string | null>,
  ): Promise<ObjectOf<C>[]> {
    const known = this.run.index.related.of(collection);
    const missing = new Set<string>();
    for (const object of objects) {
      for (const id of namesOf(object)) if (id !== null && !known.has(id)) missing.add(id);
    }
    if (missing.size === 0) return []; // as for nearly all ports
    return await this.#resolve(
      collection,
      missing,
      (ids) => this.#stillNamed(ids, by, objects, namesOf),
    );
  }

  /** Those of the ids that one of these objects, asked for by its id, names now. @param by their collection */
  async #stillNamed<By extends Followed, T extends { id: string }>(
    ids: readonly string[],
    by: By,
    objects: readonly T[],
    namesOf: (object: T | ObjectOf<By>) => Iterable<string | null>,
  ): Promise<Set<string>> {
    const doubtful = new Set<string | null>(ids);
    for (let at = 0; at < objects.length && doubtful.size > 0;) {
      const naming: T[] = [];
      // A few at a time: one that names it is enough, of thousands that did.
      for (; at < objects.length && naming.length < ASKED_AT_ONCE; at++) {
        const object = objects[at]!;
        if ([...namesOf(object)].some((id) => doubtful.has(id))) naming.push(object);
      }
      for (const object of await this.#asTheyAre(by, naming)) {
        for (const id of namesOf(object)) doubtful.delete(id);
      }
    }
    return new Set(ids.filter((id) => !doubtful.has(id)));
  }

  /** These objects as Neutron has them now; as they were, where it does not say that they are gone. */
  async #asTheyAre<By extends Followed, T extends { id: string }>(
    by: By,
    objects: readonly T[],
  ): Promise<(T | ObjectOf<By>)[]> {
    const { items } = await this.run.byId(by, objects.map(({ id }) => id));
    const shown = new Set(items.map(({ id }) => id));
    const others = objects.filter(({ id }) => !shown.has(id));
    const gone = new Set<string>();
    if (others.length > 0) await confirm(this.run, by, others.map(({ id }) => id), gone);
    return [...items, ...others.filter(({ id }) => !gone.has(id))];
  }

  /** Asks for those of the ids that are not known, and notes what is found. @param named as in `#ask` */
  async #resolve<C extends Followed & Related>(
    collection: C,
    ids: Iterable<string | null>,
    named: (ids: readonly string[]) => Promise<Iterable<string>>,
  ): Promise<ObjectOf<C>[]> {
    const known = this.run.index.related.of(collection);
    const hidden = [...this.#hidden.values()];
    const worthAsking = [...new Set(ids)].filter((id) =>
      id !== null && !known.has(id) && !this.refused.has(id) && !hidden.some((set) => set.has(id))
    ) as string[];
    const { schema } = this.run.index.table[collection];
    const found = await this.#ask(collection, schema, worthAsking, named);
    for (const object of found) this.run.index.note(collection, object);
    return found;
  }

  /** Asks by id; what does not come back is hidden. @param named those that are named still */
  async #ask<T extends { id: string }>(
    collection: Followed,
    schema: z.ZodType<T>,
    ids: readonly string[],
    named: (ids: readonly string[]) => Promise<Iterable<string>>,
  ): Promise<T[]> {
    if (ids.length === 0) return [];
    const hidden = this.#hidden.get(collection)!;
    const { neutron } = this.run.deps;
    const isMany = hidden.size >= MAX_ASKED;
    const asked = !isMany && neutron.extensions.offers(collection) ? ids : [];
    const { items, refused } = await this.run.listBy(collection, schema, "id", asked);
    this.run.leaveRefused(collection, refused, this.refused);
    const there = new Set([...items, ...refused].map(({ id }) => id));
    const missing = ids.filter((id) => !there.has(id));
    const isDoubtful = missing.length > 0 && !isMany;
    for (const id of isDoubtful ? await named(missing) : missing) hidden.add(id);
    if (items.length > 0) {
      this.run.warn(
        `the list of ${collection} lacked ${items.length} objects that others name, such as ` +
          items[0]!.id,
      );
    }
    return items;
  }
}
