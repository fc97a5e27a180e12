/** Objects of Neutron's that have keys of their own, by their ids. @module */

/** Ids of the objects to look at. */
export interface Scope {
  readonly ports: Set<string>;
  readonly groups: Set<string>;
  readonly subnets: Set<string>;
}

/** Nothing yet. */
export function emptyScope(): Scope {
  return { ports: new Set(), groups: new Set(), subnets: new Set() };
}

/** How many objects. */
export function sizeOf({ ports, groups, subnets }: Scope): number {
  return ports.size + groups.size + subnets.size;
}
