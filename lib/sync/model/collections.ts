/**
 * The table of collections: what the syncer follows of Neutron, and Keystone's projects. Whatever reads,
 * compares, follows or counts them loops over it, so that a collection which endpoints show is one row
 * here and one schema (`records.ts`), and what translates it. Which keys of etcd stand for objects says
 * the table of kinds (`kinds.ts`).
 *
 * @module
 */
import type { z } from "zod";
import { joinAll } from "../../base/join_loops.ts";
import type { Listing } from "../../openstack/listing.ts";
import {
  addressGroupSchema,
  type FloatingIp,
  floatingIpSchema,
  type Network,
  networkSchema,
  type Port,
  portSchema,
  type Project,
  projectSchema,
  type QosPolicy,
  qosPolicySchema,
  type SecurityGroup,
  securityGroupNameSchema,
  securityGroupSchema,
  type Subnet,
  subnetSchema,
  type WholeNetwork,
  wholeNetworkSchema,
} from "../../openstack/records.ts";

interface Identified {
  readonly id: string;
}

/** A field of ports that names other objects. */
export type PortField = keyof Port;

/** What endpoints or policies show of an object. */
export interface Shown<T extends Identified> {
  /** What is read and kept of it for that. */
  readonly schema: z.ZodType<T>;
  /** Fields that are asked for. @default all */
  readonly fields?: readonly (keyof T & string)[];
  /** What is shown: when it is another, whatever shows it is compared again. */
  readonly of: (object: T) => unknown;
  /** The field of ports that names it; null: ports do not. */
  readonly portField: PortField | null;
  /**
   * How those who show it are found: `filter`, Neutron lists ports by that field; the index knows `policy`,
   * the networks and ports with a QoS policy, and `rules`, the groups whose rules name an address group.
   */
  readonly foundBy: "filter" | "policy" | "rules";
}

/** One collection. T: its objects, S: what is kept of them for those who show them. */
export interface Row<T extends Identified, S extends Identified = T> {
  /** @default "neutron" */
  readonly service?: "neutron" | "keystone";
  /** What a record is. */
  readonly schema: z.ZodType<T>;
  /** Fields that are asked for. @default all */
  readonly fields?: readonly string[];
  /** How notifications call an object; null: there are none. */
  readonly notifiedAs: string | null;
  /** Parts of an object with notifications of their own, and the field that names the object. @default none */
  readonly parts?: { readonly notifiedAs: RegExp; readonly field: string } | null;
  /** Null: nothing shows them, or (floating IPs) by their port. */
  readonly shown: Shown<S> | null;
  /** Whether every change raises the revision; else whole objects are compared. @default true */
  readonly isCounted?: boolean;
  /** For people: one of them, and several. */
  readonly words: readonly [one: string, several: string];
}

