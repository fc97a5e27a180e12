import fc from "fast-check";
import {
  canonicalNetwork,
  contains,
  isSingle,
  NetworkSet,
  parseNetwork,
} from "../../lib/calico/ip_network.ts";
import { assert, assertEquals } from "../support/assert.ts";

const READ: [string, 4 | 6, number][] = [
  ["0.0.0.0/0", 4, 0],
  ["10.0.0.5", 4, 32],
  ["10.0.0.5/8", 4, 8],
  ["255.255.255.255/32", 4, 32],
  ["::/0", 6, 0],
  ["fd00::1", 6, 128],
  ["1:2:3:4:5:6:7:8/127", 6, 127],
  ["64:ff9b::192.0.2.1/128", 6, 128],
];
for (const [text, version, length] of READ) {
  Deno.test(`${text} is an IPv${version} network of ${length} bits`, () => {
    const network = parseNetwork(text);
    assertEquals([network?.version, network?.length], [version, length]);
  });
}

/** As Go's `net.ParseCIDR` and `net.ParseIP` judge, and IPv4 in IPv6, which it would take for IPv4. */
const REFUSED = [
  ...["", "/", "10.0.0", "010.0.0.1", "10.0.0.256", "10.0.0.1/33", "10.0.0.1/", "10.0.0.1/08"],
  ...["10.0.0.1/-1", "10.0.0.1/8/8", " 10.0.0.1", ":", ":::", "1::2::3", "1:2:3:4:5:6:7"],
  ...[
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "fe80::1%eth0",
    "::/129",
    "::ffff:10.0.0.1",
    "::ffff:a00:1/128",
  ],
  ...["1.2.3.4::", "::1.2.3", "any", "10.0.0.1/+8"],
];
for (const text of REFUSED) {
  Deno.test(`${JSON.stringify(text)} is no network`, () => assertEquals(parseNetwork(text), null));
}

Deno.test("one network contains another when all of its addresses are in it", () => {
  const network = (text: string) => parseNetwork(text)!;
  assert(contains(network("10.0.0.0/8"), network("10.244.0.0/16")));
  assert(contains(network("10.9.9.9/8"), network("10.0.0.1")));
  assert(!contains(network("10.0.0.0/16"), network("10.0.0.0/8")));
  assert(!contains(network("10.0.0.0/8"), network("11.0.0.0/16")));
  assert(!contains(network("0.0.0.0/0"), network("::1")));
  assert(isSingle(network("10.0.0.1/32")) && isSingle(network("::1")));
  assert(!isSingle(network("10.0.0.0/31")) && !isSingle(network("::/0")));
});

Deno.test("any address of either version is read, however it is written", () => {
  fc.assert(fc.property(fc.ipV4(), (text) => assertEquals(parseNetwork(text)?.version, 4)));
  fc.assert(fc.property(fc.ipV6(), (text) => {
    const isMapped = /^(?:::|0:0:0:0:0:|(?:0{1,4}:){5}|::0{1,4}:)ffff:/i.test(text);
    const network = parseNetwork(text);
    if (network === null) return isMapped;
    return network.version === 6 && network.length === 128;
  }));
});

Deno.test("a set of networks finds one around an address as a search through all would", () => {
  const any = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })),
    fc.tuple(
      fc.constantFrom("fd00::1", "fd00:1::", "2001:db8::9"),
      fc.integer({ min: 0, max: 128 }),
    ),
  ).map(([address, length]) => parseNetwork(`${address}/${length}`)!);
  fc.assert(fc.property(fc.array(any), any, (networks, inner) => {
    const expected = networks.some((outer) => contains(outer, inner));
    assertEquals(new NetworkSet(networks).contains(inner), expected);
  }));
});

Deno.test("a network is printed as netaddr prints it", () => {
  const printed = [
    "10.0.0.0/24",
    "FD00:0::/64",
    "2001:DB8:0:0:1:0:0:0/64",
    "1:0:2:0:3:0:4:0/128",
    "x",
  ];
  assertEquals(printed.map(canonicalNetwork), [
    "10.0.0.0/24",
    "fd00::/64",
    "2001:db8:0:0:1::/64",
    "1:0:2:0:3:0:4:0/128",
    "x",
  ]);
});
