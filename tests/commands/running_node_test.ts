import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";
import type { CommandContext } from "../../commands/context.ts";
import { settingsOf } from "../../commands/running_node.ts";
import { UsageError } from "../../lib/config/command_line.ts";
import { ConfigError } from "../../lib/config/config_error.ts";
import { recordSettings, resolveRecorded } from "../../lib/config/recorded_settings.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import type { Flags } from "../../lib/config/values.ts";
import { readProcessPlace } from "../../lib/process/place.ts";
import { openStateDir } from "../../lib/state/directory.ts";
import { Announcement } from "../../lib/state/node_record.ts";

/** A machine with a home of its own, on which nodes run and commands are given. */
async function machine() {
  const dir = await tempDir();
  const base = await Deno.realPath(dir.path);
  const stack = new AsyncDisposableStack();
  const places = { usual: `${base}/usual`, pointers: `${base}/p`, services: `${base}/lib` };
  const env = { HOME: base };
  return {
    base,
    /** Starts a node whose settings say how it is called. */
    async run(
      stateDir: string,
      flags: Flags = {},
      nodeEnv: Record<string, string> = {},
      // Not this process's place: its environment cannot be read.
      { pid = 1, place = { bootId: "b", pidNamespace: "p" } } = {},
    ) {
      stack.use(await openStateDir(stateDir, "pid 1 of n", new LogRecorder()));
      const announcement = stack.use(
        new Announcement(stateDir, places.pointers, new LogRecorder()),
      );
      const { effective, config } = resolveConfig({
        flags: { ...flags, state_dir: stateDir },
        env: nodeEnv,
        files: [],
        hostname: "n",
      });
      await announcement.publish({
        node: config.nodeName,
        pid,
        version: "0",
        place,
        configFiles: [],
        settings: recordSettings(effective),
      });
    },
    /** What a command is given to work with, and what it says on standard error. */
    given(options: Flags = {}, more: Record<string, string> = {}) {
      const said: string[] = [];
      const input = { env: { ...env, ...more }, files: [], hostname: "here" };
      const context = {
        resolve: (extra: Flags = {}) =>
          resolveConfig({ ...input, flags: { ...options, ...extra } }),
        resolveRecorded: ({ settings }, environment) =>
          resolveRecorded(settings, { ...input, env: environment, flags: {} }, input.env),
        given: { options, configPaths: [], env: input.env, places },
        printError: (text) => void said.push(text),
      } satisfies Partial<CommandContext> as unknown as CommandContext;
      return { context, said };
    },
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
      await dir[Symbol.asyncDispose]();
    },
  };
}

Deno.test("without options, a command speaks of the only node that runs", async () => {
  await using here = await machine();
  const { context } = here.given();
  const before = await settingsOf(context, { acts: true });
  assertEquals([before.node, before.config.nodeName], [null, "here"]);
  await here.run(`${here.base}/other`, { node_name: "node-1", listen: "127.0.0.1:1234" });
  for (const purpose of [{}, { acts: true }, { secrets: true }] as const) {
    const { config, node } = await settingsOf(context, purpose);
    assertEquals([config.nodeName, config.diagnostics.port], ["node-1", 1234]);
    assertEquals([node?.stateDir, config.stateDir], Array(2).fill(`${here.base}/other`));
  }
});

Deno.test("of several, a reading command takes the one in the usual place and says so; an action none", async () => {
  await using here = await machine();
  await here.run(`${here.base}/a`, { node_name: "node-a" });
  await here.run(`${here.base}/lib/calico-conductor`, { node_name: "node-b" });
  const { context, said } = here.given();
  for (const purpose of [{}, { acts: true }] as const) {
    const { message } = await assertRejects(() => settingsOf(context, purpose), UsageError);
    assertMatch(message, /several nodes run on this machine/);
    for (const part of [`--state-dir ${here.base}/a `, "node-a, pid 1", "node-b, pid 1"]) {
      assert(message.includes(part), message);
    }
  }
  await here.run(`${here.base}/usual`, { node_name: "node-c" });
  assertEquals((await settingsOf(context, {})).config.nodeName, "node-c");
  assertMatch(said.join(""), /this is about node-c, pid 1:[^]*node-a[^]*node-b/);
  await assertRejects(() => settingsOf(context, { acts: true }), UsageError);
  // Said which, it is that one.
  for (
    const { context } of [
      here.given({ state_dir: `${here.base}/a` }),
      here.given({}, { CONDUCTOR_STATE_DIR: `${here.base}/a` }),
    ]
  ) assertEquals((await settingsOf(context, { acts: true })).config.nodeName, "node-a");
});

