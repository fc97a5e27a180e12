/** What is to be looked at, by one run or by a later one. @module */
import type { Related } from "../model/collections.ts";

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

/** Objects, and the ports that show others. */
export interface Work extends Scope {
  /** Ids of the others, by their collection. */
  readonly portsOf: Map<Related, Set<string>>;
}

/** Nothing yet, or no more than these objects. */
export function newWork(scope: Partial<Record<keyof Scope, Iterable<string>>> = {}): Work {
  return {
    ports: new Set(scope.ports),
    groups: new Set(scope.groups),
    subnets: new Set(scope.subnets),
    portsOf: new Map(),
  };
}

/** Adds the one to the other. */
export function addWork(to: Work, from: Work): void {
  for (const kind of ["ports", "groups", "subnets"] as const) {
    for (const id of from[kind]) to[kind].add(id);
  }
  for (const [collection, ids] of from.portsOf) addPortsOf(to, collection, ids);
}

/** Adds the ports that show these objects. */
export function addPortsOf(work: Work, collection: Related, ids: Iterable<string>): void {
  const all = work.portsOf.get(collection) ?? new Set();
  for (const id of ids) all.add(id);
  if (all.size > 0) work.portsOf.set(collection, all);
}
