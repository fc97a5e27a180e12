/**
 * Every way in which a node can end, or be hurt: no process is left, and wherever one could still act, no
 * election key is.
 *
 * @module
 */
import { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch, eventually, TIME_FACTOR } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { SAME_SIGNAL_MS } from "../../lib/node/stop_request.ts";
import { openTerminal } from "./terminal.ts";
import { killAll, lives, Node, productWords, tempDir } from "./node.ts";
import { outputOf } from "../support/in_time.ts";

const ELECTION = "/calico/openstack/v2/no-region/neutron_election";

interface Scene {
  readonly node: Node;
  readonly stateDir: string;
  /** Process ids of everything, the supervisor first. */
  readonly processes: readonly number[];
  /** Who holds the election key, `name:pid`, or null. */
  leader(): Promise<string | null>;
}

/** A node without a cloud that leads. */
async function withNode(
  play: (scene: Scene) => Promise<void>,
  { stateDir, args = [] }: { stateDir?: string; args?: string[] } = {},
): Promise<void> {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const path = stateDir ?? dir.path;
  await using node = Node.start([
    `--state-dir=${path}`,
    "--node-name=node-1",
    `--etcd=${server.url}`,
    `--neutron-url=http://127.0.0.1:${freePort()}`,
    "--startup-resync=never",
    ...args,
  ]);
  await node.ready();
  const etcd = new Etcd3({ hosts: server.url });
  try {
    const leader = () => etcd.get(ELECTION).string();
    assertMatch(await leader() ?? "", /^node-1:/);
    const processes = await node.tree();
    assert(processes.length >= 6, `${processes.length} processes`);
    await play({ node, stateDir: path, processes, leader });
  } finally {
    etcd.close();
  }
}

async function nothingIsLeft({ processes, leader }: Scene, key = true): Promise<void> {
  await eventually("all processes are gone", () => processes.every((pid) => !lives(pid)), 10_000);
  if (key) assertEquals(await leader(), null, "the election key is left");
}

Deno.test("Ctrl-C", () =>
  withNode(async (scene) => {
    await scene.node.stop("SIGINT");
    assertEquals([scene.node.ended!.code, scene.node.ended!.signal], [0, null]);
    await nothingIsLeft(scene);
  }));

Deno.test("SIGTERM", () =>
  withNode(async (scene) => {
    await scene.node.stop("SIGTERM");
    assertEquals(scene.node.ended!.code, 0);
    await nothingIsLeft(scene);
  }));

Deno.test("a role that does not react to SIGTERM is killed, and holds nothing up for long", () =>
  withNode(async (scene) => {
    Deno.kill(await scene.node.rolePid("resource-syncer"), "SIGSTOP");
    await scene.node.stop("SIGTERM");
    assertEquals(scene.node.ended!.code, 0);
    assertMatch(scene.node.output, /did not stop in time, is killed name=resource-syncer/);
    await nothingIsLeft(scene);
  }));

Deno.test("whoever holds a connection to the page, and says nothing, does not hold the stop up", () =>
  withNode(async ({ node }) => {
    const port = Number(new URL(node.pageUrl).port);
    using _silent = await Deno.connect({ hostname: "127.0.0.1", port });
    await node.status();
    await node.stop();
    assert(!/did not stop in time/.test(node.output), node.output);
  }, { args: [`--stop-timeout=${2 * TIME_FACTOR}`] }));

Deno.test("Ctrl-C in a terminal, which `deno task` passes on, ends every role in order", () =>
  withNode(async (scene) => {
    const { node } = scene;
    node.kill("SIGINT");
    node.kill("SIGTERM");
    await node.stop("SIGINT");
    assertEquals(node.ended!.code, 0);
    assertEquals(/is killed/.test(node.output), false, node.output);
    await nothingIsLeft(scene);
  }, { args: ["--stop-timeout=30"] }));