Deno.test("of several, an action that systemd runs for a service is about that service's node", async () => {
  await using here = await machine();
  const place = await readProcessPlace();
  const names = ["a", "b", "c"] as const;
  const runs = [{ pid: 101, place }, { pid: 102, place }, { pid: 103 }];
  for (const [i, name] of names.entries()) {
    await here.run(`${here.base}/lib/calico-conductor-${name}`, { node_name: name }, {}, runs[i]);
  }
  for (const [MAINPID, name] of [["101", "a"], ["102", "b"]] as const) {
    const { context, said } = here.given({}, { MAINPID });
    assertEquals((await settingsOf(context, { acts: true })).config.nodeName, name);
    assertEquals(said, []);
  }
  // The id of a process elsewhere, of none, or no id.
  for (const MAINPID of ["103", "104", ""]) {
    const { context } = here.given({}, { MAINPID });
    await assertRejects(() => settingsOf(context, { acts: true }), UsageError);
  }
  const { context } = here.given({}, {
    MAINPID: "101",
    CONDUCTOR_STATE_DIR: `${here.base}/lib/calico-conductor-c`,
  });
  assertEquals((await settingsOf(context, { acts: true })).config.nodeName, "c");
});

Deno.test("a command with settings of its own goes by these, and one that names an idle place by its own", async () => {
  await using here = await machine();
  await here.run(`${here.base}/usual`, { node_name: "node-a" });
  const own = here.given({ state_dir: `${here.base}/usual`, node_name: "mine" });
  assertEquals((await settingsOf(own.context, {})).config.nodeName, "mine");
  const idle = here.given({ state_dir: `${here.base}/idle` });
  const { node, config } = await settingsOf(idle.context, {});
  assertEquals([node, config.stateDir], [null, `${here.base}/idle`]);
  // What the shell has in its environment is not said of this command.
  const ambient = here.given({}, { OS_AUTH_URL: "http://k:5000", CONDUCTOR_NODE_NAME: "other" });
  assertEquals((await settingsOf(ambient.context, {})).config.nodeName, "node-a");
  assertMatch(ambient.said.join(""), /about node-a, pid 1, .*: CONDUCTOR_NODE_NAME not used\n$/);
  const same = here.given({}, { CONDUCTOR_NODE_NAME: "node-a", CONDUCTOR_PASSWORD: "p" });
  await settingsOf(same.context, {});
  assertEquals(same.said, []);
  // Neither is a password in a URL, which no record holds.
  const bus = { CONDUCTOR_TRANSPORT_URL: "rabbit://u:p@r:5672/" };
  await here.run(`${here.base}/bus`, {}, bus);
  const withBus = here.given({ state_dir: `${here.base}/bus` }, bus);
  await settingsOf(withBus.context, {});
  assertEquals(withBus.said, []);
});

Deno.test("a secret that cannot be read is named, and only where it is needed", async () => {
  await using here = await machine();
  await here.run(`${here.base}/usual`, { auth_url: "http://k:5000", username: "u" }, {
    CONDUCTOR_PASSWORD: "hidden",
    CONDUCTOR_PROJECT_NAME: "service",
  });
  assertEquals(
    (await settingsOf(here.given().context, {})).config.openstack.authUrl,
    "http://k:5000",
  );
  const refused = () => settingsOf(here.given().context, { secrets: true });
  assertMatch(
    (await assertRejects(refused, ConfigError)).message,
    /^the secret that n has from CONDUCTOR_PASSWORD cannot be read here: set CONDUCTOR_PASSWORD /,
  );
  const given = here.given({}, { CONDUCTOR_PASSWORD: "p" });
  const { config } = await settingsOf(given.context, { secrets: true });
  assertEquals(config.openstack.credential?.method, "password");
});

Deno.test("a node that has recorded nothing is asked by this command's own settings", async () => {
  await using here = await machine();
  const stateDir = `${here.base}/lib/calico-conductor`;
  using _held = await openStateDir(stateDir, "pid 1 of n", new LogRecorder());
  const { context, said } = here.given();
  const { config } = await settingsOf(context, {});
  assertEquals([config.stateDir, config.nodeName], [stateDir, "here"]);
  assertMatch(said.join(""), /has not recorded its settings/);
});

Deno.test("another user's node is not read, and that is said", async () => {
  await using here = await machine();
  await Deno.mkdir(`${here.base}/lib/calico-conductor`, { recursive: true });
  // What opening gives that user; root, as whom tests may run, is refused nothing.
  const open = Deno.open;
  Deno.open = () => Promise.reject(new Deno.errors.PermissionDenied("no"));
  try {
    const { context, said } = here.given({}, { HOME: here.base });
    assertEquals((await settingsOf(context, {})).node, null);
    assertMatch(said.join(""), /lib\/calico-conductor belongs to another user.*as root/);
  } finally {
    Deno.open = open;
  }
  // Nor is it passed over in silence where a node of this user runs as well.
  await here.run(`${here.base}/usual`, { node_name: "node-a" });
  Deno.open = (path, options) =>
    String(path).includes("/lib/")
      ? Promise.reject(new Deno.errors.PermissionDenied("no"))
      : open(path, options);
  try {
    const { context, said } = here.given();
    assertEquals((await settingsOf(context, {})).config.nodeName, "node-a");
    assertMatch(said.join(""), /another user[^]*this is about node-a, pid 1, in .*\/usual\n$/);
  } finally {
    Deno.open = open;
  }
});
