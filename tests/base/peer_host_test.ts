import { isPeerHost } from "../../lib/base/peer_host.ts";
import { assertEquals } from "../support/assert.ts";

const HOSTS = [
  ..."ctl ctl-1.example ctl.example. _srv.x etcd_1 10.0.0.5 127.0.0.1 1".split(" "),
  ...["::1", "[2001:db8::7]", "2001:db8::7", "[::ffff:10.0.0.5]"],
];
const WILDCARDS = [
  ...["*", "*.example", "a.*.example", "0.0.0.0", "0", "0x0", "0.0", "::", "[::]", "[0:0::0]"],
  ...["[::ffff:0.0.0.0]", "", ".", "a..b", "-a", "a b", "a,b", "a:1", "10.0.0.0/8", "[fe80::1%1]"],
];

Deno.test("one name or address is a host to reach; a wildcard and the unspecified address are not", () => {
  assertEquals(HOSTS.filter((host) => !isPeerHost(host)), []);
  assertEquals(WILDCARDS.filter(isPeerHost), []);
});
