/**
 * What the syncer knows of the cloud between two runs, so that it can tell what has changed and whom that
 * concerns: revisions by collection, what endpoints show of other objects, and which keys stand for a port.
 * The objects themselves are always read afresh; what their endpoints show of others may come from here,
 * because whoever changes it here looks at all ports that show it, or puts them into the backlog.
 *
 * What there is of every port is packed (some 110 bytes, and 30 again while a full resync makes the next
 * one beside it); networks, subnets, groups, policies, floating IPs and projects, which are fewer, are kept
 * as objects.
 *
 * @module
 */
import { policyOrSubnetKey, type Prefixes, resourcePrefixes } from "../../calico/keys.ts";
import { calicoNamespace } from "../../calico/regions.ts";
import type { Port, Project, SecurityGroup } from "../../openstack/records.ts";
import type { PackedIndex } from "../../packed/packed_index.ts";
import {
  COLLECTIONS,
  type Followed,
  followedIn,
  type Listings,
  type Related,
  relatedIn,
  type RelatedObject,
  shownOf,
  type Table,
} from "../model/collections.ts";
import { type Kind, KIND_TABLE, KINDS } from "../model/kinds.ts";
import { addressGroupsIn } from "../model/naming.ts";
import type { Desired } from "../model/translate.ts";
import { addPortsOf, addWork, newWork, type Work } from "./backlog.ts";
import { FloatingIps } from "./floating_ips.ts";
import { KeyTable } from "./key_table.ts";
import { PortTable } from "./port_table.ts";
import { RelatedObjects } from "./related_objects.ts";
import { type Revised, Revisions } from "./revisions.ts";

function hasRules(object: Revised): object is SecurityGroup {
  return "security_group_rules" in object;
}

const NONE: ReadonlySet<string> = new Set();

/** How an index is made. */
export interface CloudIndexOptions {
  /**
   * An index beside which this one is made. They are independent, but ids and keys that both have are stored
   * once. Whoever makes the second closes one of the two.
   */
  readonly beside?: CloudIndex;
  /** @default {@linkcode COLLECTIONS} */
  readonly table?: Table;
}

/** The cloud as the last runs have seen it. */
export class CloudIndex {
  readonly table: Table;
  /** Keys in etcd, as a full resync saw them. */
  readonly keys: Readonly<Record<Kind, KeyTable>>;
  readonly ports: PortTable;
  readonly revisions: Readonly<Record<Followed, Revisions>>;
  readonly floatingIps: FloatingIps;
  readonly related: RelatedObjects;
  /** Address groups that the rules of a security group name, by its id; only of those that name some. */
  readonly #addressGroupsOf = new Map<string, ReadonlySet<string>>();
  /** All keys were seen that etcd had then. */
  hasAllKeys = false;
  /** By the monotonic clock, ms. */
  projectsReadAt = -Infinity;
  readonly #prefixes: Prefixes;
  #parent: CloudIndex | null = null;
  /** What an earlier run should have looked at and could not. */
  #backlog = newWork();

  constructor(
    readonly region: string | null,
    { beside, table = COLLECTIONS }: CloudIndexOptions = {},
  ) {
    this.table = table;
    this.#prefixes = resourcePrefixes(region);
    this.keys = Object.fromEntries(
      KINDS.map((kind) => [kind, new KeyTable(KIND_TABLE[kind].uuids, beside?.keys[kind])]),
    ) as Record<Kind, KeyTable>;
    this.ports = new PortTable(this.keys.WorkloadEndpoint, beside?.ports);
    this.revisions = Object.fromEntries(
      followedIn(table).map((collection) => {
        const own = collection !== "ports";
        return [collection, own ? new Revisions(beside?.revisions[collection]) : this.ports];
      }),
    ) as Record<Followed, Revisions>;
    this.floatingIps = new FloatingIps(this.revisions.floatingips);
    this.related = new RelatedObjects(calicoNamespace(region), this.floatingIps.byPort, table);
  }

