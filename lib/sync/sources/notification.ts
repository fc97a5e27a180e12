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
import { isVmOwner } from "../../openstack/records.ts";
import { OBJECT_ID } from "../../openstack/object_id.ts";
import { COLLECTIONS, type Followed, followedIn, type Table } from "../model/collections.ts";
import { type Changed, noChanges } from "./changes.ts";

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
  // One of `messaging` has no envelope.
  const { data } = messageSchema.safeParse(
    decodeEnvelope(body) ?? parseJson(new TextDecoder().decode(body)),
  );
  return data ? { type: data.event_type, payload: data.payload } : null;
}

/** What several notifications say, each object once. */
export class Hints {
  readonly changed: Changed;
  /** Ids of objects that were said to be deleted. */
  readonly deleted = new Set<string>();
  /** Ids of objects that were said to be updated, themselves and not by a part: they may be shown otherwise. */
  readonly updated = new Set<string>();
  /** Collections of which something unknown has changed. */
  readonly compare = new Set<Followed>();
  /** Hosts of ports that have gone elsewhere: activating a binding is silent, the clean-up is not. */
  readonly hosts = new Set<string>();
  /** Networks whose subnets went with them, without a notification of their own. */
  readonly subnetsOf = new Set<string>();

  constructor(readonly table: Table = COLLECTIONS) {
    this.changed = noChanges(table);
  }

  /** All but what is said of them besides, that they were deleted or updated. */
  get #sets(): Set<string>[] {
    return [...Object.values(this.changed), this.compare, this.hosts, this.subnetsOf];
  }

  get size(): number {
    return this.#sets.reduce((sum, set) => sum + set.size, 0);
  }

  add(other: Hints): void {
    const from = [...other.#sets, other.deleted, other.updated];
    for (const [i, set] of [...this.#sets, this.deleted, this.updated].entries()) {
      for (const each of from[i]!) set.add(each);
    }
  }
}

function id(value: unknown): string | null {
  return typeof value === "string" && OBJECT_ID.test(value) ? value : null;
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
  const ids = objects.map((object) => id(object.id) ?? id(own(payload, `${resource}_id`)))
    .filter((found) => found !== null);
  if (action === "delete") { for (const found of ids) hints.deleted.add(found); }
  if (resource === "port") return addPorts(hints, objects, ids, knowsPort);
  for (const name of followedIn(hints.table)) {
    const { notifiedAs, parts } = hints.table[name];
    if (parts?.notifiedAs.test(resource)) return addWholes(hints, name, objects, parts.field);
    if (resource !== notifiedAs) continue;
    for (const found of ids) hints.changed[name].add(found);
    if (action === "update") { for (const found of ids) hints.updated.add(found); }
    if (name === "networks" && action === "delete") {
      for (const found of ids) hints.subnetsOf.add(found);
    }
    return ids.length > 0;
  }
  if (resource !== "binding" || action !== "delete") return false;
  // The host is its id; which port it was is not said.
  const host = payload.binding_id;
  if (typeof host !== "string" || host === "") return false;
  hints.hosts.add(host);
  return true;
}

type Json = Readonly<Record<string, unknown>>;

/** A resource may be called like something that each object has by birth. */
function own(payload: Json, name: string): unknown {
  return Object.hasOwn(payload, name) ? payload[name] : undefined;
}

/** The object, or those of a bulk; one without anything when the payload names it by its id alone. */
function objectsOf(resource: string, payload: Json): Json[] {
  const bulk = own(payload, `${resource}s`);
  const all = Array.isArray(bulk) ? bulk : [own(payload, resource) ?? {}];
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
    return typeof owner !== "string" || isVmOwner(owner) || knowsPort(port);
  });
  for (const port of wanted) hints.changed.ports.add(port);
  return wanted.length > 0;
}

/** What the parts belong to; when one does not say, all of that collection are compared. */
function addWholes(
  hints: Hints,
  name: Followed,
  parts: readonly Json[],
  field: string,
): boolean {
  for (const part of parts) {
    const whole = id(part[field]);
    if (whole) hints.changed[name].add(whole);
    else hints.compare.add(name);
  }
  return parts.length > 0;
}
