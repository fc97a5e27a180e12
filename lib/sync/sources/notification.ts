/**
 * What a notification of Neutron's says may have changed. Only that: they are hints, which come late,
 * twice or not at all, and the objects are read afresh. Sources of the forms: Neutron's
 * `NotifierHook`; `<resource>.<create|update|delete>.end` with the object, a bulk of objects, or for
 * rules of QoS policies the rule without its policy.
 *
 * @module
 */
import { z } from "zod";
import { parseJson } from "../../base/json.ts";
import { decodeEnvelope } from "../../bus/envelope.ts";
import { type Changed, noChanges } from "./changes.ts";
import { FOLLOWED, type Followed } from "../index/cloud_index.ts";

/** A notification. */
export interface Notification {
  /** Such as `port.update.end`. */
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

const messageSchema = z.object({
  event_type: z.string(),
  payload: z.record(z.string(), z.unknown()),
});

/** The notification in a message's body (oslo's drivers `messagingv2` and `messaging`), or null. */
export function decodeNotification(body: Uint8Array): Notification | null {
  const parsed = messageSchema.safeParse(decodeEnvelope(body) ?? bare(body));
  return parsed.success ? { type: parsed.data.event_type, payload: parsed.data.payload } : null;
}

/** A message without an envelope. */
function bare(body: Uint8Array): unknown {
  return parseJson(new TextDecoder().decode(body));
}

/** What several notifications say, each object once. */
export class Hints {
  readonly changed: Changed = noChanges();
  /** Ids of objects that were said to be deleted. */
  readonly deleted = new Set<string>();
  /** Kinds of which something unknown has changed. */
  readonly compare = new Set<Followed>();
  /** Hosts of ports that have gone elsewhere: activating a binding is silent, the clean-up is not. */
  readonly hosts = new Set<string>();
  /** Networks whose subnets went with them, without a notification of their own. */
  readonly subnetsOf = new Set<string>();

  get size(): number {
    const sets = [...Object.values(this.changed), this.compare, this.hosts, this.subnetsOf];
    return sets.reduce((sum, set) => sum + set.size, 0);
  }

  add(other: Hints): void {
    for (const kind of FOLLOWED) {
      for (const id of other.changed[kind]) this.changed[kind].add(id);
    }
    for (const id of other.deleted) this.deleted.add(id);
    for (const kind of other.compare) this.compare.add(kind);
    for (const host of other.hosts) this.hosts.add(host);
    for (const id of other.subnetsOf) this.subnetsOf.add(id);
  }
}

/** Resources that are followed by their own id, as notifications call them. */
const KINDS: ReadonlyMap<string, Followed> = new Map([
  ["network", "networks"],
  ["subnet", "subnets"],
  ["security_group", "security-groups"],
  ["floatingip", "floatingips"],
  ["policy", "qos/policies"],
  ["address_group", "address-groups"],
]);

const idSchema = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);

function id(value: unknown): string | null {
  const parsed = idSchema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

/**
 * Adds what the notification hints at; false: it concerns nothing in etcd. `knowsPort` tells a port
 * that has keys, whatever it is now.
 */
export function addHints(
  hints: Hints,
  { type, payload }: Notification,
  knowsPort: (id: string) => boolean,
): boolean {
  const [resource = "", action = "", phase = ""] = type.split(".");
  if (phase !== "end" || !["create", "update", "delete"].includes(action)) return false;
  const objects = objectsOf(resource, payload);
  const ids = objects.map((object) => id(object.id) ?? id(payload[`${resource}_id`]))
    .filter((found) => found !== null);
  if (action === "delete") { for (const found of ids) hints.deleted.add(found); }
  const kind = KINDS.get(resource);
  if (kind) {
    for (const found of ids) hints.changed[kind].add(found);
    if (kind === "networks" && action === "delete") {
      for (const found of ids) hints.subnetsOf.add(found);
    }
    return ids.length > 0;
  }
  if (resource === "port") return addPorts(hints, objects, ids, knowsPort);
  if (resource === "security_group_rule") {
    return addParents(hints, "security-groups", objects, "security_group_id");
  }
  if (/(?:bandwidth|packet_rate)_limit_rule$/.test(resource)) {
    return addParents(hints, "qos/policies", objects, "qos_policy_id");
  }
  if (resource !== "binding" || action !== "delete") return false;
  // The host is its id; which port it was is not said.
  const host = payload.binding_id;
  if (typeof host !== "string" || host === "") return false;
  hints.hosts.add(host);
  return true;
}

type Json = Readonly<Record<string, unknown>>;

/** The object, or those of a bulk; one without anything when the payload names it by its id alone. */
function objectsOf(resource: string, payload: Json): Json[] {
  const bulk = payload[`${resource}s`];
  const all = Array.isArray(bulk) ? bulk : [payload[resource] ?? {}];
  return all.filter((object) => typeof object === "object" && object !== null);
}

/** Ports that are, or were, a VM's. */
function addPorts(
  hints: Hints,
  objects: readonly Json[],
  ids: readonly string[],
  knowsPort: (id: string) => boolean,
): boolean {
  const owners = new Map(objects.map((object) => [object.id, object.device_owner]));
  const wanted = ids.filter((port) => {
    const owner = owners.get(port);
    return typeof owner !== "string" || /^(?:compute:|kuryr:container)/.test(owner) ||
      knowsPort(port);
  });
  for (const port of wanted) hints.changed.ports.add(port);
  return wanted.length > 0;
}

/** What the rules belong to; when one does not say, all of that kind are compared. */
function addParents(
  hints: Hints,
  kind: Followed,
  objects: readonly Json[],
  field: string,
): boolean {
  for (const object of objects) {
    const parent = id(object[field]);
    if (parent) hints.changed[kind].add(parent);
    else hints.compare.add(kind);
  }
  return objects.length > 0;
}
