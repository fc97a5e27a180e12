import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { openStateDir, StateDirError } from "../../lib/state/directory.ts";
import { StateStore } from "../../lib/state/store.ts";
import { tempDir } from "../support/temp_dir.ts";

async function withDir(test: (dir: string) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  await test(dir.path);
}

async function refusal(path: string): Promise<StateDirError> {
  try {
    using _state = await openStateDir(path, "pid 1", new LogRecorder());
  } catch (error) {
    assert(error instanceof StateDirError, String(error));
    return error;
  }
  throw new Error("it was not refused");
}

Deno.test("a missing directory is made, for this user only", () =>
  withDir(async (dir) => {
    using state = await openStateDir(`${dir}/a/b`, "pid 1", new LogRecorder());
    assertEquals(await state.store.readMastership(), null);
    assertEquals((await Deno.stat(`${dir}/a/b`)).mode! & 0o777, 0o700);
  }));

Deno.test("a second supervisor is refused and told the first one's pid", () =>
  withDir(async (dir) => {
    using _first = await openStateDir(dir, "pid 4711 of node-1", new LogRecorder());
    assertMatch(
      (await refusal(dir)).message,
      /in use by the supervisor with pid 4711 of node-1: stop/,
    );
  }));

Deno.test("the lock ends with its holder", () =>
  withDir(async (dir) => {
    (await openStateDir(dir, "pid 1", new LogRecorder()))[Symbol.dispose]();
    using _again = await openStateDir(dir, "pid 2", new LogRecorder());
  }));

Deno.test("a path that cannot be a directory gets one sentence with the remedy", () =>
  withDir(async (dir) => {
    await Deno.writeTextFile(`${dir}/file`, "");
    assertMatch((await refusal(`${dir}/file/state`)).message, /cannot be written .*--state-dir/);
  }));

Deno.test("a damaged state file is moved aside with a warning, and a new one begun", () =>
  withDir(async (dir) => {
    await Deno.writeFile(`${dir}/state.kv`, crypto.getRandomValues(new Uint8Array(5000)));
    const log = new LogRecorder();
    using state = await openStateDir(dir, "pid 1", log);
    assertEquals(await state.store.readMastership(), null);
    assertMatch(log.at("warn")[0]!.message, /damaged.*moved aside/);
    assertEquals((await Deno.stat(`${dir}/state.kv.damaged`)).size, 5000);
  }));

Deno.test("a record that says nothing new is written again only now and then", async () => {
  const kv = await Deno.openKv(":memory:");
  using store = new StateStore(kv);
  const record = (at: number, leader = "node-1:1") => ({
    state: "leader" as const,
    leader,
    term: "5",
    problem: null,
    at,
  });
  const versions = new Set<string | null>();
  const write = async (at: number, leader?: string) => {
    await store.writeElection(record(at, leader));
    versions.add((await kv.get(["election"])).versionstamp);
    return (await store.readElection())!.at;
  };
  assertEquals([await write(1000), await write(2000), await write(5999)], [1000, 1000, 1000]);
  assertEquals(await write(6000), 6000);
  assertEquals(await write(6001, "node-2:7"), 6001, "news are written at once");
  assertEquals(await write(3000, "node-2:7"), 3000, "so is a clock that was set back");
  assertEquals(versions.size, 4);
});
