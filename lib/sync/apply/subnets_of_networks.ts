/**
 * The subnets of networks. A network names all of its subnets, also to a user who may not see them: some
 * rights show networks and hide subnets, and not every subnet has a port.
 *
 * @module
 */
import { wholeNetworkSchema } from "../../openstack/records.ts";
import type { SyncRun } from "./sync_run.ts";

const schema = wholeNetworkSchema.pick({ id: true, subnets: true });

/** Those of the subnets that a network names now. */
export async function subnetsOfNetworks(
  run: SyncRun,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { deps: { neutron, progress }, term: { signal } } = run;
  // All of them: Neutron cannot be asked for the network that has a subnet.
  const { items } = await neutron.list("networks", schema, signal, {
    fields: Object.keys(schema.shape),
    onPage: () => progress("confirming deletions"),
  });
  return new Set(ids).intersection(new Set(items.flatMap(({ subnets }) => subnets)));
}
