/**
 * Floating addresses that endpoints show and Neutron's list lacks. A port does not name its floating IPs, so
 * that a short list looks like addresses that were taken away. Meanwhile endpoints keep them; only what
 * Neutron, asked by address, certainly does not give to that port any more is taken from them.
 *
 * @module
 */
import { floatingIpSchema } from "../openstack/records.ts";
import { whyHeld } from "./guard.ts";
import type { Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";

/** Addresses in one request, the witness aside. */
const ADDRESSES = 29;

/**
 * Settles the pass's doubts; resolves to the ports whose endpoints certainly show too much, which are to be
 * compared again. `listed`: floating IPs that Neutron listed in this run; null: it was not asked for a list.
 */
export async function confirmFloatingLosses(
  pass: Pass,
  memory: Memory,
  listed: number | null,
): Promise<ReadonlySet<string>> {
  const doubtful = new Map(pass.doubtfulAddresses);
  pass.doubtfulAddresses.clear();
  if (doubtful.size === 0) return new Set();
  const loss = {
    held: memory.around.floatingIps.size + doubtful.size,
    listed,
    lost: doubtful.size,
  };
  const why = pass.options.allowDeletions ? null : whyHeld(loss, pass.deps.maxDeletions ?? null);
  const hold = (why: "empty" | "many" | "unconfirmed", ports: Iterable<string>, lost: number) =>
    pass.hold({ collection: "floatingips", why, held: loss.held, lost, names: [...ports] });
  if (why !== null) {
    hold(why, doubtful.keys(), loss.lost);
    return new Set();
  }
  await ask(pass, memory, new Set([...doubtful.values()].flatMap((addresses) => [...addresses])));
  const certain = new Set<string>();
  const kept = new Set<string>();
  for (const [port, addresses] of doubtful) {
    for (const address of addresses) {
      (pass.goneAddresses.has(address) ? certain : kept).add(port);
    }
  }
  if (kept.size > 0) hold("unconfirmed", kept, kept.size);
  return certain;
}

/** Notes which of the addresses no port, or another one, has. */
async function ask(pass: Pass, memory: Memory, addresses: ReadonlySet<string>): Promise<void> {
  const { neutron, progress } = pass.deps;
  const all = [...addresses];
  const witness = memory.otherAddress(addresses);
  for (let at = 0; at < all.length; at += ADDRESSES) {
    progress("resync: confirming deletions");
    const some = all.slice(at, at + ADDRESSES);
    const { items, refused } = await neutron.listBy(
      "floatingips",
      floatingIpSchema,
      pass.term.signal,
      "floating_ip_address",
      witness === null ? some : [...some, witness],
    );
    const found = new Map(items.map((fip) => [fip.floating_ip_address, fip]));
    // What is not understood may be any of them.
    if (refused.length > 0) continue;
    const vouched = pass.options.allowDeletions ||
      (witness !== null && found.has(witness));
    for (const address of some) {
      const fip = found.get(address);
      // Found, and yet not in the list: the list was short, and what it says now counts the next time.
      if (fip === undefined && vouched) pass.goneAddresses.add(address);
    }
  }
}
