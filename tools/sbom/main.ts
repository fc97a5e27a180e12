/**
 * The bill of materials of this project, CycloneDX 1.6 in JSON, on standard output or into a file, and the licences
 * of what is in it:
 *
 *     deno task --quiet sbom [FILE [NOTICES]]
 *
 * @module
 */
import { print } from "../../bench/print.ts";
import { billOfMaterials } from "./bom.ts";
import { notices } from "./notices.ts";
import { importedPackages, packageCaches, packageFolder } from "./packages.ts";

const ROOT = new URL("../../", import.meta.url);
/** What runs at a user's. */
const PRODUCT = ["main.ts", "commands/", "roles/", "lib/", "lab/", "std/"];

/** The bill, and the texts of the licences that go with the product. */
export async function materials(): Promise<{ readonly bill: string; readonly notices: string }> {
  const read = async (path: string) => JSON.parse(await Deno.readTextFile(new URL(path, ROOT)));
  const { version, license } = await read("deno.json");
  const caches = await packageCaches();
  const imports = await importedPackages(ROOT, PRODUCT);
  const product = { name: "calico-conductor", version, license, imports };
  const bom = billOfMaterials(await read("deno.lock"), product, (id) => {
    return JSON.parse(Deno.readTextFileSync(`${packageFolder(caches, id)}/package.json`)).license;
  });
  return { bill: JSON.stringify(bom, null, 2), notices: await notices(bom, caches) };
}

if (import.meta.main) {
  const [file, texts] = Deno.args;
  const { bill, notices } = await materials();
  if (file) await Deno.writeTextFile(file, `${bill}\n`);
  else print(bill);
  if (texts) await Deno.writeTextFile(texts, notices);
}
