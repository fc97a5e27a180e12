import { rejects as assertRejects } from "node:assert/strict";
import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { readStatus } from "../../lib/health/read_status.ts";
import { formatStatus } from "../../lib/health/status_text.ts";
import { crashLoops } from "../../lib/health/verdict.ts";
import type { LogEntry } from "../../lib/base/log.ts";
import {
  requestRestart,
  RestartRefusedError,
  takeRestart,
  UnknownRoleError,
} from "../../lib/state/restart_request.ts";
import { StateStore } from "../../lib/state/store.ts";
import type { RoleDeps, RoleSpec } from "../../lib/node/supervised_role.ts";
import { SUPERVISED, type SupervisedName } from "../../lib/process/roles.ts";
import { Supervisor } from "../../lib/node/supervisor.ts";

const LIVELY = `
const kv = await Deno.openKv(Deno.args[0]);
const beat = async () => await kv.set(["alive", Deno.args[1]],
  { at: Date.now(), pid: Deno.pid, doing: "test", problem: null });
await beat();
setInterval(beat, 100);
`;
const OBEDIENT = LIVELY + `Deno.addSignalListener("SIGTERM", () => Deno.exit(0));`;
const STUBBORN = `Deno.addSignalListener("SIGTERM", () => {});` + LIVELY;
const CRASHING = `throw new Error("no such thing");`;
const BLOCKED = LIVELY + `setTimeout(() => { while (true); }, 300);`;

interface Scene {
  store: StateStore;
  log: LogRecorder;
  entries: LogEntry[];
  stop: AbortController;
  done: Promise<void>;
}

