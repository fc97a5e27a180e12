/**
 * The measures of the code's order, printed; exit code 1 when a limit is broken:
 *
 *     deno task house [ROOT]
 *
 * ROOT is the repository to measure, this one when it is not given: so two states of it can be compared.
 *
 * @module
 */
import { print } from "../../bench/print.ts";
import { measure } from "./measure.ts";
import { sourceFiles } from "./source_facts.ts";

/** What runs at a user's: all but tests, benchmarks and tools. */
const PRODUCT = ["main.ts", "commands", "roles", "lib", "std"];

const root = Deno.args[0] ?? new URL("../..", import.meta.url).pathname;
const measures = measure(await sourceFiles(root, PRODUCT));
let broken = 0;
for (const { what, value, limit, names } of measures) {
  const isBroken = limit !== undefined && value > limit;
  if (isBroken) broken++;
  const allowed = limit === undefined ? "" : `  (at most ${limit})`;
  print(`${isBroken ? "BROKEN" : "ok    "}  ${what}: ${value}${allowed}`);
  for (const name of names) print(`          ${name}`);
}
print(broken ? `${broken} limits are broken` : "all limits are kept");
Deno.exit(broken ? 1 : 0);
