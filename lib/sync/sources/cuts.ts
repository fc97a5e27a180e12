/** Where a run cuts Neutron's lists, to read their parts side by side: at ids that it knows. @module */
import { resourcePrefixes } from "../../calico/keys.ts";
import { findCuts, readingOf } from "../../openstack/find_cuts.ts";
import { chooseCuts, sampleStep } from "../../openstack/id_space.ts";
import type { PackedIndex } from "../../packed/packed_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import type { Followed } from "../model/collections.ts";
import { subjectOf } from "../model/kinds.ts";

/**
 * Ids to cut the list at of which etcd's keys of that kind tell, after they were seen; of ports, when etcd
 * knows next to none, what Neutron shows of a few hosts.
 */
export async function cutsByKeys(
  { deps: { neutron, region }, index }: SyncRun,
  kind: "NetworkPolicy" | "WorkloadEndpoint",
  signal: AbortSignal,
): Promise<string[]> {
  const { length } = resourcePrefixes(region)[kind];
  const keys = index.keys[kind].index;
  const isKnown = kind !== "WorkloadEndpoint" || keys.size >= neutron.config.pageSize;
  if (!isKnown) return await findCuts(neutron, signal);
  const ids = sampleOf(keys).map((key) => subjectOf(kind, key.slice(length))?.id);
  const known = ids.filter((id) => id !== undefined);
  return chooseCuts(known, readingOf(neutron, keys.size));
}

/** Ids to cut a collection's list at of which the index tells. */
export function cutsByIndex({ deps: { neutron }, index }: SyncRun, collection: Followed): string[] {
  const known = index.revisions[collection].index;
  return chooseCuts(sampleOf(known), readingOf(neutron, known.size));
}

function sampleOf(index: PackedIndex): string[] {
  return [...index.everyText(sampleStep(index.size))];
}
