import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { openStateDir, StateDirError } from "../../lib/state/directory.ts";
import { StateStore } from "../../lib/state/store.ts";
import { tempDir } from "../support/temp_dir.ts";

async function withDir(test: (dir: string) => Promise<void>): Promise<void> {
  await using dir = await tempDir();
  await test(dir.path);
}

async function names(dir: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(dir))).map(({ name }) => name);
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

Deno.test("a directory that others can look into is refused, with the command that mends it", () =>
  withDir(async (dir) => {
    for (const mode of [0o755, 0o701, 0o770]) {
      await Deno.chmod(dir, mode);
      const text = `is open to other users (mode 0${mode.toString(8)}): run \`chmod 700 ${dir}\``;
      assert((await refusal(dir)).message.includes(text), text);
      assertEquals(await names(dir), [], "nothing is left there");
    }
    await Deno.chmod(dir, 0o700);
    using _state = await openStateDir(dir, "pid 1", new LogRecorder());
  }));

Deno.test({
  name: "another user's directory is refused",
  ignore: Deno.uid() !== 0, // only root can give it away
  fn: () =>
    withDir(async (dir) => {
      await Deno.chown(dir, 12345, 12345);
      const { message } = await refusal(dir);
      assertMatch(
        message,
        /belongs to another user \(uid 12345; this process is uid 0\): run `chown/,
      );
      await Deno.chown(dir, 0, 0);
    }),
});

Deno.test("no file is opened through a link, and a link to the directory itself is followed", () =>
  withDir(async (dir) => {
    const [state, elsewhere] = [`${dir}/state`, `${dir}/elsewhere`];
    await Deno.mkdir(state, { mode: 0o700 });
    await Deno.writeTextFile(elsewhere, "as it was");
    for (const name of ["supervisor.lock", "state.kv", "state.kv-wal", "changed"]) {
      await Deno.symlink(elsewhere, `${state}/${name}`);
      assertMatch((await refusal(state)).message, new RegExp(`holds a link, ${name}: run .rm `));
      await Deno.remove(`${state}/${name}`);
    }
    assertEquals(await Deno.readTextFile(elsewhere), "as it was");
    await Deno.symlink(state, `${dir}/link`);
    using _state = await openStateDir(`${dir}/link`, "pid 1", new LogRecorder());
  }));

Deno.test("its files are this user's alone, whatever the umask and an earlier version left", () =>
  withDir(async (dir) => {
    for (const name of ["supervisor.lock", "agents.json"]) {
      await Deno.writeTextFile(`${dir}/${name}`, "", { mode: 0o644 });
    }
    using state = await openStateDir(dir, "pid 1", new LogRecorder());
    await state.store.writeMastership(null);
    const found = await names(dir);
    assert(found.includes("state.kv-wal") && found.includes("agents.json"), found.join());
    for (const name of found) {
      assertEquals((await Deno.stat(`${dir}/${name}`)).mode! & 0o777, 0o600, name);
    }
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
