import { assertEquals } from "../support/assert.ts";
import { hostAddresses, namesAmong, parseHosts } from "../../lib/process/host_addresses.ts";

const HOSTS = "127.0.0.1 localhost\n::1 localhost ip6-localhost\n# 1.1.1.1 no\n" +
  "192.0.2.1 etcd-1 etcd-1.example # the first\n2001:db8::1 etcd-1\n";

Deno.test("a name has all its addresses, IPv6 in brackets", () => {
  const hosts = parseHosts(HOSTS);
  assertEquals(hostAddresses("etcd-1", hosts), ["192.0.2.1", "[2001:db8::1]"]);
  assertEquals(hostAddresses("etcd-1.example", hosts), ["192.0.2.1"]);
  assertEquals(hostAddresses("no", hosts), []);
});

Deno.test("localhost has its loopback addresses without a hosts file", () => {
  assertEquals(hostAddresses("localhost", parseHosts("")), ["127.0.0.1", "[::1]"]);
});

Deno.test("names among URLs are told from addresses, each once", () => {
  const urls = ["http://10.0.0.1:1", "http://[::1]:1", "http://etcd-1:1", "http://etcd-1:2"];
  assertEquals(namesAmong(urls), ["etcd-1"]);
});
