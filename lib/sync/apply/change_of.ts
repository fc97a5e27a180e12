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
 * what is not known, as it was under the old one.
 */
export async function changeOf(
  run: SyncRun,
  want: Desired,
  stored: Stored | undefined,
): Promise<Change | null> {
  for (const name of want.resource?.inexpressible ?? []) {
    run.leave("not-expressible", PARTS_OF[want.kind], name);
  }
  for (const name of want.resource?.outside ?? []) {
    run.leave("outside-subnets", PARTS_OF[want.kind], name);
  }
  const elsewhere = stored ? undefined : await storedElsewhere(run, want);
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

/** What another endpoint of the same port holds, when there is one. */
async function storedElsewhere(
  { deps, term, index }: SyncRun,
  { kind, key, subject }: Desired,
): Promise<Stored | undefined> {
  if (kind !== "WorkloadEndpoint") return undefined;
  const { WorkloadEndpoint } = resourcePrefixes(deps.region);
  const others = [...index.keysOf(subject.id)].filter((other) =>
    other !== key && other.startsWith(WorkloadEndpoint)
  );
  if (others.length === 0) return undefined;
  const found = await readFenced(deps.etcd, term, others);
  return found.values().next().value;
}
