/**
 * docs/compatibility.md says how etcd behaves, version by version: every row is asked of the etcd that is the first of
 * the path. On a version that the page does not name it has to be as on the newest of the same minor.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";
import { ask, BEHAVIOURS } from "./behaviours.ts";

const PAGE = new URL("../../docs/compatibility.md", import.meta.url);
/** Servers at a time. */
const AT_ONCE = 6;

/** What the page says of a version; an exception looks so: `taken; **3.4.23, 3.5.16**: refused`. */
function said(cell: string, version: string): string {
  const [usual, ...exceptions] = cell.split("; **");
  for (const exception of exceptions) {
    const [versions, text] = exception.split("**: ");
    if (versions!.split(", ").includes(version)) return text!;
  }
  return usual!;
}

/** The page's rows. */
function rows(page: string): Map<string, string> {
  const table = page.slice(page.indexOf("| etcd:"));
  const lines = table.slice(0, table.indexOf("\n\n")).split("\n").slice(2);
  return new Map(lines.map((line) => {
    const [, name, cell] = line.split("|").map((text) => text.trim());
    return [name!, cell!];
  }));
}

async function installed(): Promise<string> {
  const { stdout } = await new Deno.Command("etcd", { args: ["--version"] }).output();
  return /etcd Version: (\S+)/.exec(new TextDecoder().decode(stdout))![1]!;
}

async function makeJwtKeys(dir: string): Promise<void> {
  const key = `${dir}/jwt.key`;
  for (
    const args of [
      ["genrsa", "-out", key, "2048"],
      ["rsa", "-in", key, "-pubout", "-out", `${dir}/jwt.pub`],
    ]
  ) await new Deno.Command("openssl", { args, stderr: "null" }).output();
}

Deno.test("etcd behaves as docs/compatibility.md says of its version", async () => {
  const page = await Deno.readTextFile(PAGE);
  const table = rows(page);
  const sentence = page.slice(page.search(/tried on\s+etcd/)).split(":")[0]!;
  const tried = sentence.match(/\d+\.\d+\.\d+/g)!;
  const version = await installed();
  const minor = version.split(".").slice(0, 2).join(".") + ".";
  const likeness = tried.includes(version) ? version : tried.findLast((v) => v.startsWith(minor));
  await using dir = await tempDir();
  await makeJwtKeys(dir.path);
  const found = new Map<string, string>();
  const queue = [...BEHAVIOURS];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let row = queue.shift(); row; row = queue.shift()) {
      found.set(row.name, await ask(row, dir.path));
    }
  }));
  const isSaid = BEHAVIOURS.map(({ name }) => [name, said(table.get(name) ?? "", likeness ?? "")]);
  assertEquals(BEHAVIOURS.map(({ name }) => [name, found.get(name)]), isSaid);
  assertEquals([...table.keys()], BEHAVIOURS.map(({ name }) => name));
});