const ROWS = {
  ports: {
    schema: portSchema,
    fields: Object.keys(portSchema.shape),
    notifiedAs: "port",
    shown: null,
    words: ["port", "ports"],
  } satisfies Row<Port>,
  networks: {
    schema: wholeNetworkSchema,
    notifiedAs: "network",
    shown: {
      schema: networkSchema,
      fields: ["id", "revision_number", "name", "qos_policy_id"] as const,
      of: ({ name, qos_policy_id }) => [name, qos_policy_id],
      portField: "network_id",
      foundBy: "filter",
    },
    words: ["network", "networks"],
  } satisfies Row<WholeNetwork, Network>,
  subnets: {
    schema: subnetSchema,
    notifiedAs: "subnet",
    shown: {
      schema: subnetSchema,
      of: ({ gateway_ip }) => gateway_ip,
      portField: "fixed_ips",
      foundBy: "filter",
    },
    words: ["subnet", "subnets"],
  } satisfies Row<Subnet>,
  "security-groups": {
    schema: securityGroupSchema,
    notifiedAs: "security_group",
    parts: { notifiedAs: /^security_group_rule$/, field: "security_group_id" },
    shown: {
      schema: securityGroupNameSchema,
      fields: ["id", "revision_number", "name"] as const,
      of: ({ name }) => name,
      portField: "security_groups",
      foundBy: "filter",
    },
    words: ["security group", "security groups"],
  } satisfies Row<SecurityGroup, z.infer<typeof securityGroupNameSchema>>,
  floatingips: {
    schema: floatingIpSchema,
    notifiedAs: "floatingip",
    shown: null, // by its port (`floating_ips.ts`)
    words: ["floating IP", "floating IPs"],
  } satisfies Row<FloatingIp>,
  "qos/policies": {
    schema: qosPolicySchema,
    notifiedAs: "policy",
    parts: { notifiedAs: /(?:bandwidth|packet_rate)_limit_rule$/, field: "qos_policy_id" },
    shown: {
      schema: qosPolicySchema,
      of: ({ rules }) => rules,
      portField: "qos_policy_id",
      foundBy: "policy",
    },
    words: ["QoS policy", "QoS policies"],
  } satisfies Row<QosPolicy>,
  "address-groups": {
    schema: addressGroupSchema,
    notifiedAs: "address_group",
    shown: {
      schema: addressGroupSchema,
      of: ({ addresses }) => addresses,
      portField: null,
      foundBy: "rules",
    },
    // Neutron 29 does not raise it when an address is taken out, and sends no notification of it.
    isCounted: false,
    words: ["address group", "address groups"],
  } satisfies Row<z.infer<typeof addressGroupSchema>>,
  projects: {
    schema: projectSchema,
    service: "keystone",
    notifiedAs: null,
    shown: {
      schema: projectSchema,
      of: ({ name, parent_id }) => [name, parent_id],
      portField: "project_id",
      foundBy: "filter",
    },
    isCounted: false,
    words: ["project", "projects"],
  } satisfies Row<Project>,
};
type Rows = typeof ROWS;

/** A collection, by its path in the API; Keystone's is "projects". */
export type Collection = keyof Rows;
/** Those of Neutron's. */
export type Followed = {
  [C in Collection]: Rows[C] extends { readonly service: "keystone" } ? never : C;
}[Collection];
/** Those that endpoints or policies show something of, by id. */
export type Related = {
  [C in Collection]: Rows[C]["shown"] extends null ? never : C;
}[Collection];
/** What is kept of an object for those who show it. */
export type RelatedObject<C extends Collection> = Rows[C]["shown"] extends Shown<infer S> ? S
  : Identified;
/** An object of a collection. */
export type ObjectOf<C extends Collection> =
  & z.infer<Rows[C]["schema"]>
  & RelatedObject<C>;

/** All rows. */
export type Table = {
  readonly [C in Collection]: Row<ObjectOf<C>, RelatedObject<C>>;
};
export const COLLECTIONS: Table = ROWS;

/** Neutron's collections of the table, in its order. */
export function followedIn(table: Table): Followed[] {
  const all = Object.keys(table) as Collection[];
  return all.filter((name): name is Followed => table[name].service !== "keystone");
}

/** Those of Neutron's collections that are shown by id. */
export function relatedIn(table: Table): (Followed & Related)[] {
  return followedIn(table).filter((name): name is Followed & Related => table[name].shown !== null);
}

/** What is shown of a collection's objects. */
export function shownOf<C extends Related>(table: Table, collection: C): Shown<RelatedObject<C>> {
  return table[collection].shown!;
}

/** Objects of several collections. */
export type Listings<C extends Collection> = { readonly [K in C]: Listing<ObjectOf<K>> };

/** What `read` finds of each collection; they are read side by side, see {@linkcode joinAll}. @throws as that does. */
export async function readEach<C extends Collection>(
  signal: AbortSignal,
  collections: readonly C[],
  read: <K extends C>(collection: K, signal: AbortSignal) => Promise<Listing<ObjectOf<K>>>,
): Promise<Listings<C>> {
  const found = collections.map((name) => async (signal: AbortSignal) =>
    [name, await read(name, signal)] as const
  );
  return Object.fromEntries(await joinAll(signal, found)) as Listings<C>;
}
