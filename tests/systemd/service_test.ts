// deno-lint-ignore-file no-console -- figures of docs/service.md
/** One machine, one node: what the unit promises (docs/service.md). @module */
import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";
import { freezable, oomGroup } from "./harm.ts";
import { Leaders } from "./leaders.ts";
import { type Machine, UNIT } from "./machine.ts";
import { Site, writeConfig } from "./site.ts";

/** Which roles are others than before. */
const others = (before: Map<string, number>, after: Map<string, number>) =>
  [...after].filter(([name, pid]) => before.get(name) !== pid).map(([name]) => name);

/** What the unit has logged, and systemd of it, since that place in the journal. */
async function loggedSince(machine: Machine, place: string): Promise<string> {
  await machine.do("journalctl", "--sync");
  const of = ["-u", "init.scope", "-u", UNIT];
  return await machine.do("journalctl", "-o", "cat", `--after-cursor=${place}`, ...of);
}

/** The place in the journal where it ends now. */
async function endOfJournal(machine: Machine): Promise<string> {
  await machine.do("journalctl", "--sync");
  const text = await machine.do("journalctl", "-n", "1", "-o", "cat", "--show-cursor");
  return /^-- cursor: (.+)$/m.exec(text)![1]!;
}

/**
 * Fails unless the stopped node has given the key up by itself. etcd is asked, since a watch tells of it at some
 * later time; that the lease has not simply ended meanwhile, the node's log says.
 */
async function assertReleased(leaders: Leaders, log: string): Promise<void> {
  const holder = await leaders.ask();
  assertEquals(holder, null, `${holder} still holds the key; the unit has logged:\n${log}`);
  assertMatch(log, /term ended.*stopped in order/);
  assert(!/left to its lease|its lease will end/.test(log), log);
}

/** Waits until a role has another process; all that are others then. */
async function replaced(machine: Machine, role: string, before: Map<string, number>) {
  return await eventually(
    `another ${role}`,
    async () => {
      const now = await machine.roles();
      return now.get(role) !== before.get(role) && others(before, now);
    },
    40_000,
    200,
  );
}

