import { assertEquals } from "../support/assert.ts";
import type { Item } from "./cloud.ts";
import { neutronAllows, type Packet } from "./neutron_rule.ts";

const RULE: Item = {
  id: "r",
  direction: "ingress",
  ethertype: "IPv4",
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: null,
};
const PACKET: Packet = {
  direction: "ingress",
  version: 4,
  protocol: 6,
  port: 22,
  peer: "10.0.0.9",
};
const GROUPS = new Map([["g", ["10.0.0.9", "10.1.0.0/16"]]]);

const V6 = { version: 6, peer: "fd00::9" } as const;
const PING = { protocol: 1, port: undefined, type: 8, code: 0 };
/** A rule, a packet, and whether it passes. */
const CASES: [rule: Partial<Item>, packet: Partial<Packet>, passes: boolean][] = [
  [{}, {}, true],
  [{}, { direction: "egress" }, false],
  [{}, V6, false],
  [{ protocol: "hopopt" }, { protocol: 47 }, true],
  [{ protocol: "udp" }, {}, false],
  [{ protocol: "6", port_range_min: 20, port_range_max: 22 }, {}, true],
  [{ protocol: "TCP", port_range_min: 20, port_range_max: 21 }, {}, false],
  [{ port_range_min: 22, port_range_max: 22 }, {}, false],
  [{ protocol: "tcp", port_range_min: -1, port_range_max: -1 }, {}, true],
  [{ protocol: "1", port_range_min: 8 }, PING, true],
  [{ protocol: "icmp", port_range_min: 8, port_range_max: 1 }, PING, false],
  [{ protocol: "icmp", port_range_max: 0 }, PING, false],
  [{ protocol: "icmp", ethertype: "IPv6" }, { ...PING, ...V6, protocol: 58 }, true],
  [{ protocol: "foo" }, {}, false],
  [{ remote_ip_prefix: "10.0.0.0/24" }, {}, true],
  [{ remote_ip_prefix: "10.0.1.0/24" }, {}, false],
  [{ remote_ip_prefix: "::/0" }, {}, false],
  [{ remote_group_id: "g" }, {}, true],
  [{ remote_group_id: "g" }, { peer: "10.1.2.3" }, true],
  [{ remote_group_id: "g" }, { peer: "10.2.2.3" }, false],
  [{ remote_group_id: "unknown" }, {}, false],
  [{ remote_address_group_id: "g" }, {}, true],
  [{ remote_address_group_id: "unknown" }, {}, false],
];

for (const [rule, packet, passes] of CASES) {
  Deno.test(`Neutron: ${JSON.stringify(rule)} and ${JSON.stringify(packet)}: ${passes}`, () => {
    const allowed = neutronAllows({ ...RULE, ...rule }, { ...PACKET, ...packet }, GROUPS, GROUPS);
    assertEquals(allowed, passes);
  });
}
