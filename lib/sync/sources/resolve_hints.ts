/** From what notifications do not say by id to the ids of objects that may have changed. @module */
import { endpointNamePrefix, resourcePrefixes } from "../../calico/keys.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { findChanged } from "./incremental.ts";
import type { Hints } from "./notification.ts";

/**
 * Adds those ids to what has changed. `isEarly`: the index knows keys and no revisions, so that nothing tells what
 * of a whole collection has changed: that is left to the full resync (`early.ts`).
 *
 * @throws what reading Neutron threw.
 */
export async function resolveHints(hints: Hints, run: SyncRun, isEarly = false): Promise<void> {
  for (const { id, network_id } of run.index.related.subnets.values()) {
    if (hints.subnetsOf.has(network_id)) hints.changed.subnets.add(id);
  }
  if (hints.compare.size > 0 && !isEarly) {
    await findChanged(run, hints.compare, hints.changed, "event");
  }
  if (hints.hosts.size > 0) await findMoved(hints, run);
}

/** Ports with an endpoint on one of the hosts that have another revision now. */
async function findMoved(hints: Hints, run: SyncRun): Promise<void> {
  const { WorkloadEndpoint } = resourcePrefixes(run.deps.region);
  const prefixes = [...hints.hosts].map((host) => WorkloadEndpoint + endpointNamePrefix(host));
  const isThere = (key: string) => prefixes.some((prefix) => key.startsWith(prefix));
  const ports = [...run.index.ports.keys()].filter(([, keys]) => keys.some(isThere))
    .map(([port]) => port);
  const { items } = await run.revisionsBy("ports", "id", ports);
  const now = new Map(items.map(({ id, revision_number }) => [id, revision_number]));
  const counted = run.deps.neutron.extensions.has("standard-attr-revisions");
  for (const port of ports) {
    const same = counted && now.get(port) === run.index.revisions.ports.get(port);
    if (!same) hints.changed.ports.add(port);
  }
}
