/**
 * The bill of materials of this project, CycloneDX 1.6 in JSON, on standard output or into a file:
 *
 *     deno task --quiet sbom [FILE]
 *
 * @module
 */
import { print } from "../../bench/print.ts";
import { billOfMaterials } from "./bom.ts";
import { importedPackages, packageCaches, packageFolder } from "./packages.ts";

const ROOT = new URL("../../", import.meta.url);
/** What runs at a user's. */
const PRODUCT = ["main.ts", "commands/", "roles/", "lib/", "lab/", "std/"];

/** The bill as text. */
export async function bill(): Promise<string> {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
  const { version, license } = await read("deno.json");
  const caches = await packageCaches();
  const imports = await importedPackages(ROOT, PRODUCT);
  const product = { name: "calico-conductor", version, license, imports };
  const bom = billOfMaterials(await read("deno.lock"), product, (id) => {
    return JSON.parse(Deno.readTextFileSync(`${packageFolder(caches, id)}/package.json`)).license;
  });
  return JSON.stringify(bom, null, 2);
}

if (import.meta.main) {
  const [file] = Deno.args;
  const text = await bill();
  if (file) await Deno.writeTextFile(file, `${text}\n`);
  else print(text);
}
