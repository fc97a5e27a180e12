import { assertEquals } from "../../support/assert.ts";

const SYNC = new URL("../../../lib/sync/", import.meta.url);
/** What writes to etcd: by name when it is imported, or by the client's own calls. */
const WRITES = [
  /import[^;]*\b(?:FencedWriter|writeFenced)\b[^;]*from/,
  /\betcd\s*\.\s*(?:put|delete|stm|if|transaction|lock|lease|election)\s*\(/,
  /\bkv\s*\.\s*(?:put|txn|deleteRange)\s*\(/,
];

async function* modulesBelow(folder: URL, name = ""): AsyncGenerator<[name: string, text: string]> {
  for await (const entry of Deno.readDir(folder)) {
    const url = new URL(entry.name + (entry.isDirectory ? "/" : ""), folder);
    if (entry.isDirectory) yield* modulesBelow(url, `${name}${entry.name}/`);
    else yield [name + entry.name, await Deno.readTextFile(url)];
  }
}

Deno.test("of all that syncs, the engine alone writes to etcd", async () => {
  const writers: string[] = [];
  for await (const [name, text] of modulesBelow(SYNC)) {
    if (WRITES.some((pattern) => pattern.test(text))) writers.push(name);
  }
  assertEquals(writers.sort(), [
    "apply/cluster_config.ts",
    "apply/earlier_namespace.ts",
    "apply/sync_run.ts",
  ]);
});
