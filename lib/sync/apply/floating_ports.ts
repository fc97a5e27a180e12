/**
 * The ports of floating IPs. Each floating IP has one, which has its address and names it, whoever may see
 * the floating IP itself; so they tell which floating IPs Neutron hides from us.
 *
 * @module
 */
import { FLOATING_IP_OWNER, floatingIpOf, floatingIpPortSchema } from "../../openstack/records.ts";
import type { SyncRun } from "./sync_run.ts";

const FIELDS = Object.keys(floatingIpPortSchema.shape);

/** Those of the floating IPs that have a port. */
export async function floatingIpsWithPorts(
  run: SyncRun,
  ids: readonly string[],
): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const { items } = await run.listBy("ports", floatingIpPortSchema, "device_id", ids, FIELDS);
  return new Set(items.map(floatingIpOf).filter((id) => id !== null));
}

/** Those of the addresses that the port of a floating IP has. */
export async function addressesWithPorts(
  run: SyncRun,
  addresses: ReadonlySet<string>,
): Promise<Set<string>> {
  if (addresses.size === 0) return new Set();
  // All of them: several addresses in one filter mean a port that has each.
  const { items } = await run.listBy(
    "ports",
    floatingIpPortSchema,
    "device_owner",
    [FLOATING_IP_OWNER],
    FIELDS,
  );
  const held = items.filter((port) => floatingIpOf(port) !== null)
    .flatMap(({ fixed_ips }) => fixed_ips.map(({ ip_address }) => ip_address));
  return addresses.intersection(new Set(held));
}
