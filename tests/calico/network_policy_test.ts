import fc from "fast-check";
import { type AddressGroups, networkPolicy, toRule } from "../../lib/calico/network_policy.ts";
import { securityGroupRuleSchema, securityGroupSchema } from "../../lib/openstack/records.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

const GROUP = "5b9a3f52-3f0e-4c4a-9d2b-6a3a0b6d4b11";
const ADDRESS_GROUP = "8d1a2a60-93c5-4d1c-8f6e-0f6f6f9f7a22";
const PLAIN_RULE = {
  id: "r",
  direction: "ingress",
  ethertype: "IPv4",
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
};
type Fields = Record<string, unknown>;
const NONE: AddressGroups = new Map();
const translate = (fields: Fields, addressGroups = NONE) =>
  toRule(securityGroupRuleSchema.parse({ ...PLAIN_RULE, ...fields }), addressGroups);
const allow = (rest: Fields) => ({ action: "Allow", ipVersion: 4, ...rest });
const allow6 = (rest: Fields) => ({ action: "Allow", ipVersion: 6, ...rest });
const range = (min: number | null, max = min) => ({ port_range_min: min, port_range_max: max });
const IPV6 = { ethertype: "IPv6" };

/** What is written whole. */
const RULES: [string, Fields, Fields][] = [
  ["no protocol", {}, allow({})],
  ...["any", "0", "-1", 0, -1, "hopopt", "ip"].map((protocol): [string, Fields, Fields] => [
    `any protocol, written ${JSON.stringify(protocol)}`,
    { protocol },
    allow({}),
  ]),
  ["icmp on IPv4", { protocol: "icmp" }, allow({ protocol: "ICMP" })],
  ["icmp on IPv6", { protocol: "icmp", ...IPV6 }, allow6({ protocol: "ICMPv6" })],
  ["icmp by number", { protocol: "1" }, allow({ protocol: "ICMP" })],
  ["icmp by number on IPv6", { protocol: 1, ...IPV6 }, allow6({ protocol: "ICMPv6" })],
  ...["58", 58, "icmpv6", "ipv6-icmp"].map((protocol): [string, Fields, Fields] => [
    `ICMPv6, written ${JSON.stringify(protocol)}`,
    { protocol, ...IPV6, ...range(128, 0) },
    allow6({ protocol: "ICMPv6", icmp: { type: 128, code: 0 } }),
  ]),
  [
    "icmp type and code",
    { protocol: "1", ...range(8, 0) },
    allow({ protocol: "ICMP", icmp: { type: 8, code: 0 } }),
  ],
  [
    "icmp type only",
    { protocol: "icmp", ...range(3, -1) },
    allow({ protocol: "ICMP", icmp: { type: 3 } }),
  ],
  ["a name in the table", { protocol: "tcp" }, allow({ protocol: 6 })],
  ["sctp", { protocol: "sctp" }, allow({ protocol: 132 })],
  ["an integer", { protocol: 47 }, allow({ protocol: 47 })],
  ["a number as text stays text", { protocol: "47" }, allow({ protocol: "47" })],
  ["dccp without ports", { protocol: "dccp" }, allow({ protocol: 33 })],
  [
    "one port",
    { protocol: "tcp", ...range(22) },
    allow({ protocol: 6, destination: { ports: [22] } }),
  ],
  [
    "ports of a protocol by number",
    { protocol: "132", ...range(22) },
    allow({ protocol: "132", destination: { ports: [22] } }),
  ],
  [
    "a range",
    { protocol: "udp", ...range(1, 65535) },
    allow({ protocol: 17, destination: { ports: ["1:65535"] } }),
  ],
  ["ports of -1", { protocol: "tcp", ...range(-1) }, allow({ protocol: 6 })],
  [
    "a remote group",
    { remote_group_id: GROUP },
    allow({ source: { selector: `has(sg.projectcalico.org/openstack-${GROUP})` } }),
  ],
  [
    "a prefix, egress",
    { direction: "egress", remote_ip_prefix: "10.0.0.0/8", protocol: "tcp", ...range(5) },
    allow({ protocol: 6, destination: { nets: ["10.0.0.0/8"], ports: [5] } }),
  ],
];
for (const [what, fields, rule] of RULES) {
  Deno.test(`rule: ${what}`, () => assertEquals(translate(fields), { rule, why: null }));
}

/** What Felix refuses, with why. */
const LEFT_OUT: [Fields, RegExp][] = [
  [{ protocol: "1", ...range(3, 255) }, /code 255/],
  [{ protocol: "icmp", ...range(255, -1) }, /type 255/],
  [{ protocol: "icmp", ...range(null, 3) }, /code 3 without a type/],
  [{ protocol: "58" }, /ICMPv6 on IPv4/],
  [{ protocol: "dccp", ...range(80) }, /need TCP, UDP or SCTP/],
  [{ protocol: "udplite", ...range(80, 90) }, /need TCP, UDP or SCTP/],
  [{ protocol: "112", ...range(80) }, /need TCP, UDP or SCTP/],
  [range(80), /need TCP, UDP or SCTP/],
  [{ protocol: "hopopt", ...range(80) }, /need TCP, UDP or SCTP/],
  [{ protocol: "tcp", ...range(80, 22) }, /none of 1-65535/],
  [{ protocol: "tcp", ...range(0) }, /none of 1-65535/],
  [{ protocol: "tcp", ...range(70000, 70001) }, /none of 1-65535/],
  [{ protocol: "tcp", ...range(null, 80) }, /no range/],
  [{ protocol: "tcp", ...range(80, null) }, /no range/],
  [{ protocol: "tcp", ...range(1.5) }, /no range/],
  [{ protocol: "foo" }, /"foo" is unknown/],
  [{ protocol: "256" }, /not among 0-255/],
  [{ protocol: 47.5 }, /not among 0-255/],
  [{ remote_ip_prefix: "fd00::/8" }, /no IPv4 network/],
  [{ remote_ip_prefix: "10.0.0.0/8", ...IPV6 }, /no IPv6 network/],
  [{ remote_ip_prefix: "010.0.0.0/8" }, /no IPv4 network/],
  [{ remote_ip_prefix: "" }, /no IPv4 network/],
  [{ remote_ip_prefix: "::ffff:10.0.0.0/104", ...IPV6 }, /no IPv6 network/],
  [{ remote_group_id: "web) || all(" }, /no UUID/],
  [{ remote_group_id: "" }, /no UUID/],
  [{ remote_address_group_id: ADDRESS_GROUP }, /not known/],
];
for (const [fields, expected] of LEFT_OUT) {
  Deno.test(`rule that is left out: ${JSON.stringify(fields)}`, () => {
    const { rule, why } = translate(fields);
    assertEquals(rule, null);
    assertMatch(why!, expected);
  });
}

