import { deepEqual, equal } from "node:assert/strict";
import { cycles, type Graph, grouped, wayAround } from "../../tools/house/cycles.ts";

const graph = (edges: Record<string, string[]>): Graph =>
  new Map(Object.entries(edges).map(([node, reached]) => [node, new Set(reached)]));

Deno.test("nodes that reach each other are one cycle; one that is only reached is not of it", () => {
  const imports = graph({ a: ["b"], b: ["c", "d"], c: ["a"], d: [], e: ["f", "a"], f: ["e"] });
  deepEqual(cycles(imports), [["a", "b", "c"], ["e", "f"]]);
  deepEqual(cycles(graph({ a: ["b", "c"], b: ["c"], c: [] })), []);
});

Deno.test("the way around is the shortest, and ends where it began", () => {
  const imports = graph({ a: ["b", "c"], b: ["c"], c: ["a"] });
  deepEqual(wayAround(imports, ["a", "b", "c"]), ["a", "c", "a"]);
});

Deno.test("files of a folder are one node, and what they import of each other does not count", () => {
  const imports = graph({
    "x/1": ["x/2", "y/1"],
    "x/2": ["x/1"],
    "y/1": [],
    "y/2": ["x/1"],
    z: ["x/1"],
  });
  const folders = grouped(imports, (path) => path.includes("/") ? path.split("/")[0] : undefined);
  deepEqual([...folders.keys()], ["x", "y"]);
  equal(cycles(folders).length, 1);
});
