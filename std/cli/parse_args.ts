/**
 * `@std/cli/parse-args` from the npm registry: the same code (`npm:deno-std`), which ships without
 * types, with the part of its declared interface that this project uses.
 */
// @ts-types="./parse_args.d.ts"
export { parseArgs } from "deno-std/cli/parse_args.js";
export type { Args, ParseOptions } from "./parse_args.d.ts";
