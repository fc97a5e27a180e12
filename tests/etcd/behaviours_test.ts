/**
 * docs/compatibility.md says how etcd behaves, version by version: every row is asked of the etcd that is the first of
 * the path. On a version that the page does not name it has to be as on the newest of the same minor.
 *
 * @module
 */
import { assertEquals } from "../support/assert.ts";
import { behavioursTable, cellFor } from "../support/behaviours_table.ts";
import { tempDir } from "../support/temp_dir.ts";
import { ask, BEHAVIOURS } from "./behaviours.ts";

/** Servers at a time. */
const AT_ONCE = 6;

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
  const { rows: table, tried } = await behavioursTable("etcd");
  const version = await installed();
  await using dir = await tempDir();
  await makeJwtKeys(dir.path);
  const found = new Map<string, string>();
  const queue = [...BEHAVIOURS];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let row = queue.shift(); row; row = queue.shift()) {
      found.set(row.name, await ask(row, dir.path));
    }
  }));
  const isSaid = BEHAVIOURS.map((
    { name },
  ) => [name, cellFor(table.get(name) ?? "", version, tried)]);
  assertEquals(BEHAVIOURS.map(({ name }) => [name, found.get(name)]), isSaid);
  assertEquals([...table.keys()], BEHAVIOURS.map(({ name }) => name));
});
