import type { Guard } from "../../../lib/state/records.ts";
import { applyChanges, noChanges } from "../../../lib/sync/sources/changes.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type Scene, WEP, withCloud } from "../scene.ts";

const ADDRESS = "203.0.113.77";
const FLOATING = "0b9d1a06-6a2c-4c53-b6a0-5a8d0c3f1a11";
const HOLDER = "0b9d1a06-6a2c-4c53-b6a0-5a8d0c3f1a12";

/** A VM's port with a floating IP, whose own port names it as Neutron's does. */
function addFloatingIp({ cloud }: Scene): void {
  const fixedOf = (port: Record<string, unknown>) => port.fixed_ips as { ip_address: string }[];
  const port = cloud.vmPorts().find((one) => fixedOf(one).length > 0)!;
  cloud.add("floatingips", {
    id: FLOATING,
    floating_ip_address: ADDRESS,
    fixed_ip_address: fixedOf(port)[0]!.ip_address,
    port_id: port.id,
    floating_network_id: port.network_id,
  });
  cloud.add("ports", {
    ...port,
    id: HOLDER,
    device_owner: "network:floatingip",
    device_id: FLOATING,
    project_id: "",
    fixed_ips: [{ ...fixedOf(port)[0]!, ip_address: ADDRESS }],
    security_groups: [],
  });
}

async function showing({ etcd }: Scene): Promise<number> {
  const all = await etcd.getAll().prefix(WEP).strings();
  return Object.values(all).filter((value) => value.includes(ADDRESS)).length;
}

/** What of a collection is held back, and how much. */
function heldOf(guards: readonly Guard[], collection: string): string[] {
  return guards.filter((guard) => guard.collection === collection)
    .map(({ why, names }) => `${why} ${names.join()}`);
}

Deno.test("a floating IP that is hidden, while its port is seen, stays on its endpoint", () =>
  withCloud(async (scene) => {
    addFloatingIp(scene);
    const first = await scene.resync();
    assertEquals([first.guards, await showing(scene)], [[], 1]);
    assert(scene.cloud.list("floatingips").length > 1, "others are seen, and could vouch");
    scene.cloud.remove("floatingips", FLOATING);
    // As a full, a periodic and an incremental run find it.
    for (const previous of [undefined, first.index]) {
      const { guards } = await scene.resync({ previous });
      const held = heldOf(guards, "floatingips");
      assertEquals([held.map((text) => text.split(" ")[0]), await showing(scene)], [["hidden"], 1]);
    }
    const run = scene.run(first.index);
    await applyChanges(run, { ...noChanges(), floatingips: new Set([FLOATING]) });
    assertEquals(heldOf(run.guards, "floatingips"), [`hidden ${FLOATING}`]);
    assertEquals(await showing(scene), 1);
    // Its port goes with it when it is gone indeed.
    scene.cloud.remove("ports", HOLDER);
    const { guards } = await scene.resync();
    assertEquals([guards, await showing(scene)], [[], 0]);
  }));

Deno.test("floating IPs of which none is seen are told of, though no endpoint showed any", () =>
  withCloud(async (scene) => {
    addFloatingIp(scene);
    scene.cloud.remove("floatingips", FLOATING);
    const { guards } = await scene.resync();
    assertEquals(heldOf(guards, "floatingips"), [`hidden ${FLOATING}`]);
  }));

Deno.test("a port that somebody made to look like a floating IP's tells nothing", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    addFloatingIp(scene);
    await scene.resync();
    assertEquals(await showing(scene), 1);
    // Anybody may have a port of that owner, of any address, on a network of their own.
    cloud.change("ports", HOLDER, { project_id: cloud.projects[0]!.id });
    cloud.remove("floatingips", FLOATING);
    const { guards } = await scene.resync();
    assertEquals([guards, await showing(scene)], [[], 0]);
  }));

Deno.test("a port of a floating IP that Neutron never finished keeps nobody's address", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    addFloatingIp(scene);
    await scene.resync();
    cloud.change("ports", HOLDER, { device_id: "PENDING" });
    cloud.remove("floatingips", FLOATING);
    const { guards } = await scene.resync();
    assertEquals([guards, await showing(scene)], [[], 0]);
  }));
