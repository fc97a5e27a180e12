/** Names as Calico label values (data model, "sanitise"). @module */

/** Longest label value. */
const LABEL_MAX = 63;
/** Longest security-group name inside a label key. */
export const SG_NAME_MAX = LABEL_MAX - "sg-name.projectcalico.org/openstack-".length;

/** Most names are right as they are, and are told so at a tenth of the price. */
const CLEAN = /^[A-Za-z0-9](?:[-_.A-Za-z0-9]*[A-Za-z0-9])?$/;

/** Cut to `max` characters, others than `[-_.A-Za-z0-9]` to `_`, ends stripped to alphanumerics. */
export function sanitize(name: string, max: number = LABEL_MAX): string {
  if (name.length <= max && CLEAN.test(name)) return name;
  return [...name].slice(0, max).join("")
    .replaceAll(/[^-_.A-Za-z0-9]/gu, "_")
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
