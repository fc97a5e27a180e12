/** What is to be looked at, by one run or by a later one. @module */

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

/** Filters of ports by what their endpoints show. */
export const SHOWN_BY = ["network_id", "fixed_ips", "security_groups", "project_id"] as const;

/** Objects, and the ports that show these networks, subnets and so on. */
export interface Work extends Scope {
  /** Ids of other objects by filter; of subnets for `fixed_ips`. */
  readonly portsOf: Readonly<Record<typeof SHOWN_BY[number], Set<string>>>;
}

/** Nothing yet, or no more than these objects. */
export function newWork(scope: Partial<Scope> = {}): Work {
  const portsOf = Object.fromEntries(SHOWN_BY.map((field) => [field, new Set()]));
  return {
    ports: new Set(scope.ports),
    groups: new Set(scope.groups),
    subnets: new Set(scope.subnets),
    portsOf: portsOf as unknown as Work["portsOf"],
  };
}

/** Adds the one to the other. */
export function addWork(to: Work, from: Work): void {
  for (const kind of ["ports", "groups", "subnets"] as const) {
    for (const id of from[kind]) to[kind].add(id);
  }
  for (const field of SHOWN_BY) for (const id of from.portsOf[field]) to.portsOf[field].add(id);
}
