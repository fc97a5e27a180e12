// deno-lint-ignore-file no-console -- figures of docs/service.md
/** Two machines with a node each, of which one is upgraded and downgraded while it leads. @module */
import { assert, assertEquals, assertWithin, eventually } from "../support/assert.ts";
import { Leaders } from "./leaders.ts";
import { type Machine, UNIT } from "./machine.ts";
import { PACKAGES, Site } from "./site.ts";

/** A node that stops in order gives the key up, and the other takes it at once (docs/election.md), ms. */
const HAND_OVER_MS = 1000;

/** With it, the package leaves the moment of the restart to the administrator (docs/upgrade.md). */
const NO_RESTART = "/etc/calico-conductor/no-restart-on-upgrade";

const installed = (machine: Machine) =>
  machine.do("dpkg-query", "-W", "-f", "${Version}", "calico-conductor");

/** Makes the machine's node lead: the other's stops in order and comes back. */
async function lead(machine: Machine, other: Machine, leaders: Leaders): Promise<void> {
  if (leaders.holder === machine.name) return;
  await other.do("systemctl", "restart", UNIT);
  await other.ready();
  await eventually(`${machine.name} leads`, () => leaders.holder === machine.name, 20_000);
}

/** Waits until this node's own first resync has ended. */
async function resynced(machine: Machine): Promise<void> {
  await eventually(`${machine.name} has compared everything`, async () => {
    const [newest] = (await machine.status())?.resyncs ?? [];
    return newest?.endedAt && newest.error === null;
  }, 30_000);
}

Deno.test("an upgrade and a downgrade of the node that leads, with a standby beside it", async (t) => {
  await using site = await Site.start();
  await using leaders = await Leaders.watch(site.etcd.url);
  await using one = await site.machine("one");
  await using two = await site.machine("two");
  await one.do("systemctl", "start", UNIT);
  await one.ready();
  await eventually("it leads", () => leaders.holder === "one", 20_000);
  await two.do("systemctl", "start", UNIT);
  await two.ready();

  /** Has another version take the place of the one that leads by `act`; the standby leads then, at once. */
  const handsOver = async (what: string, act: () => Promise<unknown>) => {
    await lead(one, two, leaders);
    const [from, supervisor] = [performance.now(), await one.mainPid()];
    await act();
    await one.ready();
    assert(await one.mainPid() !== supervisor, "the same supervisor runs on");
    await eventually("the standby leads", () => leaders.holder === "two", 20_000);
    const gap = leaders.longestGap(from);
    console.log(`${what}: nobody led for ${Math.round(gap)} ms`);
    assertWithin(gap, HAND_OVER_MS, "the time without a leader");
    assertEquals((await one.answer()).isMaster, false);
    assertEquals(await one.property("ActiveState"), "active");
  };

  await t.step(
    "an upgrade that may not restart: the service runs on, with what is its own",
    async () => {
      const [before, supervisor] = [await installed(one), await one.mainPid()];
      await one.do("touch", NO_RESTART);
      await one.install(PACKAGES[1]);
      assert(await installed(one) !== before);
      assertEquals([await one.mainPid(), leaders.holder], [supervisor, "one"]);
      // A role that ends before the restart: its successor is of the new file.
      const roles = await one.roles();
      await one.do("sh", "-c", `kill -KILL ${roles.get("diagnostics")}`);
      await eventually(
        "another diagnostics",
        async () => (await one.roles()).get("diagnostics") !== roles.get("diagnostics"),
        30_000,
        200,
      );
      await one.do("rm", NO_RESTART);
      await handsOver("restart", () => one.do("systemctl", "restart", UNIT));
    },
  );

  for (const [what, file] of [["downgrade", PACKAGES[0]], ["upgrade", PACKAGES[1]]] as const) {
    await t.step(`${what}: the package restarts the service`, async () => {
      const before = await installed(one);
      await handsOver(what, () => one.install(file));
      assert(await installed(one) !== before);
    });
  }

  await t.step("each leads in turn, and a full resync of either finds nothing to do", async () => {
    for (const [machine, other] of [[one, two], [two, one]] as const) {
      await lead(machine, other, leaders);
      await resynced(machine);
      // Exit code 4 would say that there are differences.
      await machine.do("calico-conductor", "resync", "--dry-run");
    }
  });
});