Deno.test("Ctrl-C twice does not wait for a role that hangs, and still releases the key", () =>
  withNode(async (scene) => {
    const { node } = scene;
    for (const role of ["resource-syncer", "diagnostics"]) {
      Deno.kill(await node.rolePid(role), "SIGSTOP");
    }
    const startedAt = Date.now();
    node.kill("SIGINT");
    // Later than what passes on the first one, which is the point.
    await new Promise((resolve) => setTimeout(resolve, SAME_SIGNAL_MS + 500));
    assertEquals(node.ended, null);
    await node.stop("SIGINT");
    assert(Date.now() - startedAt < 25_000, "it waited for the stop timeout");
    assertEquals(node.ended!.code, 0);
    assertMatch(node.output, /is killed: the node was told a second time to stop name=resource-s/);
    await nothingIsLeft(scene);
  }, { args: ["--stop-timeout=30"] }));

Deno.test("the supervisor is killed", () =>
  withNode(async (scene) => {
    scene.node.kill("SIGKILL");
    await nothingIsLeft(scene);
  }));

Deno.test("the supervisor is killed while a role's work hangs", () =>
  withNode(async (scene) => {
    // A role that is stopped cannot notice; it does as soon as it can.
    const pid = await scene.node.rolePid("resource-syncer");
    Deno.kill(pid, "SIGSTOP");
    scene.node.kill("SIGKILL");
    await eventually("the key is released", async () => await scene.leader() === null);
    assert(lives(pid));
    Deno.kill(pid, "SIGCONT");
    await nothingIsLeft(scene);
  }));

Deno.test("everything is killed: what is left of the key ends with its lease", () =>
  withNode(async (scene) => {
    killAll(scene.processes);
    await nothingIsLeft(scene, false);
    await eventually("the lease ends", async () => await scene.leader() === null, 10_000);
  }, { args: ["--election-ttl=4", "--election-refresh=1", "--election-margin=1"] }));

Deno.test("the KV file is deleted: everything begins again with a new one, and leads again", () =>
  withNode(async (scene) => {
    const { node, stateDir, processes } = scene;
    for (const suffix of ["", "-wal", "-shm"]) {
      await Deno.remove(`${stateDir}/state.kv${suffix}`).catch(() => {});
    }
    await eventually("the message", () => /state.kv was deleted/.test(node.output));
    await eventually("the roles are others", () => processes.slice(1).every((pid) => !lives(pid)));
    const status = await node.ready();
    assert(status.isMaster);
    assert(status.roles.every(({ process }) => process!.restarts === 0), "no role has crashed");
    const now = await node.tree();
    await node.stop();
    assertEquals(node.ended!.code, 0);
    await nothingIsLeft({ ...scene, processes: now });
  }));

Deno.test("the whole state directory is deleted: the same", () =>
  withNode(async (scene) => {
    const { node, stateDir, processes } = scene;
    await Deno.remove(stateDir, { recursive: true });
    await eventually("the roles are others", () => processes.slice(1).every((pid) => !lives(pid)));
    await node.ready();
    const refused = await node.command("start");
    assertEquals(refused.code, 1);
    assertMatch(refused.text, /in use by the supervisor with pid \d+ of node-1/);
    const now = await node.tree();
    await node.stop();
    await nothingIsLeft({ ...scene, processes: now });
  }));

Deno.test("another supervisor has taken the new state directory meanwhile: this one ends", () =>
  withNode(async (scene) => {
    const { node, stateDir } = scene;
    await Deno.remove(stateDir, { recursive: true });
    await Deno.mkdir(stateDir, { mode: 0o700 });
    const lock = await Deno.open(`${stateDir}/supervisor.lock`, { create: true, write: true });
    await lock.lock(true);
    await lock.write(new TextEncoder().encode("pid 1 of another\n"));
    await eventually("the end", () => node.ended, 15_000);
    lock.close();
    assertEquals(node.ended!.code, 1);
    assertMatch(node.output, /in use by the supervisor with pid 1 of another/);
    await nothingIsLeft(scene);
  }));

