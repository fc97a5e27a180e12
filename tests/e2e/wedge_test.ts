/**
 * Every role, wedged for real: its own module in its own process with its own permissions, beside a few
 * lines that block its event loop or make what it waits for never come.
 *
 * @module
 */
import { lockHolders } from "../../lib/state/lock_holders.ts";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { freePort } from "../support/etcd_server.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { resolveConfig } from "../../lib/config/resolve.ts";
import { createLauncher } from "../../lib/process/launcher.ts";
import type { LogEntry } from "../../lib/base/log.ts";
import { machinePlaces } from "../../lib/process/machine_places.ts";
import { readProcessPlace } from "../../lib/process/place.ts";
import { roleSpecs } from "../../lib/node/role_specs.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { testSeals } from "../support/seals.ts";
import { Supervisor } from "../../lib/node/supervisor.ts";
import { labArgs, Node, ROOT, tempDir } from "./node.ts";

const ALL = ["lab", ...ROLE_NAMES];
const NEVER = "() => new Promise(() => {})";

/** What never comes, by role; each is something that the role's work waits for. */
const WAITS: Record<string, string> = {
  // The elector's next call to etcd.
  manager: `KVClient.prototype.range = KVClient.prototype.txn = ${NEVER};
    LeaseClient.prototype.leaseKeepAlive = ${NEVER};`,
  // Neutron's answer, whatever the deadline.
  "resource-syncer": `globalThis.fetch = ${NEVER};`,
  // etcd's answer to the question whether a quiet watch still lives.
  "agent-status-watcher": `KVClient.prototype.put = ${NEVER};`,
  "endpoint-status-watcher": `KVClient.prototype.put = ${NEVER};`,
  diagnostics: `Deno.Kv.prototype.set = ${NEVER};`,
  // The agents' leases.
  lab: `LeaseClient.prototype.leaseKeepAlive = ${NEVER};`,
};

/** The role's module, and what wedges it as soon as a file of that name appears. */
function program(module: string, trigger: string, wedge: string): string {
  return `
    ${/Client/.test(wedge) ? `import { KVClient, LeaseClient } from "etcd3";` : ""}
    const timer = setInterval(() => {
      try {
        Deno.removeSync(${JSON.stringify(trigger)});
      } catch {
        return;
      }
      clearInterval(timer);
      ${wedge}
    }, 50);
    await import(${JSON.stringify(module)});
  `;
}

interface Scene {
  readonly store: StateStore;
  readonly entries: readonly LogEntry[];
  /** Wedges roles and waits until each has been killed for it and works again. */
  wedge(...names: string[]): Promise<void>;
}

/** A lab whose roles are wedged on demand. */
async function withLab(
  wedges: Record<string, string>,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  const stateDir = `${dir.path}/state`;
  await Deno.mkdir(stateDir, { mode: 0o700 });
  const { config } = resolveConfig({
    flags: {
      state_dir: stateDir,
      listen: `127.0.0.1:${freePort()}`,
      lab_etcd_port: String(freePort()),
      lab_openstack_port: String(freePort()),
      lab_ports: "10",
      lab_hosts: "1",
      lab_event_interval: "0",
      request_timeout: "1",
      etcd_timeout: "1",
      resync_interval: "2",
    },
    env: {},
    files: [],
    hostname: "node-1",
  });
  const log = new LogRecorder();
  const launcher = createLauncher({
    executable: Deno.execPath(),
    standalone: false,
    root: ROOT.replace(/\/$/, ""),
    environment: Deno.env.toObject(),
  });
  const process = await readProcessPlace();
  const places = { ...await machinePlaces(config, launcher, log), process, seals: testSeals };
  const specs = await Promise.all(
    roleSpecs(config, places, launcher).map(async (spec) => {
      const module = `${dir.path}/${spec.name}.ts`;
      const code = program(`file://${spec.args.at(-1)}`, trigger(spec.name), wedges[spec.name]!);
      await Deno.writeTextFile(module, code);
      // It removes the file that wedges it.
      const args = spec.args.slice(0, -1).map((arg) =>
        arg.startsWith("--allow-write=") ? `${arg},${trigger(spec.name)}` : arg
      );
      return { ...spec, args: [...args, module] };
    }),
  );
  using store = await StateStore.open(stateDir, testSeals.others);
  const entries: LogEntry[] = [];
  const supervisor = new Supervisor({
    log,
    clock: systemClock,
    store,
    roleTimeoutMs: 5000,
    stopTimeoutMs: 1000,
    forward: (entry) => entries.push(entry),
    random: Math.random,
  });
  await supervisor.start(specs);
  try {
    await eventually("all roles run", () => supervisor.started, 20_000);
    await synced();
    await play({ store, entries, wedge });
  } catch (error) {
    const last = [...log.records, ...entries].slice(-40).map((entry) => JSON.stringify(entry));
    throw new Error(`${(error as Error).message}; the log ends:\n${last.join("\n")}`);
  } finally {
    await supervisor.stop();
  }

  function trigger(name: string): string {
    return `${stateDir}/wedge-${name}`;
  }

  /** This node leads, a resync has succeeded, both watchers follow. */
  async function synced(): Promise<void> {
    await eventually("everything works", async () => {
      const doing = await Promise.all(
        ALL.map(async (name) => (await store.readAlive(name))?.doing),
      );
      return /in sync/.test(doing[ALL.indexOf("resource-syncer")] ?? "") &&
        doing.filter((what) => what === "following").length === 2;
    }, 20_000);
  }

  async function wedge(...names: string[]): Promise<void> {
    const before = await Promise.all(names.map((name) => store.readRole(name)));
    for (const name of names) await Deno.writeTextFile(trigger(name), "");
    for (const [i, name] of names.entries()) {
      const role = await eventually(`${name} is started again`, async () => {
        const role = await store.readRole(name);
        return role && role.restarts > before[i]!.restarts && role.state === "running" && role;
      }, 60_000);
      assertMatch(role.lastEnd!, /^no heartbeat for \d+ s/);
      assert(role.pid !== before[i]!.pid);
    }
    await synced();
  }
}

