/** Records that are not of their shape. @module */
import { edited } from "./disturbances.ts";
import type { CollectionName } from "./records.ts";
import { type Asked, keyOf, listOf } from "./stand_in.ts";

type RecordOf = Record<string, unknown>;
/** What becomes of a record. */
export type Damage = (record: RecordOf) => unknown;

/** Fields without which an object cannot be told, with a value of another type. */
const FIELDS: Readonly<Record<CollectionName, Readonly<Record<string, unknown>>>> = {
  "ports": {
    "fixed_ips": "10.0.0.1",
    "security_groups": 7,
    "device_owner": 7,
    "binding:vif_type": {},
    "allowed_address_pairs": "none",
    "network_id": null,
  },
  "security-groups": { "security_group_rules": "none", "name": 7 },
  "subnets": { "cidr": 7, "enable_dhcp": "yes", "gateway_ip": 7, "dns_nameservers": "none" },
  "networks": { "name": 7, "qos_policy_id": 7, "subnets": 7 },
  "qos/policies": { "rules": "none" },
  "floatingips": { "floating_ip_address": 7, "port_id": 7 },
  "projects": { "name": 7 },
  "address-groups": { "addresses": "none" },
};

/** The first of the fields, or the one with that number; null: there are not so many. */
const field = (collection: CollectionName, number: number) =>
  Object.entries(FIELDS[collection])[number] ?? null;

function fieldDamages(): Record<string, (of: CollectionName) => Damage | null> {
  const all: Record<string, (of: CollectionName) => Damage | null> = {};
  for (let number = 0; number < 6; number++) {
    const nth = number === 0 ? "" : ` (${number + 1})`;
    all[`wrong type${nth}`] = (of) => {
      const found = field(of, number);
      return found &&
        ((record) => found[0] in record ? { ...record, [found[0]]: found[1] } : record);
    };
    all[`field missing${nth}`] = (of) => {
      const found = field(of, number);
      return found && ((record) => without(record, found[0]));
    };
  }
  return all;
}

function without(record: RecordOf, name: string): RecordOf {
  const { [name]: _, ...rest } = record;
  return rest;
}

/** A group's rule, or a policy's, of a shape that nobody knows. */
function badRule(of: CollectionName): Damage | null {
  const name = of === "security-groups"
    ? "security_group_rules"
    : of === "qos/policies"
    ? "rules"
    : null;
  if (name === null) return null;
  return (record) => {
    const rules = record[name];
    return Array.isArray(rules) ? { ...record, [name]: [null, ...rules.slice(1)] } : record;
  };
}

/** All of them, by name; null: not of that collection. */
export const DAMAGES: Readonly<Record<string, (of: CollectionName) => Damage | null>> = {
  "null record": () => () => null,
  "record is a text": () => () => "oops",
  "null id": () => (record) => ({ ...record, id: null }),
  "id missing": () => (record) => without(record, "id"),
  "rule is null": badRule,
  ...fieldDamages(),
};

/** The good answer with those objects damaged, however it was asked for. */
export async function damaged(
  asked: Asked,
  victims: ReadonlySet<string>,
  damage: Damage,
): Promise<Response> {
  const damageSome = (record: RecordOf | null) =>
    record && victims.has(String(record.id)) ? damage(record) : record;
  return await edited(asked, (body) => {
    for (const [key, value] of Object.entries(body)) {
      if (asked.how === "one") body[key] = damageSome(value as RecordOf);
      else if (key === keyOf(asked.collection!)) {
        body[key] = (value as RecordOf[]).map(damageSome);
      }
    }
    return body;
  });
}

/** All records without the first of the fields, as when Neutron's policy hides it. */
export async function hideField(asked: Asked): Promise<Response> {
  const [name] = field(asked.collection!, asked.collection === "ports" ? 1 : 0)!;
  const all = new Set(listOf(asked.cloud, asked.collection!).map(({ id }) => id));
  return await damaged(asked, all, (record) => without(record, name));
}
