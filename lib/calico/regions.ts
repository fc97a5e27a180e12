/** Regions (data model, "Regions"): names derived from `openstack_region`. @module */

/** `no-region`, or `region-<R>`. */
export function regionString(region: string | null): string {
  return region === null ? "no-region" : `region-${region}`;
}

/** Calico namespace: `openstack`, or `openstack-region-<R>`. */
export function calicoNamespace(region: string | null): string {
  return region === null ? "openstack" : `openstack-${regionString(region)}`;
}

/** What an earlier release called it; null: the same, or what may be another region's today. */
export function earlierNamespace(region: string | null): string | null {
  return region === null || region.startsWith("region-") ? null : `openstack-${region}`;
}
