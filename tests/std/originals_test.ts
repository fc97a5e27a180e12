/**
 * `std/` stands in for two packages of JSR, and what compiles with it has to compile with them. `originals/`
 * declares what they do; the originals themselves are checked where JSR is reached, without `links`.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";
import type * as originalCli from "./originals/cli.ts";
import type * as originalLog from "./originals/log.ts";
import type * as cli from "../../std/cli/mod.ts";
import type * as log from "../../std/log/mod.ts";

const ROOT = new URL("../../", import.meta.url);
const HERE = new URL("./originals/", import.meta.url);

/** Compiles only where an original can be put in the stand-in's place. */
type Replaces<Original extends StandIn, StandIn> = [Original, StandIn];
/** Each line is a proof; nothing of it runs. */
export type Held = [
  Replaces<typeof originalCli.parseArgs, typeof cli.parseArgs>,
  Replaces<Parameters<typeof cli.parseArgs>[0], Parameters<typeof originalCli.parseArgs>[0]>,
  Replaces<cli.ParseOptions, originalCli.ParseOptions>,
  Replaces<typeof originalLog.getLogger, typeof log.getLogger>,
  Replaces<typeof originalLog.setup, typeof log.setup>,
  Replaces<typeof originalLog.LogLevels, typeof log.LogLevels>,
  Replaces<originalLog.LogRecord, log.LogRecord>,
  Replaces<log.LogRecord, originalLog.LogRecord>,
  Replaces<originalLog.BaseHandler, log.BaseHandler>,
  Replaces<log.BaseHandler, originalLog.BaseHandler>,
  Replaces<originalLog.Logger, log.Logger>,
  Replaces<originalLog.LevelName, log.LevelName>,
  Replaces<log.LevelName, originalLog.LevelName>,
];

/** Files that import a package of @std, by what is imported. */
async function importers(folder: URL): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(folder)) {
    if (isSymlink || name.startsWith(".") || name === "node_modules" || name === "dist") continue;
    if (isDirectory) {
      for (const [path, those] of await importers(new URL(`${name}/`, folder))) {
        found.set(path, those);
      }
    } else if (/\.tsx?$/.test(name)) {
      const text = await Deno.readTextFile(new URL(name, folder));
      const those = [...text.matchAll(/^(?:import|export|\}) .*from "(@std\/[^"]+)";$/gm)];
      if (those.length > 0) {
        found.set(new URL(name, folder).pathname, new Set(those.map(([, what]) => what!)));
      }
    }
  }
  return found;
}

/** Type-checks these files with what the originals declare; returns what is wrong. */
async function checkWithOriginals(dir: string, files: string[]): Promise<string> {
  const { imports, compilerOptions } = JSON.parse(
    await Deno.readTextFile(new URL("deno.json", ROOT)),
  );
  // Beside the sources Deno would take them for a part of the project, and ask JSR for the packages.
  for (const name of ["cli.ts", "log.ts"]) {
    await Deno.copyFile(new URL(name, HERE), `${dir}/${name}`);
  }
  const originals = {
    "@std/cli": "./cli.ts",
    "@std/cli/parse-args": "./cli.ts",
    "@std/log": "./log.ts",
  };
  const config = { lock: false, compilerOptions, imports: { ...imports, ...originals } };
  await Deno.writeTextFile(`${dir}/deno.json`, JSON.stringify(config));
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--cached-only", `--config=${dir}/deno.json`, ...files],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertEquals(code === 0, text.trim() === "", text);
  return text;
}

Deno.test("what imports @std compiles with what the originals declare", async () => {
  await using dir = await tempDir();
  const found = await importers(ROOT);
  const known = new Set(["@std/cli", "@std/cli/parse-args", "@std/log"]);
  const all = new Set([...found.values()].flatMap((those) => [...those]));
  assertEquals(all.difference(known), new Set(), "originals/ declares nothing of these");
  assert([...found.keys()].some((path) => path.endsWith("lib/config/command_line.ts")));
  assertEquals(await checkWithOriginals(dir.path, [...found.keys()]), "");
});

Deno.test("and what the originals refuse is refused", async () => {
  await using dir = await tempDir();
  const refused = [
    `import { parseArgs } from "@std/cli";\nexport const parsed = parseArgs([] as readonly string[]);`,
    `import { getLogger } from "@std/log";\ngetLogger("a").info();`,
    `import { LogRecord } from "@std/log";\nexport const set = (r: LogRecord) => { r.args = []; };`,
  ];
  const paths = refused.map((_, place) => `${dir.path}/refused_${place}.ts`);
  for (const [place, path] of paths.entries()) await Deno.writeTextFile(path, refused[place]!);
  const text = await checkWithOriginals(dir.path, paths);
  for (const path of paths) assert(text.includes(path), `${path} is not refused: ${text}`);
});