  get #indexes(): PackedIndex[] {
    return [...Object.values(this.keys), ...Object.values(this.revisions)].map(({ index }) =>
      index
    );
  }

  /** Bytes of what is packed: it grows with the cloud. */
  get packedBytes(): number {
    return this.#indexes.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Bytes of it that another one beside it takes again. */
  get ownBytes(): number {
    return this.#indexes.reduce((sum, { ownBytes }) => sum + ownBytes, 0);
  }

  /** It is not used any more: gives back what it shares. */
  close(): void {
    for (const index of this.#indexes) index.close();
  }

  /** For a run that does not write: it knows the same keys, and what it learns is not taken for written. */
  scratch(): CloudIndex {
    const copy = new CloudIndex(this.region, { table: this.table });
    copy.#parent = this;
    return copy;
  }

  /** Takes the backlog; whoever cannot do all of it adds it again. */
  takeBacklog(): Work {
    const backlog = this.#backlog;
    this.#backlog = newWork();
    return backlog;
  }

  addToBacklog(work: Work): void {
    addWork(this.#backlog, work);
  }

  /** Keys of endpoints and migrations that stand for the port. */
  keysOf(port: string): Iterable<string> {
    if (!this.#parent) return this.ports.keysOf(port);
    return new Set([...this.#parent.keysOf(port), ...this.ports.keysOf(port)]);
  }

  /** How many keys of a kind etcd holds, as far as is known. */
  keyCount(kind: Kind): number {
    return Math.max(this.keys[kind].size, this.#parent?.keyCount(kind) ?? 0);
  }

  /** Notes a key as etcd shows it (mod revision, decimal), and whose it is. */
  seen(kind: Kind, key: string, modRevision: string, owner: string): void {
    const row = this.keys[kind].seen(key, modRevision);
    if (kind === "WorkloadEndpoint") this.ports.addEndpoint(owner, row);
    else if (kind === "LiveMigration") this.ports.addKey(owner, key);
  }

  /**
   * Notes that a key was compared and is wanted.
   *
   * @param row of the key in the table of its kind, as it was when its value was asked for; −1: it was not seen
   * @param rightAt the mod revision at which the key was right; null: it was not
   * @param isAll the key is all that its port wants
   * @returns the mod revision at which the key was seen before; null: it was not seen
   */
  compared(
    { kind, key, subject }: Pick<Desired, "kind" | "key" | "subject">,
    row: number,
    rightAt: string | null,
    isAll: boolean,
  ): string | null {
    const keys = this.keys[kind];
    if (row < 0) {
      if (subject.type === "port") keys.want(this.addKey(subject.id, key));
      return null;
    }
    const seenAt = keys.modRevision(row);
    if (rightAt === null) keys.want(row);
    else {
      keys.right(row, rightAt);
      if (isAll) this.ports.verify(subject.id, row);
    }
    return seenAt;
  }

  /** Notes a key of the port's; its row when it is an endpoint's, else −1. */
  addKey(port: string, key: string): number {
    if (!key.startsWith(this.#prefixes.WorkloadEndpoint)) {
      this.ports.addKey(port, key);
      return -1;
    }
    const row = this.keys.WorkloadEndpoint.index.add(key);
    this.ports.addEndpoint(port, row);
    return row;
  }

  notePort({ id, revision_number, qos_policy_id }: Port): void {
    this.ports.note(id, revision_number, qos_policy_id);
  }

  /**
   * Notes an object as read, whole or no more than is shown of it; true: those who show it show something
   * of it otherwise than before.
   */
  note<C extends Followed & Related>(collection: C, object: RelatedObject<C> & Revised): boolean {
    const revisions = this.revisions[collection];
    if (revisions.hasNewer(object)) return false;
    revisions.set(object.id, object.revision_number);
    if (collection === "subnets") this.#doubt("Subnet", object.id);
    if (collection === "security-groups") this.#doubt("NetworkPolicy", object.id);
    if (hasRules(object)) this.noteRules(object);
    return this.related.put(collection, object);
  }

  /** Notes what was listed of some collections. */
  noteAll(lists: Partial<Listings<Exclude<Followed, "ports">>>): void {
    const note = <C extends Followed & Related>(name: C) => {
      for (const object of lists[name]?.items ?? []) this.note(name, object);
    };
    for (const name of relatedIn(this.table)) note(name);
    for (const fip of lists.floatingips?.items ?? []) this.floatingIps.note(fip);
  }

  #doubt(kind: "NetworkPolicy" | "Subnet", id: string): void {
    this.keys[kind].doubt(policyOrSubnetKey(this.#prefixes, kind, id));
  }

  /** Notes which address groups a security group's rules name. */
  noteRules(group: SecurityGroup): void {
    this.#noteAddressGroups(group.id, addressGroupsIn(group));
  }

  #noteAddressGroups(group: string, named: ReadonlySet<string>): void {
    if (named.size > 0) this.#addressGroupsOf.set(group, named);
    else this.#addressGroupsOf.delete(group);
  }

  /** Notes a security group that is as another index has it. */
  noteSameGroup(id: string, other: CloudIndex): void {
    const group = other.related.securityGroups.get(id)!;
    if (this.revisions["security-groups"].hasNewer(group)) return;
    this.#noteAddressGroups(id, other.addressGroupsOf(id));
    this.note("security-groups", group);
  }

  /** Address groups that a security group's rules name. */
  addressGroupsOf(group: string): ReadonlySet<string> {
    return this.#addressGroupsOf.get(group) ?? NONE;
  }

  /** Security groups whose rules name the address group. */
  groupsNaming(addressGroup: string): string[] {
    return [...this.#addressGroupsOf].filter(([, named]) => named.has(addressGroup))
      .map(([id]) => id);
  }

  /** Adds to the work, by default the backlog, whatever shows these objects. */
  addShowing(collection: Related, ids: ReadonlySet<string>, work = this.#backlog): void {
    if (ids.size === 0) return;
    const { foundBy } = shownOf(this.table, collection);
    switch (foundBy) {
      case "filter":
        return addPortsOf(work, collection, ids);
      case "rules":
        for (const id of ids) for (const group of this.groupsNaming(id)) work.groups.add(group);
        return;
      case "policy":
        for (const { id, qos_policy_id } of this.related.networks.values()) {
          if (qos_policy_id !== null && ids.has(qos_policy_id)) addPortsOf(work, "networks", [id]);
        }
        for (const port of this.ports.withPolicy(ids)) work.ports.add(port);
    }
  }

  /** An object that Neutron no longer has. */
  forget(collection: Followed & Related, id: string): void {
    this.revisions[collection].delete(id);
    this.related.delete(collection, id);
    if (collection === "security-groups") this.#addressGroupsOf.delete(id);
  }

  /** Ids of those that show otherwise than before. */
  projects(all: readonly Project[], now: number): string[] {
    this.projectsReadAt = now;
    return this.related.replace("projects", [...this.related.projects.keys()], all);
  }
}
