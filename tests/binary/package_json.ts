// deno-lint-ignore-file no-console -- a script: its output is what it is for
/**
 * Prints a package.json with what the product imports from npm: `package_json.ts FOLDER GRPC_VERSION`.
 * For runtimes that need an older grpc-js, which only npm can put in another's place.
 *
 * @module
 */
const [folder, grpc] = Deno.args;
/** Imported by tests only. */
const TESTS_ONLY = /^(fast-check|playwright-core|ajv|@seriousme\/)/;

const dependencies: Record<string, string> = {};
for (const path of ["deno.json", "std/cli/deno.json", "std/log/deno.json"]) {
  const { imports = {} } = JSON.parse(await Deno.readTextFile(`${folder}/${path}`));
  for (const target of Object.values<string>(imports)) {
    const found = /^npm:\/?((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(target);
    if (found && !TESTS_ONLY.test(found[1]!)) dependencies[found[1]!] = found[2]!;
  }
}
console.log(JSON.stringify({
  type: "module",
  private: true,
  dependencies,
  overrides: { "@grpc/grpc-js": grpc },
}));
