/**
 * The table of kinds: the keys in etcd that the syncer writes, in the order in which they must appear. The
 * DHCP agent serves a port only when it knows its subnet, and Felix programs an endpoint with the policies
 * that it knows.
 *
 * @module
 */
import { endpointNameParts, type Kind, POLICY_NAME_PREFIX } from "../../calico/keys.ts";
import type { Followed } from "./collections.ts";

export type { Kind } from "../../calico/keys.ts";

/** Neutron's object that a key stands for. */
export interface Subject {
  readonly type: "port" | "group" | "subnet";
  readonly id: string;
}

/** One kind. */
export interface KindRow {
  /** Whose objects stand behind its keys. */
  readonly collection: Followed;
  readonly subject: Subject["type"];
  /** UUIDs in a key: the object's alone, or a device's before it. */
  readonly uuids: 1 | 2;
  /** Whose key has that name, and its `WriteOperation.group` when it is deleted; null: it is not ours. */
  readonly owner: (name: string) => { readonly id: string; readonly group: string } | null;
}

function portOwner(name: string): ReturnType<KindRow["owner"]> {
  const parts = endpointNameParts(name);
  return parts && { id: parts.port, group: parts.host };
}

/** All rows. */
export const KIND_TABLE = {
  Subnet: {
    collection: "subnets",
    subject: "subnet",
    uuids: 1,
    owner: (id) => ({ id, group: "subnets" }),
  },
  NetworkPolicy: {
    collection: "security-groups",
    subject: "group",
    uuids: 1,
    owner: (name) =>
      name.startsWith(POLICY_NAME_PREFIX)
        ? { id: name.slice(POLICY_NAME_PREFIX.length), group: "" }
        : null,
  },
  LiveMigration: { collection: "ports", subject: "port", uuids: 2, owner: portOwner },
  WorkloadEndpoint: { collection: "ports", subject: "port", uuids: 2, owner: portOwner },
} as const satisfies Record<Kind, KindRow>;

/** The kinds in the order in which they are written. */
export const KINDS = Object.keys(KIND_TABLE) as readonly Kind[];

/** Whose objects stand behind the keys of a kind. */
export const COLLECTION_OF = Object.fromEntries(
  KINDS.map((kind) => [kind, KIND_TABLE[kind].collection]),
) as { readonly [K in Kind]: typeof KIND_TABLE[K]["collection"] };

/** Collections with keys of their own. */
export type Keyed = typeof COLLECTION_OF[Kind];

/** Whose key that is, by its name below the kind's prefix; null when it is not ours. */
export function subjectOf(kind: Kind, name: string): (Subject & { group: string }) | null {
  const { subject: type, owner }: KindRow = KIND_TABLE[kind];
  const found = owner(name);
  return found && { type, ...found };
}
