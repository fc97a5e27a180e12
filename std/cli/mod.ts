/** The part of `@std/cli` that this project uses: see `parse_args.ts`. */
export * from "./parse_args.ts";
