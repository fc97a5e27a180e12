// deno-lint-ignore-file no-console -- figures of docs/service.md
/** Two machines with a node each, of which one is upgraded and downgraded while it leads. @module */
import { assert, assertEquals, assertWithin, eventually } from "../support/assert.ts";
import { Leaders } from "./leaders.ts";
import { type Machine, UNIT } from "./machine.ts";
import { PACKAGES, Site } from "./site.ts";

/** A node that stops in order gives the key up, and the other takes it at once (docs/election.md), ms. */
const HAND_OVER_MS = 1000;

const installed = (machine: Machine) =>
  machine.do("dpkg-query", "-W", "-f", "${Version}", "calico-conductor");

/** Makes the machine's node lead: the other's stops in order and comes back. */
async function lead(machine: Machine, other: Machine, leaders: Leaders): Promise<void> {
  if (leaders.holder === machine.name) return;
  await other.do("systemctl", "restart", UNIT);
  await other.ready();
  await eventually(`${machine.name} leads`, () => leaders.holder === machine.name, 20_000);
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

  for (const [what, file] of [["upgrade", PACKAGES[1]], ["downgrade", PACKAGES[0]]] as const) {
    await t.step(`${what}: the service runs on, and is another after its restart`, async () => {
      await lead(one, two, leaders);
      const from = performance.now();
      const [before, supervisor] = [await installed(one), await one.mainPid()];
      await one.install(file);
      assert(await installed(one) !== before);
      assertEquals(await one.property("ActiveState"), "active");
      const roles = await one.roles();
      // A role that ends between the installation and the restart: its successor is of the new file.
      await one.do("sh", "-c", `kill -KILL ${roles.get("diagnostics")}`);
      await eventually(
        "another diagnostics",
        async () => {
          return (await one.roles()).get("diagnostics") !== roles.get("diagnostics");
        },
        30_000,
        200,
      );
      await one.do("systemctl", "restart", UNIT);
      await one.ready();
      assert(await one.mainPid() !== supervisor);
      await eventually("the standby leads", () => leaders.holder === "two", 20_000);
      assertEquals((await one.status())?.isMaster, false);
      const gap = leaders.longestGap(from);
      console.log(`${what}: nobody led for ${Math.round(gap)} ms`);
      assertWithin(gap, HAND_OVER_MS, "the time without a leader");
    });
  }
});
