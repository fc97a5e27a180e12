/** Who holds the lock of a SQLite database, as the kernel tells: of a real process that stands still within a write. */
import { DatabaseSync } from "node:sqlite";
import { holdersOf, lockHolders } from "../../lib/state/lock_holders.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { tempDir } from "../support/temp_dir.ts";

const HOLDER = `import { DatabaseSync } from "node:sqlite";
const db = new DatabaseSync(Deno.args[0]);
db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); BEGIN IMMEDIATE; INSERT INTO t VALUES (1);");
console.log("begun");
await new Promise((resolve) => setTimeout(resolve, 60_000));`;

Deno.test("a process within a write is named, and who only reads is not", async () => {
  await using dir = await tempDir();
  const path = `${dir.path}/x.sqlite`;
  await Deno.writeTextFile(`${dir.path}/holder.ts`, HOLDER);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `${dir.path}/holder.ts`, path],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assertEquals(new TextDecoder().decode(value), "begun\n");
    await reader.cancel();
    const db = new DatabaseSync(path);
    db.prepare("SELECT * FROM t").all();
    const holders = await lockHolders();
    db.close();
    assert(holders.has(child.pid), [...holders].join(" "));
    assert(!holders.has(Deno.pid));
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  assert(!(await lockHolders()).has(child.pid));
});

Deno.test("locks of other bytes, of readers and of those that wait say nothing", () => {
  const locks = `1: POSIX  ADVISORY  READ 11 00:2f:77 120 120
2: POSIX  ADVISORY  WRITE 12 00:2f:77 124 127
3: FLOCK  ADVISORY  WRITE 13 00:2f:77 0 EOF
4: POSIX  ADVISORY  WRITE 14 00:2f:77 0 EOF
4: -> POSIX  ADVISORY  WRITE 15 00:2f:77 0 EOF
5: POSIX  ADVISORY  WRITE 16 00:2f:77 120 120
`;
  assertEquals([...holdersOf(locks)], [14, 16]);
  assertEquals([...holdersOf("nonsense\n")], []);
});
