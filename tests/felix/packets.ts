/** Packets by which a rule's meaning shows: what it names, what is next to that, and others. @module */
import type { Item } from "./cloud.ts";
import { type Packet, protocolNumber } from "./neutron_rule.ts";

const WITH_PORTS = new Set([6, 17, 33, 132, 136]);
const OUTSIDE = { 4: "198.51.100.77", 6: "2001:db9::77" } as const;

type Content = Pick<Packet, "protocol" | "port" | "type" | "code">;

/** The numbers around the rule's range, each once. */
function around(rule: Item, most: number): number[] {
  const bounds = [rule.port_range_min, rule.port_range_max].filter((n) => typeof n === "number");
  const near = bounds.flatMap((n) => [n - 1, n, n + 1]);
  const [min = 0, max = 0] = bounds;
  return [...new Set([0, 8, Math.trunc((min + max) / 2), ...near, most])]
    .filter((n) => n >= 0 && n <= most);
}

function contentsOf(rule: Item): Content[] {
  const named = protocolNumber(rule);
  const protocols = new Set([1, 6, 17, 47, 58, 136, 132, 255]);
  if (named !== null && !Number.isNaN(named)) protocols.add(named);
  return [...protocols].flatMap((protocol): Content[] => {
    const isNamed = protocol === named;
    if (WITH_PORTS.has(protocol)) {
      return (isNamed ? around(rule, 65535) : [8, 65535]).map((port) => ({ protocol, port }));
    }
    if (protocol !== 1 && protocol !== 58) return [{ protocol }];
    const numbers = isNamed ? around(rule, 255) : [0, 8];
    return numbers.flatMap((type) => numbers.map((code) => ({ protocol, type, code })));
  });
}

/** Packets between a VM and these addresses, in both directions and versions. */
export function packetsFor(rule: Item, addresses: readonly string[]): Packet[] {
  const prefix = rule.remote_ip_prefix as string | null;
  const peers = new Set([...addresses, OUTSIDE[4], OUTSIDE[6]]);
  if (prefix !== null) peers.add(prefix.split("/")[0]!);
  const contents = contentsOf(rule);
  const sides = [...peers].map((peer) => ({ peer, version: peer.includes(":") ? 6 : 4 } as const));
  return (["ingress", "egress"] as const).flatMap((direction) =>
    sides.flatMap((side) => contents.map((content) => ({ direction, ...side, ...content })))
  );
}