Deno.test("ports beyond what there is are narrowed, and that is said", () => {
  const { rule, why } = translate({ protocol: "tcp", ...range(0, 70000) });
  assertEquals(rule, allow({ protocol: 6, destination: { ports: ["1:65535"] } }));
  assertMatch(why!, /0:70000 are written as 1:65535/);
});

Deno.test("an address group's addresses of the rule's version are its networks", () => {
  const groups = (...addresses: string[]) => new Map([[ADDRESS_GROUP, { addresses }]]);
  const rule = { remote_address_group_id: ADDRESS_GROUP };
  const nets = ["10.0.0.0/8", "192.0.2.1/32"];
  assertEquals(translate(rule, groups(...nets, "fd00::/8")), {
    rule: allow({ source: { nets } }),
    why: null,
  });
  assertEquals(
    translate({ ...rule, ...IPV6, direction: "egress" }, groups(...nets, "fd00::/8")).rule,
    allow6({ destination: { nets: ["fd00::/8"] } }),
  );
  for (const none of [[], ["fd00::/8"]]) {
    const { rule: left, why } = translate(rule, groups(...none));
    assertEquals(left, null);
    assertMatch(why!, /has no IPv4 address/);
  }
  const narrower = translate(rule, groups("10.0.0.0/8", "10.0.0.0/99"));
  assertEquals(narrower.rule, allow({ source: { nets: ["10.0.0.0/8"] } }));
  assertMatch(narrower.why!, /"10.0.0.0\/99", which is no network/);
});

const group = (rules: Fields[]) =>
  securityGroupSchema.parse({ id: GROUP, name: "n", security_group_rules: rules });

Deno.test("of 1 bad and 9 good rules 9 are in force", () => {
  const rules = Array.from({ length: 10 }, (_, i) => ({
    ...PLAIN_RULE,
    id: `r-${i}`,
    protocol: i === 4 ? "dccp" : "tcp",
    ...range(i + 1),
  }));
  const { spec, inexpressible } = networkPolicy(group(rules), NONE);
  assertEquals((spec.ingress as unknown[]).length, 9);
  assertEquals(inexpressible, ["r-4: ports 5:5 need TCP, UDP or SCTP"]);
});

Deno.test("a policy selects its group's endpoints and does not depend on the rules' order", () => {
  const of = (ids: string[]) =>
    networkPolicy(group(ids.map((id) => ({ ...PLAIN_RULE, id, direction: "egress" }))), NONE).spec;
  const spec = of(["a", "b"]);
  assertEquals(spec.selector, `has(sg.projectcalico.org/openstack-${GROUP})`);
  assertEquals(spec.ingress, []);
  assertEquals(JSON.stringify(spec), JSON.stringify(of(["b", "a"])));
});

Deno.test("whatever a rule is, it is written with a peer if it has one, or left out", () => {
  const anyNumber = fc.option(fc.oneof(fc.integer(), fc.integer({ min: -1, max: 70000 })));
  const shape = fc.record({
    direction: fc.constantFrom("ingress", "egress"),
    ethertype: fc.constantFrom("IPv4", "IPv6"),
    protocol: fc.oneof(
      fc.constantFrom("tcp", "icmp", "any", "dccp", null),
      fc.integer(),
      fc.string(),
    ),
    port_range_min: anyNumber,
    port_range_max: anyNumber,
    remote_ip_prefix: fc.option(fc.oneof(fc.string(), fc.ipV4Extended(), fc.ipV6())),
    remote_group_id: fc.option(fc.oneof(fc.uuid(), fc.string())),
    remote_address_group_id: fc.option(fc.constantFrom(ADDRESS_GROUP, GROUP)),
  });
  const groups = new Map([[ADDRESS_GROUP, { addresses: ["10.0.0.0/8", "fd00::/8"] }]]);
  fc.assert(fc.property(shape, (fields) => {
    const { rule, why } = translate(fields, groups);
    if (rule === null) return why !== null;
    const peer = (fields.direction === "ingress" ? rule.source : rule.destination) as Fields;
    const { remote_group_id, remote_ip_prefix, remote_address_group_id } = fields;
    const narrows = (remote_ip_prefix ?? remote_address_group_id) !== null;
    return (remote_group_id === null || peer.selector !== undefined) &&
        (!narrows || (peer.nets as string[]).length > 0) &&
        (rule.destination as Fields | undefined)?.ports === undefined ||
      ["tcp", 6, 17, 132, "6", "17", "132"].includes(fields.protocol as string);
  }));
});
