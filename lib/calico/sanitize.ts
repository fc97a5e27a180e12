/** Names as Calico label values (data model, "sanitise"). @module */

/** Longest label value. */
export const LABEL_MAX = 63;
/** Longest security-group name inside a label key. */
export const SG_NAME_MAX = LABEL_MAX - "sg-name.projectcalico.org/openstack-".length;

/** Cut to `max` characters, others than `[-_.A-Za-z0-9]` to `_`, ends stripped to alphanumerics. */
export function sanitize(name: string, max: number = LABEL_MAX): string {
  return [...name].slice(0, max).join("")
    .replaceAll(/[^-_.A-Za-z0-9]/gu, "_")
    .replaceAll(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "");
}