const BLOCKED = Object.fromEntries(ALL.map((name) => [name, "while (true);"]));

Deno.test("a role whose event loop is blocked is killed and works again, each of them", () =>
  withLab(BLOCKED, async ({ wedge, store }) => {
    await wedge(
      "resource-syncer",
      "agent-status-watcher",
      "endpoint-status-watcher",
      "diagnostics",
    );
    assertEquals((await store.readRole("manager"))!.restarts, 0, "the others go on");
    await wedge("manager");
    assertEquals((await store.readRole("lab"))!.restarts, 0, "the others go on");
    await wedge("lab");
  }));

Deno.test("a role that waits for what never comes is killed and works again, each of them", () =>
  withLab(WAITS, async ({ wedge, store, entries }) => {
    await wedge(
      "resource-syncer",
      "agent-status-watcher",
      "endpoint-status-watcher",
      "diagnostics",
    );
    assertEquals((await store.readRole("manager"))!.restarts, 0, "the others go on");
    await wedge("manager");
    await wedge("lab");
    const named = entries.filter(({ message }) => /makes no progress/.test(message))
      .map(({ role, fields }) => `${role}: ${fields.loop}`);
    assert(named.includes("endpoint-status-watcher: the watch of etcd"), named.join("; "));
    assert(named.includes("lab: the agents' status"), named.join("; "));
  }));

/** Stops the process at a moment when it holds the lock of the state file. */
async function stopWithinWrite(pid: number): Promise<void> {
  await eventually(
    "it is stopped within a write",
    async () => {
      Deno.kill(pid, "SIGSTOP");
      if ((await lockHolders()).has(pid)) return true;
      Deno.kill(pid, "SIGCONT");
      return false;
    },
    60_000,
    1,
  );
}

Deno.test("a process that is stopped within a write of the state file is killed, and the others go on", async () => {
  await using dir = await tempDir();
  await using node = Node.start([...labArgs(dir.path, 10).args, "--role-timeout=10"]);
  await node.ready();
  const pid = await node.rolePid("manager");
  await stopWithinWrite(pid);
  // Until the lock is free again, no other process can say how it is either: none of them is restarted for that.
  await eventually("the manager is started again", async () => {
    const roles = (await node.status())?.roles ?? [];
    const manager = roles.find(({ name }) => name === "manager")?.process;
    return manager?.state === "running" && manager.pid !== pid;
  }, 60_000);
  const { roles } = await node.ready();
  for (const { name, process } of roles) {
    assertEquals(process!.restarts, name === "manager" ? 1 : 0, `${name}: ${process!.lastEnd}`);
  }
  assertMatch(node.output, /a process holds its lock and does not go on.*heldBy=/);
});

Deno.test("a stopped process (SIGSTOP) is killed and works again, each of them", async () => {
  await using dir = await tempDir();
  await using node = Node.start([...labArgs(dir.path, 10).args, "--role-timeout=5"]);
  const before = await node.ready();
  assertEquals(before.roles.map(({ name }) => name).sort(), [...ALL].sort());
  for (const { process } of before.roles) Deno.kill(process!.pid!, "SIGSTOP");
  for (const { name, process } of before.roles) {
    const role = await eventually(`${name} is started again`, async () => {
      const status = await node.status();
      const role = status?.roles.find((role) => role.name === name)?.process;
      return role?.state === "running" && role.pid !== process!.pid && role;
    }, 60_000);
    assertMatch(role.lastEnd!, /^no heartbeat for \d+ s/);
  }
  await eventually("it leads again", async () => (await node.ready()).isMaster, 30_000);
});
