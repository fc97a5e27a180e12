import { deepEqual } from "node:assert/strict";
import plugin, { type Fact } from "../../tools/house/lint_plugin.ts";
import { sourceFile } from "../../tools/house/source_facts.ts";

function measured(text: string) {
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const found = Deno.lint.runPlugin(plugin, "lib/a/b.ts", text).map(({ message, range }) => ({
    fact: JSON.parse(message) as Fact,
    lines: { from: lineOf(range[0]), to: lineOf(range[1]) },
  }));
  return sourceFile("lib/a/b.ts", text, found);
}

Deno.test("imports are those of the repository, types, re-exports and dynamic ones too", () => {
  const { imports } = measured(`import { z } from "zod";
import type { A } from "./a.ts";
export * from "../c/d.ts";
export { e } from "../../roles/e.ts";
const f = await import("../f.tsx");
`);
  deepEqual(imports, ["lib/a/a.ts", "lib/c/d.ts", "roles/e.ts", "lib/f.tsx"]);
});

Deno.test("a function is as long as it is from its first to its last line, with those in it", () => {
  const { functions, lines } = measured(`export function outer() {
  const inner = () => {
    return 1;
  };
}
class C {
  #method() {
  }
}
`);
  deepEqual(functions.map(({ name, length }) => [name, length]), [
    ["outer", 5],
    ["inner", 3],
    ["#method", 2],
  ]);
  deepEqual(lines, 9);
});

Deno.test("a long literal of data is a table and does not count; one that holds code does", () => {
  const rows = (row: string) => Array.from({ length: 12 }, () => `  ${row},`).join("\n");
  const table = measured(`export const TABLE = [\n${rows('{ name: "a", of: (x) => x.a }')}\n];\n`);
  deepEqual([table.lines, table.length], [14, 0]);
  const code = measured(`export const ROUTES = [\n${rows("() => { work(); }")}\n];\n`);
  deepEqual([code.lines, code.length], [14, 14]);
});
