/** A resync of no more than what is named. @module */
import { expand, type Named } from "./expand.ts";
import { MAX_NAMES, type SyncRun } from "../apply/sync_run.ts";
import { sizeOf } from "../index/backlog.ts";
import { reconcile } from "./named.ts";

/** Whether a request is for everything: no list names anything. */
export function isFull({ networks, subnets, ports, groups }: Omit<Named, "includeGroups">) {
  return [networks, subnets, ports, groups].every((list) => list.length === 0);
}

/**
 * Makes equal what is named; resolves to what is wrong with the names, a sentence, or null. What is known
 * of them is done all the same.
 */
export async function narrowResync(run: SyncRun, request: Named): Promise<string | null> {
  const { scope, unknown } = await expand(run, request);
  if (sizeOf(scope) > 0) await reconcile(run, scope);
  const matches = Object.values(run.kinds)
    .some(({ etcdItems, neutronItems }) => etcdItems + neutronItems > 0);
  if (unknown.length > 0) {
    const more = unknown.length > MAX_NAMES ? ` and ${unknown.length - MAX_NAMES} more` : "";
    const names = unknown.slice(0, MAX_NAMES).join(", ") + more;
    const rest = matches ? "; what else was named is done" : ": nothing matches";
    return `neither Neutron nor etcd knows ${names}${rest}`;
  }
  if (matches) return null;
  return "nothing matches: etcd holds nothing for what was named, and Neutron wants nothing there " +
    "(only ports of VMs have endpoints, only subnets with DHCP are kept)";
}
