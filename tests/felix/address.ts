/** Addresses within networks. @module */
import { BlockList, isIP } from "node:net";

const lists = new Map<string, BlockList | null>();

function listOf(network: string): BlockList | null {
  const known = lists.get(network);
  if (known !== undefined) return known;
  const [address = "", length] = network.split("/");
  const version = isIP(address);
  const list = version === 0 ? null : new BlockList();
  list?.addSubnet(
    address,
    length === undefined ? (version === 4 ? 32 : 128) : Number(length),
    version === 4 ? "ipv4" : "ipv6",
  );
  if (lists.size > 10_000) lists.clear();
  lists.set(network, list);
  return list;
}

/** Whether an address is in a network, or is that address; never of another version. */
export function isWithin(address: string, network: string): boolean {
  const version = address.includes(":") ? 6 : 4;
  if (network.includes(":") !== (version === 6)) return false;
  return listOf(network)?.check(address, version === 4 ? "ipv4" : "ipv6") ?? false;
}
