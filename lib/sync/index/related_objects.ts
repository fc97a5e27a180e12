/**
 * What endpoints and policies show of other objects, as last read, and which of it has changed since a
 * full resync compared all ports with it: a port that refers to such an object is compared again, though
 * its own revision is the same.
 *
 * @module
 */
import type { Related as ShownByEndpoints } from "../../calico/workload_endpoint.ts";
import type { Unavailable } from "../../openstack/extensions.ts";
import type { FloatingIp } from "../../openstack/records.ts";
import {
  type Collection,
  type Related,
  type RelatedObject,
  shownOf,
  type Table,
} from "../model/collections.ts";
import { idsIn } from "../model/naming.ts";

type FloatingIpsByPort = ReadonlyMap<string, readonly FloatingIp[]>;

/** By collection and id. */
type Objects = { readonly [C in Related]: Map<string, RelatedObject<C>> };

/** What nobody else counts, as of projects, has revision 0. */
function revisionOf(object: object): number {
  return "revision_number" in object ? object.revision_number as number : 0;
}

/** Objects that are shown: floating IPs by the id of their port, everything else by its own. */
export class RelatedObjects implements ShownByEndpoints {
  readonly #objects: Objects;
  unavailable: ReadonlySet<Unavailable> = new Set();
  /** Ids of what has changed since {@linkcode compareFromNow}; null before. */
  #changed: Set<string> | null = null;

  constructor(
    readonly namespace: string,
    readonly floatingIps: FloatingIpsByPort,
    readonly table: Table,
  ) {
    this.#objects = Object.fromEntries(this.#names.map((name) => [name, new Map()])) as Objects;
  }

  get #names(): Related[] {
    const all = Object.keys(this.table) as Collection[];
    return all.filter((name): name is Related => this.table[name].shown !== null);
  }

  get networks(): ReadonlyMap<string, RelatedObject<"networks">> {
    return this.#objects.networks;
  }

  get subnets(): ReadonlyMap<string, RelatedObject<"subnets">> {
    return this.#objects.subnets;
  }

  get securityGroups(): ReadonlyMap<string, RelatedObject<"security-groups">> {
    return this.#objects["security-groups"];
  }

  get qosPolicies(): ReadonlyMap<string, RelatedObject<"qos/policies">> {
    return this.#objects["qos/policies"];
  }

  get projects(): ReadonlyMap<string, RelatedObject<"projects">> {
    return this.#objects.projects;
  }

  get addressGroups(): ReadonlyMap<string, RelatedObject<"address-groups">> {
    return this.#objects["address-groups"];
  }

  /** Those of a collection. */
  of<C extends Related>(collection: C): ReadonlyMap<string, RelatedObject<C>> {
    return this.#objects[collection];
  }

  /** All ports are going to be compared with what is here now. */
  compareFromNow(): void {
    this.#changed = new Set();
  }

  /** Whether it is known and those who show it would show the same. */
  showsSame<C extends Related>(collection: C, object: RelatedObject<C>): boolean {
    return this.#same(collection, this.#objects[collection].get(object.id), object);
  }

  /**
   * Keeps an object; true: it is new, or those who show it show it otherwise than before. What another run
   * has kept since that object was read, which has a higher revision, stays.
   */
  put<C extends Related>(collection: C, object: RelatedObject<C>): boolean {
    const objects = this.#objects[collection];
    const before = objects.get(object.id);
    if (before && revisionOf(before) > revisionOf(object)) return false;
    objects.set(object.id, this.#kept(collection, object));
    if (this.#same(collection, before, object)) return false;
    this.#changed?.add(object.id);
    return true;
  }

  delete(collection: Related, id: string): void {
    if (this.#objects[collection].delete(id)) this.#changed?.add(id);
  }

  /** What was found when these ids were asked for; ids of what was there and shows otherwise now. */
  replace<C extends Related>(
    collection: C,
    ids: Iterable<string>,
    found: readonly RelatedObject<C>[],
  ): string[] {
    const there = new Set(found.map(({ id }) => id));
    for (const id of ids) if (!there.has(id)) this.delete(collection, id);
    const otherwise: string[] = [];
    for (const object of found) {
      const known = this.#objects[collection].has(object.id);
      if (this.put(collection, object) && known) otherwise.push(object.id);
    }
    return otherwise;
  }

  /** What ports may show otherwise than when they were compared with `before`. */
  changesSince(before: RelatedObjects): RelatedChanges {
    const changed = new Set(before.#changed);
    const compare = <C extends Related>(name: C) => {
      const [was, is] = [before.#objects[name], this.#objects[name]];
      for (const [id, object] of is) if (!this.#same(name, was.get(id), object)) changed.add(id);
      for (const id of was.keys()) if (!is.has(id)) changed.add(id);
    };
    for (const name of this.#names) compare(name);
    for (const { id, qos_policy_id } of this.networks.values()) {
      if (qos_policy_id !== null && changed.has(qos_policy_id)) changed.add(id);
    }
    return new RelatedChanges(changed, before, this);
  }

  /** Whether an address group is otherwise than policies were compared with in `before`. */
  hasOtherAddresses(id: string, before: RelatedObjects): boolean {
    if (before.#changed?.has(id)) return true;
    return !this.#same("address-groups", before.addressGroups.get(id), this.addressGroups.get(id));
  }

  #same<C extends Related>(
    collection: C,
    a: RelatedObject<C> | undefined,
    b: RelatedObject<C> | undefined,
  ): boolean {
    if (a === undefined || b === undefined) return a === b;
    const shown = shownOf(this.table, collection);
    return JSON.stringify(shown.of(a)) === JSON.stringify(shown.of(b));
  }

  /** No more of it than is shown. */
  #kept<C extends Related>(collection: C, object: RelatedObject<C>): RelatedObject<C> {
    const { fields } = shownOf(this.table, collection);
    if (!fields) return object;
    const kept: Partial<RelatedObject<C>> = {};
    for (const field of fields) kept[field] = object[field];
    return kept as RelatedObject<C>;
  }
}

/** See {@linkcode RelatedObjects.changesSince}. */
export class RelatedChanges {
  readonly #fields;

  constructor(
    readonly changed: ReadonlySet<string>,
    readonly before: RelatedObjects,
    readonly now: RelatedObjects,
  ) {
    this.#fields = Object.values(now.table).flatMap(({ shown }) => shown?.portField ?? []);
  }

  /** Whether they concern a port; `record` is what Neutron sent of it. */
  concern(id: string, record: object): boolean {
    const [was, is] = [this.before.floatingIps.get(id), this.now.floatingIps.get(id)];
    if ((was || is) && JSON.stringify(was) !== JSON.stringify(is)) return true;
    if (this.changed.size === 0) return false;
    return this.#fields.some((field) => idsIn(record, field).some((id) => this.changed.has(id)));
  }
}
