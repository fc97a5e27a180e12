/**
 * Where the packages of npm are that Deno has fetched, and which of them a source imports.
 *
 * @module
 */
import type { PackageId } from "./bom.ts";

/** Folders that packages may be in: those of each registry in Deno's cache. */
export async function packageCaches(): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const { npmCache }: { npmCache: string } = JSON.parse(new TextDecoder().decode(stdout));
  const found = [];
  for await (const { name, isDirectory } of Deno.readDir(npmCache)) {
    if (isDirectory) found.push(`${npmCache}/${name}`);
  }
  return found.sort();
}

/** The folder of a package. @throws {Error} it has not been fetched. */
export function packageFolder(
  caches: readonly string[],
  { name, version }: Pick<PackageId, "name" | "version">,
): string {
  for (const cache of caches) {
    const folder = `${cache}/${name}/${version}`;
    try {
      Deno.statSync(`${folder}/package.json`);
      return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  throw new Error(`${name}@${version} is not in Deno's cache: run \`deno install\``);
}

/**
 * What the sources in these places import of npm and JSR, such as `npm:hono@4.13.19`.
 *
 * @param root the folder of deno.json, with its `/`
 * @param places files, and folders with their `/`, in it
 */
export async function importedPackages(root: URL, places: readonly string[]): Promise<Set<string>> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  const aliases = new Map(
    Object.entries<string>(imports).map(([alias, target]) => [alias.replace(/\/$/, ""), target]),
  );
  const found = new Set<string>();
  for (const text of await sources(root, places)) {
    for (const [, specifier] of text.matchAll(/(?:from|import)\s*\(?\s*"([^".][^"]*)"/g)) {
      const [, name] = /^((?:@[^/]+\/)?[^/]+)/.exec(specifier!)!;
      const target = aliases.get(name!) ?? specifier!;
      const wanted = /^(npm|jsr):\/?((?:@[^/]+\/)?[^/]+)/.exec(target);
      if (wanted) found.add(`${wanted[1]}:${wanted[2]}`);
    }
  }
  return found;
}

async function sources(root: URL, places: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const place of places) {
    const url = new URL(place, root);
    if (/\.(tsx?|js)$/.test(place)) found.push(await Deno.readTextFile(url));
    else if (place.endsWith("/")) {
      const inside = [];
      for await (const { name, isDirectory } of Deno.readDir(url)) {
        inside.push(`${place}${name}${isDirectory ? "/" : ""}`);
      }
      found.push(...await sources(root, inside));
    }
  }
  return found;
}
