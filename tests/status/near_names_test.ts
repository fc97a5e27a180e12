import { nearNames } from "../../lib/status/near_names.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("names that a person would mix up are near: case, domain, zeros, a letter or two", () => {
  const hosts = ["host-00", "host-01", "host-10", "compute-7", "rack1-node.example.org"];
  const near = (name: string) => nearNames(name, hosts, 3);
  assertEquals(near("Host-00"), ["host-00"]);
  assertEquals(near("HOST-00.example.org"), ["host-00"]);
  assertEquals(near("rack1-node"), ["rack1-node.example.org"]);
  assertEquals(near("hots-00"), ["host-00"]);
  assertEquals(near("compute-07"), ["compute-7"]);
  assertEquals(near("host-1"), ["host-01"]);
});

Deno.test("a host's number is no slip of the pen, and short names are not alike for being short", () => {
  assertEquals(nearNames("host-02", ["host-03", "host-12"], 3), []);
  assertEquals(nearNames("a1", ["b1", "c1"], 3), []);
  assertEquals(nearNames("db", ["web"], 3), []);
  assertEquals(nearNames("h", ["h"], 3), [], "itself");
});

Deno.test("the nearest come first, no more than are asked for", () => {
  const hosts = ["nodes-a", "node-ab", "NODE-A", "node-a.example.org"];
  assertEquals(nearNames("node-a", hosts, 3), ["NODE-A", "node-a.example.org", "node-ab"]);
});