/** Runs programs as roles, hands the scene to `play`, then stops everything. */
async function withRoles(
  programs: Record<string, string>,
  play: (scene: Scene) => Promise<void>,
  timeouts: Partial<RoleDeps> = {},
): Promise<Scene> {
  const dir = await Deno.makeTempDir();
  const specs: RoleSpec[] = [];
  for (const [name, code] of Object.entries(programs)) {
    const path = `${dir}/${name}.ts`;
    await Deno.writeTextFile(path, code);
    const args = ["run", "-A", "--quiet", "--unstable-kv", path, `${dir}/state.kv`, name];
    const { stopGroup } = SUPERVISED[name as SupervisedName];
    const input = `{"hello":"${name}"}`;
    specs.push({ name, stopGroup, command: Deno.execPath(), args, env: {}, input });
  }
  try {
    using store = await StateStore.open(dir);
    const log = new LogRecorder();
    const entries: LogEntry[] = [];
    const stop = new AbortController();
    const supervisor = new Supervisor({
      log,
      clock: systemClock,
      store,
      roleTimeoutMs: 5000,
      stopTimeoutMs: 500,
      forward: (entry) => entries.push(entry),
      random: () => 0.5,
      ...timeouts,
    });
    await supervisor.start(specs);
    const stopped = Promise.withResolvers<void>();
    stop.signal.addEventListener("abort", () => stopped.resolve(supervisor.stop()));
    const done = stopped.promise;
    const scene = { store, log, entries, stop, done };
    try {
      await play(scene);
    } finally {
      stop.abort();
      await done;
    }
    return scene;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const running = (store: StateStore, name: string) =>
  eventually(`${name} runs`, async () => {
    const role = await store.readRole(name);
    return role?.state === "running" && role;
  });

Deno.test("a role gets its configuration on standard input, and its output is logged", async () => {
  const echo = LIVELY +
    `const { value } = await Deno.stdin.readable.getReader().read();
     console.log(JSON.stringify({ time: "t", level: "INFO", role: "manager", pid: Deno.pid,
       message: "got", fields: { input: new TextDecoder().decode(value) } }));
     console.log("plain words");`;
  await withRoles({ manager: echo }, async ({ entries }) => {
    const entry = await eventually("the record", () => entries.find((e) => e.message === "got"));
    assertEquals(entry.fields.input, '{"hello":"manager"}\n');
    const plain = await eventually("text", () => entries.find((e) => e.message === "plain words"));
    assertEquals(plain.role, "manager");
  });
});

Deno.test("when and who has said it is the supervisor's word, whatever a role writes", async () => {
  const lying = LIVELY +
    `console.log(JSON.stringify({ time: "1970-01-01T00:00:00.000Z", level: "FATAL", role: "supervisor",
       pid: 1, message: "I am another", fields: { "a=1 level": "x", node: "n", pid: 1 } }));`;
  await withRoles({ manager: lying }, async ({ entries, store }) => {
    const entry = await eventually(
      "the record",
      () => entries.find((e) => e.message === "I am another"),
    );
    const { pid } = await running(store, "manager");
    assertEquals([entry.role, entry.pid, entry.level], ["manager", pid, "INFO"]);
    assert(Math.abs(Date.parse(entry.time) - Date.now()) < 600_000, entry.time);
    assertEquals(entry.fields, { node: "n", pid: 1, fieldsLeftOut: 1 });
    assertEquals(new Set(entries.map(({ role }) => role)), new Set(["manager"]));
  });
});

Deno.test("a role that crashes is restarted, and the reason is kept", async () => {
  await withRoles({ "resource-syncer": CRASHING }, async ({ store, log }) => {
    const role = await eventually("two restarts", async () => {
      const state = await store.readRole("resource-syncer");
      return state && state.restarts >= 2 && state;
    });
    assertMatch(role.lastEnd!, /exit code 1.*no such thing/);
    // An end is published before it is logged.
    const delays = await eventually("two ends in the log", () => {
      const ends = log.at("warn").filter(({ message }) => message.startsWith("role ended"));
      return ends.length >= 2 && ends.map(({ fields }) => fields.delayMs);
    });
    assertEquals(delays[0], 0);
    assert(Number(delays[1]) > 0, "the second restart does not wait");
    assertMatch((await store.readEvents("supervisor"))[0]!.message, /resource-syncer ended/);
    assertEquals(role.failures, role.restarts);
  });
});

Deno.test("one role in a crash loop is told of, and the others go on", async () => {
  const programs = { "resource-syncer": CRASHING, manager: OBEDIENT };
  await withRoles(programs, async ({ store, log }) => {
    const manager = await running(store, "manager");
    await eventually("a crash loop", async () => {
      const { roles } = await readStatus(store, { name: "n", version: "1" }, systemClock);
      const [reason] = crashLoops(roles);
      return reason && /^resource-syncer ends again and again \(.*no such thing/.test(reason);
    });
    const status = await readStatus(store, { name: "n", version: "1" }, systemClock);
    assertMatch(
      formatStatus(status),
      /resource-syncer .*\n +! ended and waits.*no such thing.*\n +! ended \d times in a row, next start in \d+ s/,
    );
    assertEquals((await store.readRole("manager"))!.pid, manager.pid);
    const [said, ...more] = log.at("error"); // somebody must act
    assertMatch(said!.message, /ends again and again/);
    assertEquals([said!.fields.name, more], ["resource-syncer", []]);
  });
});

Deno.test("a killed role is back, and a killed manager leaves no mastership record", async () => {
  await withRoles({ manager: OBEDIENT }, async ({ store }) => {
    const before = await running(store, "manager");
    const heartbeat = Date.now();
    await store.writeMastership({
      heartbeat,
      validUntil: heartbeat + 60_000,
      uptime: 1,
      term: "5",
      id: "node-1:1",
      since: heartbeat,
    });
    Deno.kill(before.pid!, "SIGKILL");
    await eventually("it is back", async () => {
      const role = await store.readRole("manager");
      return role?.state === "running" && role.pid !== before.pid;
    });
    assertEquals(await store.readMastership(), null);
  });
});

Deno.test("a role whose event loop is blocked is killed and restarted", async () => {
  await withRoles({ diagnostics: BLOCKED }, async ({ store, log }) => {
    const role = await eventually("a restart", async () => {
      const state = await store.readRole("diagnostics");
      return state && state.restarts >= 1 && state;
    });
    assertMatch(role.lastEnd!, /no heartbeat/);
    assert(log.at("warn").some((r) => r.message.includes("no progress")));
  }, { roleTimeoutMs: 1500 });
});

Deno.test("a stopped process (SIGSTOP) is killed and restarted", async () => {
  await withRoles({ diagnostics: OBEDIENT }, async ({ store }) => {
    const before = await running(store, "diagnostics");
    Deno.kill(before.pid!, "SIGSTOP");
    await eventually("a restart", async () => {
      const role = await store.readRole("diagnostics");
      return role?.restarts === 1 && role.state === "running";
    });
  }, { roleTimeoutMs: 1500 });
});

Deno.test("roles stop in order, the manager last, and one that ignores SIGTERM is killed", async () => {
  const ended: string[] = [];
  const programs = { manager: OBEDIENT, "resource-syncer": STUBBORN, diagnostics: OBEDIENT };
  let tookMs = Infinity;
  const { log } = await withRoles(programs, async ({ store, stop, done }) => {
    for (const name of Object.keys(programs)) await running(store, name);
    const write = store.writeRole;
    const writeRole: typeof write = (name, state) => {
      if (state.state === "stopped") ended.push(name);
      return write(name, state);
    };
    Object.assign(store, { writeRole });
    const stoppedAt = performance.now();
    stop.abort();
    await done;
    tookMs = performance.now() - stoppedAt;
    for (const name of Object.keys(programs)) {
      assertEquals((await store.readRole(name))!.state, "stopped");
    }
  });
  assertEquals(ended, ["resource-syncer", "diagnostics", "manager"]);
  assertWithin(tookMs, 3000, "the stop");
  assert(log.at("warn").some((r) => r.message.includes("is killed")));
});

Deno.test("a restart that was asked for is orderly, at once and no crash", async () => {
  await withRoles({ manager: OBEDIENT }, async ({ store, log }) => {
    const before = await running(store, "manager");
    await requestRestart(store, systemClock, "manager", "a test");
    const after = await eventually("it is back", async () => {
      const role = await store.readRole("manager");
      return role?.state === "running" && role.pid !== before.pid && role;
    });
    assertEquals([after.restarts, after.lastEnd], [0, "restart asked for by a test"]);
    const events = await store.readEvents("requests");
    assertEquals(events.map(({ level, message }) => [level, message]), [
      ["info", "a restart of manager was asked for by a test"],
    ]);
    assertEquals(log.at("warn"), []);
    const { fields } = log.at("info").find((entry) => /was asked for/.test(entry.message))!;
    assertEquals(fields, { name: "manager", by: "a test" });
  });
});

Deno.test("a restart that is asked for while a role waits starts it now", async () => {
  await withRoles({ manager: CRASHING }, async ({ store }) => {
    const waiting = await eventually("a long wait", async () => {
      const role = await store.readRole("manager");
      return role?.state === "backoff" && role.nextStartAt! - Date.now() > 2000 && role;
    });
    await requestRestart(store, systemClock, "manager", "a test");
    const again = await eventually("it was started again", async () => {
      const role = await store.readRole("manager");
      return role!.startedAt! > waiting.startedAt! && role!;
    });
    assert(again.startedAt! < waiting.nextStartAt!, "it has waited to the end");
  });
});

Deno.test("a restart of an unknown role, of a stopped one and without a supervisor is refused", async () => {
  const dir = await Deno.makeTempDir();
  using store = await StateStore.open(dir);
  const clock = new FakeClock(Date.now());
  const ask = (role: string) => requestRestart(store, clock, role, "a test");
  await assertRejects(() => ask("nobody"), UnknownRoleError);
  const state = {
    pid: 1,
    startedAt: 1,
    restarts: 0,
    failures: 0,
    lastEnd: null,
    nextStartAt: null,
  };
  await store.writeRole("manager", { ...state, state: "stopped" });
  await assertRejects(() => ask("manager"), RestartRefusedError);
  await store.writeRole("manager", { ...state, state: "running" });
  // The record says "void" already, of the request before: only the refusal itself tells that time is up.
  let refused = false;
  const refusal = assertRejects(() => ask("manager"), /no supervisor answered/)
    .finally(() => refused = true);
  await eventually("time is up", async () => {
    await clock.advance(1000);
    return refused;
  });
  await refusal;
  assertEquals((await store.readRestart("manager"))?.outcome, "void");
  assertEquals(await takeRestart(store, clock, "manager"), null, "what is void is not acted on");
  await store.writeRestart("manager", {
    id: "old",
    at: clock.now() - 60_000,
    by: "x",
    outcome: null,
  });
  assertEquals(await takeRestart(store, clock, "manager"), null, "what is old is not acted on");
  await Deno.remove(dir, { recursive: true });
});
