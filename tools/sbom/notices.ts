/**
 * The licences of the packages that the product brings along, as these packages have them: who passes them on has to
 * pass on these texts as well.
 *
 * @module
 */
import type { Bom } from "./bom.ts";
import { packageFolder } from "./packages.ts";

/** Files with the licence of a package, or with what it has to say of others. */
const FILES = /^(licen[cs]e|copying|notice)([-.].*)?$/i;

/** A package and what it says of its licence. */
interface Licensed {
  readonly name: string;
  /** What the bill has, such as `MIT`. */
  readonly licences: string;
  readonly text: string;
}

/**
 * All texts, each once, with the packages that it is of. A package that has none is named with what its
 * package.json says.
 *
 * @param caches where the packages are, see `packageCaches`
 */
export async function notices(bom: Bom, caches: readonly string[]): Promise<string> {
  const all: Licensed[] = [];
  for (const { scope, group, name, version, licenses, hashes } of bom.components) {
    if (scope !== "required" || !hashes) continue; // what is of JSR has no folder, and is in the sources
    const full = group ? `${group}/${name}` : name;
    const folder = packageFolder(caches, { name: full, version });
    const licences = (licenses ?? []).map((one) => {
      if ("expression" in one) return one.expression;
      return "id" in one.license ? one.license.id : one.license.name;
    }).join(", ");
    all.push({ name: `${full} ${version}`, licences, text: await textOf(folder) });
  }
  const texts = [...Map.groupBy(all, ({ text }) => text)].map(([text, packages]) => {
    const names = packages.map(({ name, licences }) =>
      `${name} (${licences || "no licence named"})`
    );
    return `${names.join("\n")}\n\n${text || "The package has no text of its licence."}`;
  });
  const rule = `\n\n${"-".repeat(72)}\n\n`;
  return ["calico-conductor brings these packages of npm along.", ...texts].join(rule) + "\n";
}

async function textOf(folder: string): Promise<string> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && FILES.test(name)) names.push(name);
  }
  const texts = names.sort().map((name) => Deno.readTextFile(`${folder}/${name}`));
  return (await Promise.all(texts)).map((text) => text.replaceAll("\r\n", "\n").trim()).join(
    "\n\n",
  );
}