Deno.test("a state file that is replaced by something else is begun anew", () =>
  withNode(async (scene) => {
    const { node, stateDir } = scene;
    const garbage = crypto.getRandomValues(new Uint8Array(20_000));
    await Deno.writeFile(`${stateDir}/state.kv.new`, garbage);
    await Deno.rename(`${stateDir}/state.kv.new`, `${stateDir}/state.kv`);
    for (const suffix of ["-wal", "-shm"]) await Deno.remove(`${stateDir}/state.kv${suffix}`);
    await eventually("the message", () => /state.kv was replaced/.test(node.output));
    await eventually("a new beginning", () => /was damaged; it is moved aside/.test(node.output));
    await node.ready();
    await node.stop();
    await nothingIsLeft(scene);
  }));

/** A small file system in memory. */
async function smallDisk(): Promise<AsyncDisposable & { path: string }> {
  const dir = await tempDir();
  const mount = async (...args: string[]) =>
    (await outputOf(args[0]!, { args: args.slice(1), stderr: "null" })).success;
  assert(await mount("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", dir.path), "no tmpfs");
  return {
    path: dir.path,
    async [Symbol.asyncDispose]() {
      await mount("umount", "-l", dir.path);
      await dir[Symbol.asyncDispose]();
    },
  };
}

const root = Deno.uid() === 0;
Deno.test("the disk is full: the node cannot lead, says so, and leads again when there is space", {
  ignore: !root,
}, async () => {
  await using disk = await smallDisk();
  await withNode(async (scene) => {
    const { node, leader, processes } = scene;
    await fill(`${disk.path}/filler`);
    await eventually(
      "the message",
      () => /takes no writes: this node cannot lead/.test(node.output),
      60_000,
    );
    await eventually("the key is given up", async () => await leader() === null, 30_000);
    await eventually(
      "nobody claims to lead",
      async () => (await node.status())?.isMaster === false,
    );
    await new Promise((resolve) => setTimeout(resolve, 6000));
    assertEquals(
      await node.tree(),
      [...processes],
      "roles were restarted for what is not their fault",
    );
    await Deno.remove(`${disk.path}/filler`);
    await eventually("it leads again", async () => (await node.status())?.isMaster, 30_000);
    await node.ready();
    await fill(`${disk.path}/filler`);
    await node.stop();
    await nothingIsLeft(scene, false);
    await eventually("the key goes with its lease", async () => await leader() === null, 20_000);
  }, { stateDir: `${disk.path}/state`, args: ["--role-timeout=4"] });
});

/** Writes until nothing more fits. */
async function fill(path: string): Promise<void> {
  using file = await Deno.open(path, { create: true, append: true });
  try {
    for (const size of [65_536, 4096, 1]) {
      await (async () => {
        while (true) await file.write(new Uint8Array(size));
      })().catch(() => {});
    }
  } catch { /* full */ }
}

Deno.test("the terminal is closed: the node stops in order", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const port = freePort();
  const words = ["start", `--listen=127.0.0.1:${port}`, `--state-dir=${dir.path}`].concat(
    ["--node-name=node-1", `--etcd=${server.url}`, "--startup-resync=never"],
    [`--neutron-url=http://127.0.0.1:${freePort()}`],
  );
  await using terminal = openTerminal(productWords(words));
  const etcd = new Etcd3({ hosts: server.url });
  try {
    const leader = () => etcd.get(ELECTION).string();
    await eventually("it leads", async () => (await leader())?.startsWith("node-1:"), 20_000);
    const processes = (await terminal.tree()).slice(1);
    assert(processes.length >= 6, `${processes.length} processes`);
    // With its terminal there, a SIGHUP is somebody's request to read the configuration again.
    Deno.kill(processes[0]!, "SIGHUP");
    await eventually("it was read", () => /configuration was read again/.test(terminal.output()));
    assert(processes.every(lives));
    terminal.close();
    await eventually("all is gone", () => processes.every((pid) => !lives(pid)), 10_000);
    assertEquals(await leader(), null);
  } finally {
    etcd.close();
  }
});
