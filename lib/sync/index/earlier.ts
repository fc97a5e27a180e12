/**
 * What an earlier full resync found right and nothing can have changed since: Neutron's object has the
 * same revision, its key in etcd the same mod revision, and, for a port, what its endpoint shows of
 * other objects is the same. Such an object is not translated, and its value not read.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../../calico/keys.ts";
import { FLOATING_IP_OWNER, type Subnet } from "../../openstack/records.ts";
import { COLLECTION_OF, KINDS } from "../model/kinds.ts";
import type { CloudIndex } from "./cloud_index.ts";
import type { RelatedChanges } from "./related_objects.ts";

/** Compares the index of an earlier full resync with that of the one that runs. */
export class Earlier {
  readonly #prefixes;
  /** Null: what endpoints show has not all been read, so that no port can be judged. */
  #changes: RelatedChanges | null = null;

  constructor(readonly before: CloudIndex, readonly now: CloudIndex) {
    this.#prefixes = resourcePrefixes(now.region);
  }

  /** Whether etcd is a backup that was restored since: its revisions say nothing of what is known. */
  get isOfAnotherHistory(): boolean {
    const { before, now } = this;
    return KINDS.some((kind) => now.keys[kind].wentBackSince(before.keys[kind]));
  }

  /** All that endpoints show has been read. */
  judgePorts(): void {
    this.#changes = this.now.related.changesSince(this.before.related);
  }

  /**
   * How many keys the group has (1) when it is as it was, and then it is noted with its key; else null.
   * `record` is what Neutron sent of it.
   */
  group(record: unknown): 1 | null {
    const { id, revision_number } = record as Record<string, unknown>;
    const group = typeof id === "string" && this.before.related.securityGroups.get(id);
    if (!group || typeof revision_number !== "number") return null;
    for (const named of this.before.addressGroupsOf(group.id)) {
      if (this.now.related.hasOtherAddresses(named, this.before.related)) return null;
    }
    const row = this.#row("NetworkPolicy", group.id, revision_number);
    if (row < 0) return null;
    this.now.noteSameGroup(group.id, this.before);
    this.now.keys.NetworkPolicy.right(row);
    return 1;
  }

  /** Whether the subnet is as it was, and then its key is noted. */
  subnet({ id, revision_number }: Subnet): boolean {
    const row = this.#row("Subnet", id, revision_number);
    if (row >= 0) this.now.keys.Subnet.right(row);
    return row >= 0;
  }

  /**
   * How many endpoints it has (0 or 1) when the port is as it was, and then the port is noted with its key;
   * else null. `record` is what Neutron sent of it.
   */
  port(record: unknown): number | null {
    const { id, revision_number, device_owner } = record as Record<string, unknown>;
    if (typeof id !== "string" || typeof revision_number !== "number") return null;
    // It has no endpoint, and tells which floating IPs there are.
    if (device_owner === FLOATING_IP_OWNER) return null;
    const { before, now } = this;
    const same = before.ports.findUnchanged(id, revision_number, now.keys.WorkloadEndpoint);
    if (!same || !this.#changes || this.#changes.concern(id, record as object)) return null;
    const row = now.ports.note(id, revision_number, same.policy);
    now.ports.verify(id, same.endpoint, row);
    if (same.endpoint < 0) return 0;
    now.keys.WorkloadEndpoint.right(same.endpoint);
    return 1;
  }

  /** The row of its key, which is as it was; −1: it is not. */
  #row(kind: "NetworkPolicy" | "Subnet", id: string, revision: number): number {
    if (this.before.revisions[COLLECTION_OF[kind]].get(id) !== revision) return -1;
    const keys = this.before.keys[kind];
    const row = keys.index.find(policyOrSubnetKey(this.#prefixes, kind, id));
    return row < 0 ? -1 : this.now.keys[kind].findUnchanged(keys, row);
  }
}
