/** From one of Neutron's objects to the change that its key in etcd needs. @module */
import { resourcePrefixes } from "../../calico/keys.ts";
import { readFenced } from "../../etcd/fenced_write.ts";
import type { Facet } from "../../calico/kept_facets.ts";
import { type Change, compare, type Stored } from "../model/compare.ts";
import type { Kind } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";
import type { SyncRun } from "./sync_run.ts";

/** What a kind's objects may be without, in Neutron's words. */
const PARTS_OF = {
  NetworkPolicy: "security-group-rules",
  WorkloadEndpoint: "allowed-address-pairs",
  LiveMigration: "ports",
  Subnet: "subnets",
} as const satisfies Record<Kind, string>;

/**
 * The change that one key needs, or null. Floating addresses that an endpoint would lose stay until it is
 * certain that they are gone; the run notes the doubt. A port that has moved keeps under its new key
 * what is not known, as it was under the old one (`elsewhere`).
 */
export function changeOf(
  run: SyncRun,
  want: Desired,
  stored: Stored | undefined,
  elsewhere: Stored | undefined,
): Change | null {
  for (const name of want.resource?.inexpressible ?? []) {
    run.leave("not-expressible", PARTS_OF[want.kind], name);
  }
  for (const name of want.resource?.outside ?? []) {
    run.leave("outside-subnets", PARTS_OF[want.kind], name);
  }
  const change = compare(want, stored, run.stamps, elsewhere);
  const doubtful = (change?.lostAddresses ?? []).filter((address) =>
    !run.goneAddresses.has(address) && !run.index.floatingIps.hasAddress(address)
  );
  if (doubtful.length === 0) return change;
  run.doubtfulAddresses.set(want.subject.id, new Set(doubtful));
  const { resource } = want;
  const keep: Facet[] = [
    ...resource!.keep ?? [],
    { of: "addresses", addresses: new Set(doubtful) },
  ];
  return compare({ ...want, resource: { ...resource!, keep } }, stored, run.stamps, elsewhere);
}

/** Whether Calico can say all of it, and there is nothing to say about it. */
export function isExpressed({ resource }: Desired): boolean {
  const { inexpressible = [], outside = [] } = resource ?? {};
  return inexpressible.length + outside.length === 0;
}

const NONE: readonly string[] = [];

/** Keys of other endpoints of the same port. */
export function keysElsewhere(
  { deps, index }: SyncRun,
  { kind, key, subject }: Desired,
): readonly string[] {
  if (kind !== "WorkloadEndpoint") return NONE;
  const others = [...index.keysOf(subject.id)].filter((other) => other !== key);
  if (others.length === 0) return NONE; // so it is of nearly all
  const { WorkloadEndpoint } = resourcePrefixes(deps.region);
  return others.filter((other) => other.startsWith(WorkloadEndpoint));
}

/** What the first of these keys that exists holds. @throws {FenceLostError} another node leads. */
export async function readElsewhere(
  { deps, term }: SyncRun,
  keys: readonly string[],
): Promise<Stored | undefined> {
  const found = await readFenced(deps.etcd, term, keys);
  return found.values().next().value;
}
