/** Where a run cuts Neutron's lists, to read their parts side by side: at ids that it knows. @module */
import { resourcePrefixes } from "../../calico/keys.ts";
import { readingOf } from "../../openstack/find_cuts.ts";
import { chooseCuts, sampleStep } from "../../openstack/id_space.ts";
import type { PackedIndex } from "../../packed/packed_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { Followed } from "../model/collections.ts";
import { subjectOf } from "../model/kinds.ts";

/**
 * Ids to cut the list at of which etcd's keys of that kind tell, as an index knows them; null: it has seen next to
 * none, or not all, and nothing follows.
 */
export function cutsByKeys(
  { deps: { neutron, region } }: SyncRun,
  index: CloudIndex,
  kind: "NetworkPolicy" | "WorkloadEndpoint",
): string[] | null {
  const { length } = resourcePrefixes(region)[kind];
  const keys = index.keys[kind].index;
  // Policies are written before endpoints: an etcd that is being filled has all of them.
  if (
    !index.hasAllKeys || keys.size < (kind === "WorkloadEndpoint" ? neutron.config.pageSize : 1)
  ) return null;
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
