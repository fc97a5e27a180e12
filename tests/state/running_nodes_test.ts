import { assertEquals, assertMatch } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import { openStateDir } from "../../lib/state/directory.ts";
import { isLocked, LOCK_FILE } from "../../lib/state/directory_lock.ts";
import {
  Announcement,
  type NodeRecord,
  pointedDirectories,
  readNodeRecord,
} from "../../lib/state/node_record.ts";
import { findNodes } from "../../lib/state/running_nodes.ts";

const record: NodeRecord = {
  node: "n",
  pid: 1,
  version: "0",
  place: { bootId: "b", pidNamespace: "p" },
  configFiles: [],
  settings: [],
};

/** A node that holds its directory and has announced itself. */
async function run(stateDir: string, pointers: string | null, node = "n") {
  const stack = new AsyncDisposableStack();
  stack.use(await openStateDir(stateDir, "pid 1 of n", new LogRecorder()));
  const announcement = stack.use(new Announcement(stateDir, pointers, new LogRecorder()));
  await announcement.publish({ ...record, node });
  return stack;
}

const names = async (places: Parameters<typeof findNodes>[0]) =>
  (await findNodes(places)).running.map(({ record }) => record?.node);

Deno.test("nodes are found in the usual place, by their pointers and where services keep theirs", async () => {
  await using dir = await tempDir();
  const base = await Deno.realPath(dir.path);
  const places = { usual: `${base}/usual`, pointers: `${base}/p`, services: `${base}/lib` };
  assertEquals(await findNodes(places), { running: [], unreadable: [] });
  await using _pointed = await run(`${base}/elsewhere`, places.pointers, "pointed");
  await using _service = await run(`${base}/lib/calico-conductor-2`, null, "service");
  await using _other = await run(`${base}/lib/other`, null, "not looked for");
  assertEquals(await names(places), ["pointed", "service"]);
  {
    await using _usual = await run(places.usual, places.pointers, "usual");
    assertEquals(await names(places), ["usual", "pointed", "service"]);
    assertEquals((await pointedDirectories(places.pointers)).length, 2);
    for (const path of [`${places.usual}/settings.json`, places.pointers]) {
      assertEquals((await Deno.stat(path)).mode! & 0o077, 0, path);
    }
  }
  // It takes back what it has left.
  assertEquals(await readNodeRecord(places.usual), null);
  assertEquals((await pointedDirectories(places.pointers)).length, 1);
});

Deno.test("what a dead node has left behind counts for nothing, and goes with the next start", async () => {
  await using dir = await tempDir();
  const base = await Deno.realPath(dir.path);
  const pointers = `${base}/p`;
  const places = { usual: `${base}/usual`, pointers, services: null };
  const dead = await openStateDir(`${base}/dead`, "pid 1 of n", new LogRecorder());
  await new Announcement(`${base}/dead`, pointers, new LogRecorder()).publish(record);
  assertEquals(await names(places), ["n"]);
  dead[Symbol.dispose](); // as the kernel does for a killed process: its files stay
  assertEquals(await names(places), []);
  assertEquals(await pointedDirectories(pointers), [`${base}/dead`]);
  for await (const { name } of Deno.readDir(pointers)) {
    await Deno.utime(`${pointers}/${name}`, 1, 1);
  }
  await using _next = await run(`${base}/next`, pointers, "next");
  assertEquals(await pointedDirectories(pointers), [`${base}/next`]);
});

Deno.test("a running node without a record, or with a damaged one, is found all the same", async () => {
  await using dir = await tempDir();
  using _held = await openStateDir(dir.path, "pid 1 of n", new LogRecorder());
  const places = { usual: dir.path, pointers: null, services: null };
  const stateDir = await Deno.realPath(dir.path);
  assertEquals((await findNodes(places)).running, [{ stateDir, record: null }]);
  await Deno.writeTextFile(`${dir.path}/settings.json`, "{");
  assertEquals((await findNodes(places)).running, [{ stateDir, record: null }]);
});

Deno.test("looking whether a node runs keeps none from starting", async () => {
  await using dir = await tempDir();
  (await openStateDir(dir.path, "pid 1", new LogRecorder()))[Symbol.dispose]();
  // Somebody looks at this very moment, and is done a little later.
  using looker = await Deno.open(`${dir.path}/${LOCK_FILE}`, { read: true });
  await looker.lock(false);
  assertEquals(await isLocked(`${dir.path}/${LOCK_FILE}`), false);
  const starting = openStateDir(dir.path, "pid 2", new LogRecorder());
  await looker.unlock();
  using _state = await starting;
  assertEquals(await isLocked(`${dir.path}/${LOCK_FILE}`), true);
});

Deno.test("a state directory that cannot take the record is told in the log, and the node runs", async () => {
  const log = new LogRecorder();
  await using announcement = new Announcement("/proc/nowhere", "/proc/pointers", log);
  await announcement.publish(record);
  assertMatch(log.at("warn")[0]!.message, /settings cannot be recorded/);
});