Deno.test("a package under systemd, from its installation to its purge", async (t) => {
  await using site = await Site.start();
  await using machine = await site.machine("one");
  await using leaders = await Leaders.watch(site.etcd.url);

  await t.step("is installed, and not started", async () => {
    assertEquals(await machine.property("ActiveState"), "inactive");
    assertEquals(leaders.history.length, 0);
  });

  await t.step(
    "starts: ready is when every role lives, and the status says who leads",
    async () => {
      const from = performance.now();
      await machine.do("systemctl", "start", UNIT).catch(async (cause) => {
        throw new Error(await machine.log(), { cause });
      });
      console.log(`systemctl start: ${Math.round(performance.now() - from)} ms`);
      await machine.ready();
      await eventually("it leads", async () => (await machine.status())?.isMaster, 20_000, 100);
      await eventually("etcd says so", () => leaders.holder === "one");
      await eventually(
        "systemctl status says so",
        async () => {
          const { text } = await machine.run("systemctl", "status", "--no-pager", UNIT);
          return /Active: active \(running\)/.test(text) && /Status: ".*(lead|master)/i.test(text);
        },
        20_000,
        200,
      ).catch(async (cause) => {
        const { text } = await machine.run("systemctl", "status", "--no-pager", UNIT);
        throw new Error(text, { cause });
      });
    },
  );

  await t.step("a reload restarts only the roles that a changed option concerns", async () => {
    const [before, supervisor] = [await machine.roles(), await machine.mainPid()];
    await machine.do("systemctl", "reload", UNIT);
    assertEquals(others(before, await machine.roles()), [], "nothing has changed");
    await writeConfig(machine, 30);
    await machine.do("systemctl", "reload", UNIT);
    // It returns when the configuration is in force.
    assertEquals(others(before, await machine.roles()), ["manager"]);
    assertEquals(await machine.mainPid(), supervisor);
    assertEquals(await machine.property("ActiveState"), "active");
  });

  await t.step("a reload that is refused fails, and leaves the service as it is", async () => {
    const [before, supervisor] = [await machine.roles(), await machine.mainPid()];
    await Deno.writeTextFile(machine.path("/etc/calico-conductor/neutron.conf"), "no INI file\n");
    const place = await endOfJournal(machine);
    assertEquals((await machine.run("systemctl", "reload", UNIT)).code, 1);
    // What the node logs, and what the command says, which systemd had run.
    const log = await loggedSince(machine, place);
    assertMatch(log, /"the new configuration is refused, the one before stays in force","fields"/);
    assertMatch(log, /^calico-conductor: the new configuration is refused, .*neutron\.conf/m);
    assertEquals(await machine.property("ActiveState"), "active");
    assertEquals(others(before, await machine.roles()), []);
    await writeConfig(machine, 30);
    await machine.do("systemctl", "reload", UNIT);
    assertEquals(others(before, await machine.roles()), []);
    assertEquals(await machine.mainPid(), supervisor);
  });

  await t.step("a role that stands still is replaced, and no other", async () => {
    const [before, supervisor] = [await machine.roles(), await machine.mainPid()];
    await machine.do(...freezable(before.get("agent-status-watcher")!));
    const changed = await replaced(machine, "agent-status-watcher", before);
    assertEquals(changed, ["agent-status-watcher"]);
    assertEquals(await machine.mainPid(), supervisor);
  });

  const group = await oomGroup();
  await t.step({
    name: "a role that the kernel kills for its memory is replaced, and no other",
    ignore: group === null,
    fn: async () => {
      const [before, supervisor] = [await machine.roles(), await machine.mainPid()];
      await using limited = group!;
      await limited.add(machine, before.get("diagnostics")!);
      await limited.exhaust(machine.pageUrl);
      assertEquals(await replaced(machine, "diagnostics", before), ["diagnostics"]);
      assert(await limited.kills() > 0, "the kernel says that it has killed");
      assertEquals(await machine.mainPid(), supervisor);
      assertEquals(await machine.property("NRestarts"), "0");
    },
  });

  await t.step(
    "a supervisor that stands still is killed by the watchdog, and its roles with it",
    async () => {
      await machine.ready();
      const [before, supervisor] = [await machine.roles(), await machine.mainPid()];
      await machine.do(...freezable(supervisor));
      await eventually(
        "another supervisor",
        async () => {
          const pid = await machine.mainPid();
          return pid !== 0 && pid !== supervisor;
        },
        60_000,
        200,
      );
      assertEquals(await machine.property("NRestarts"), "1");
      await machine.ready();
      assertEquals(others(before, await machine.roles()).length, before.size);
      for (const pid of before.values()) {
        assertEquals(
          (await machine.run("test", "-e", `/proc/${pid}`)).code,
          1,
          "an old role lives",
        );
      }
      await eventually("it leads again", () => leaders.holder === "one", 30_000);
      await eventually("systemd was told that it is ready", async () => {
        return await machine.property("ActiveState") === "active";
      }, 30_000);
    },
  );

  await t.step(
    "stops in order: the key is released, and nothing is left to be killed",
    async () => {
      const [place, from] = [await endOfJournal(machine), performance.now()];
      await machine.do("systemctl", "stop", UNIT);
      const tookMs = performance.now() - from;
      const sinceStop = await loggedSince(machine, place);
      await assertReleased(leaders, sinceStop);
      assert(!/SIGKILL|did not stop in time/.test(sinceStop), sinceStop);
      const ended = [await machine.property("Result"), await machine.property("ExecMainStatus")];
      assertEquals(ended, ["success", "0"], `${ended}; it has logged:\n${sinceStop}`);
      assertWithin(tookMs, 10_000, `the stop; it has logged:\n${sinceStop}\nit`);
    },
  );

  await t.step("settings that cannot be used are not tried again", async () => {
    await Deno.writeTextFile(machine.path("/etc/calico-conductor/neutron.conf"), "no INI file\n");
    assertEquals((await machine.run("systemctl", "start", UNIT)).code, 1);
    assertEquals(await machine.property("ExecMainStatus"), "2");
    // Not "auto-restart": systemd waits for nothing any more.
    assertEquals(await machine.property("SubState"), "failed");
    await machine.do("systemctl", "reset-failed", UNIT);
  });

  await t.step("a purge ends the service and leaves nothing", async () => {
    await writeConfig(machine, 30);
    await machine.do("systemctl", "start", UNIT);
    await eventually("it leads", () => leaders.holder === "one", 30_000);
    await machine.do("rm", "-r", `/etc/systemd/system/${UNIT}.d`); // the test's own
    const place = await endOfJournal(machine);
    await machine.do("dpkg", "--purge", "calico-conductor");
    assertEquals((await machine.run("systemctl", "is-active", UNIT)).text.trim(), "inactive");
    await assertReleased(leaders, await loggedSince(machine, place));
    assertMatch((await machine.run("systemctl", "cat", UNIT)).text, /No files found/);
    const left = await machine.do(
      ...["find", "/etc", "/usr", "/var", "/run", "-xdev", "-name", "*calico?conductor*"],
      ...["-not", "-path", "/var/log/*", "-not", "-path", "/var/lib/dpkg/*"],
    );
    assertEquals(left, "");
  });
});
