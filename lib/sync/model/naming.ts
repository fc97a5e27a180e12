/** Which other objects Neutron's objects name. Pure. @module */
import { OBJECT_ID } from "../../openstack/object_id.ts";
import type { SecurityGroup } from "../../openstack/records.ts";
import type { PortField } from "./collections.ts";

/** Ids that a port names in a field; also of a record that nobody has validated. */
export function idsIn(port: object, field: PortField): string[] {
  const value = (port as Record<string, unknown>)[field];
  if (typeof value === "string") return value === "" ? [] : [value];
  if (!Array.isArray(value)) return [];
  const ids: string[] = [];
  for (const item of value) {
    const id = typeof item === "object" ? item?.subnet_id : item;
    if (typeof id === "string" && id !== "") ids.push(id);
  }
  return ids;
}

/** Values of the filter of ports by that field, in as many requests as it takes. */
export function filtersBy(field: PortField, ids: Iterable<string>): string[][] {
  // `fixed_ips` repeated means "and".
  if (field === "fixed_ips") return [...ids].map((id) => [`subnet_id=${id}`]);
  return [[...ids]];
}

/** Ids of the address groups that a security group's rules name. */
export function addressGroupsIn({ security_group_rules }: SecurityGroup): Set<string> {
  const named = security_group_rules.map(({ remote_address_group_id }) => remote_address_group_id);
  return new Set(named.filter((id) => id !== null && OBJECT_ID.test(id)) as string[]);
}
