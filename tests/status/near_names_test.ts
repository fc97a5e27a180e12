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

Deno.test("the letters that differ are counted as by Levenshtein's whole table", () => {
  let words = [""];
  for (let length = 0; length < 4; length++) {
    words = ["", ...words.flatMap((word) => ["a", "b", "c"].map((letter) => word + letter))];
  }
  const count = (a: string, b: string) => {
    let row = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
        next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, replaced));
      }
      row = next;
    }
    return row[b.length]!;
  };
  const all = words.map((word) => `xyz${word}`);
  for (const name of all) {
    const near = all.filter((other) => {
      const edits = count(name, other);
      return edits > 0 && edits <= 2 && edits * 3 <= Math.max(name.length, other.length);
    });
    assertEquals(nearNames(name, all, all.length).toSorted(), near.toSorted(), name);
  }
});
