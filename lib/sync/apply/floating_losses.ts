/**
 * Floating addresses that endpoints show and Neutron's list lacks. A port does not name its floating IPs, so
 * that a short list looks like addresses that were taken away. Meanwhile endpoints keep them; only what
 * Neutron, asked by address, certainly does not give to that port any more is taken from them. An address
 * that the port of a floating IP still has is none of those: the floating IP is hidden from us.
 *
 * @module
 */
import { floatingIpSchema } from "../../openstack/records.ts";
import { addressesWithPorts } from "./floating_ports.ts";
import type { SyncRun } from "./sync_run.ts";

/** Addresses in one request, the witness aside. */
const ADDRESSES = 29;

/**
 * Settles the run's doubts; resolves to the ports whose endpoints certainly show too much, which are to be
 * compared again. `listed`: floating IPs that Neutron listed in this run; null: it was not asked for a list.
 */
export async function confirmFloatingLosses(
  run: SyncRun,
  listed: number | null,
): Promise<ReadonlySet<string>> {
  const doubtful = new Map(run.doubtfulAddresses);
  run.doubtfulAddresses.clear();
  if (doubtful.size === 0) return new Set();
  const { later } = run.options;
  if (later) {
    later("ports", doubtful.keys());
    return new Set();
  }
  const held = run.index.related.floatingIps.size + doubtful.size;
  if (!run.believes("floatingips", { held, listed }, [...doubtful.keys()])) return new Set();
  const all = [...new Set([...doubtful.values()].flatMap((addresses) => [...addresses]))];
  const witness = run.index.floatingIps.otherAddress(new Set(all));
  for (let at = 0; at < all.length; at += ADDRESSES) {
    run.deps.progress("confirming deletions");
    await ask(run, all.slice(at, at + ADDRESSES), witness);
  }
  const hidden = run.options.allowDeletions
    ? new Set<string>()
    : await addressesWithPorts(run, run.goneAddresses.intersection(new Set(all)));
  for (const address of hidden) run.goneAddresses.delete(address);
  if (hidden.size > 0) run.hold("floatingips", "hidden", held, hidden);
  const certain = new Set<string>();
  const kept = new Set<string>();
  for (const [port, addresses] of doubtful) {
    for (const address of addresses) {
      (run.goneAddresses.has(address) ? certain : kept).add(port);
    }
  }
  if (kept.size > 0 && hidden.size === 0) run.hold("floatingips", "unconfirmed", held, kept);
  return certain;
}

/** Notes which of the addresses no floating IP has, as long as the answer shows the witness. */
async function ask(
  run: SyncRun,
  addresses: readonly string[],
  witness: string | null,
): Promise<void> {
  const values = witness === null ? addresses : [...addresses, witness];
  const by = ["floating_ip_address", values] as const;
  const { items, refused } = await run.listBy("floatingips", floatingIpSchema, ...by);
  if (refused.length > 0) {
    // What is not understood may be any of them: they are asked for one by one.
    for (const address of addresses.length > 1 ? addresses : []) {
      await ask(run, [address], witness);
    }
    return;
  }
  const found = new Set(items.map(({ floating_ip_address }) => floating_ip_address));
  const vouched = run.options.allowDeletions || (witness !== null && found.has(witness));
  // One that is found, and yet was not listed, counts the next time.
  for (const address of vouched ? addresses : []) {
    if (!found.has(address)) run.goneAddresses.add(address);
  }
}
