import { OpenstackError } from "../../../lib/openstack/http.ts";
import { newWork } from "../../../lib/sync/index/backlog.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { addHints, Hints } from "../../../lib/sync/sources/notification.ts";
import { applyChanges, type Changed, noChanges } from "../../../lib/sync/sources/changes.ts";
import { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { type Scene, WEP, withCloud } from "../scene.ts";

const endpoints = async ({ etcd }: Scene): Promise<number> =>
  (await etcd.getAll().prefix(WEP).keys()).length;

/** Looks at these objects as if Neutron had spoken of them; `announced`: as deleted. */
async function look(
  scene: Scene,
  index: Awaited<ReturnType<Scene["resync"]>>["index"],
  changed: Partial<Changed>,
  announced: readonly string[],
) {
  const { deps, term } = scene;
  const options = { announced: new Set(announced) };
  const run = new SyncRun(deps, term, index, options);
  await applyChanges(run, { ...noChanges(), ...changed });
  return run.result();
}

Deno.test("a deletion that Neutron has announced needs no witness, one that it has not does", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const all = scene.cloud.list("ports").map(({ id }) => id);
    for (const id of all) scene.cloud.remove("ports", id);
    // Nothing is left that could vouch for the answers.
    const { guards } = await look(scene, index, { ports: new Set(all) }, []);
    assertEquals(guards.map(({ collection, why }) => [collection, why]), [[
      "ports",
      "unconfirmed",
    ]]);
    assertEquals(await endpoints(scene), 6);
    const said = await look(scene, index, { ports: new Set(all) }, all);
    assertEquals([said.guards, await endpoints(scene)], [[], 0]);
  }, { ports: 6, hosts: 2 }));

Deno.test("an announced deletion of what Neutron still shows deletes nothing", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const [port] = scene.cloud.vmPorts();
    const { guards } = await look(scene, index, { ports: new Set([port!.id]) }, [port!.id]);
    assertEquals([guards, await endpoints(scene)], [[], 6]);
  }, { ports: 6, hosts: 2 }));

Deno.test("a floating IP goes from its endpoint when its deletion was announced, though it was the last", () =>
  withCloud(async (scene) => {
    for (const { id } of scene.cloud.list("floatingips")) scene.cloud.remove("floatingips", id);
    const fixedOf = (port: Record<string, unknown>) => port.fixed_ips as { ip_address: string }[];
    const port = scene.cloud.vmPorts().find((port) => fixedOf(port).length > 0);
    const fixed = fixedOf(port!)[0]!.ip_address;
    scene.cloud.add("floatingips", {
      id: "0b9d1a06-6a2c-4c53-b6a0-5a8d0c3f1a11",
      floating_ip_address: "203.0.113.77",
      fixed_ip_address: fixed,
      port_id: port!.id,
      floating_network_id: scene.cloud.list("networks")[0]!.id,
      project_id: "p",
      status: "ACTIVE",
    });
    const { index } = await scene.resync();
    const shown = async () =>
      Object.values(await scene.etcd.getAll().prefix(WEP).strings())
        .filter((value) => value.includes("203.0.113.77")).length;
    assertEquals(await shown(), 1);
    const [fip] = scene.cloud.list("floatingips");
    scene.cloud.remove("floatingips", fip!.id);
    const changed = { floatingips: new Set([fip!.id]) };
    const { guards } = await look(scene, index, changed, []);
    assert(guards.some(({ collection }) => collection === "floatingips"), "nobody vouches for it");
    assertEquals(await shown(), 1);
    const said = await look(scene, index, changed, [fip!.id]);
    assertEquals([said.guards, await shown()], [[], 0]);
  }, { ports: 6, hosts: 2 }));

Deno.test("what is in the backlog stays there when Neutron does not tell whether a floating IP is gone", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const [fip] = scene.cloud.list("floatingips");
    scene.cloud.remove("floatingips", fip!.id);
    const [port] = scene.cloud.vmPorts();
    index.addToBacklog(newWork({ ports: new Set([port!.id]) }));
    let asked = 0;
    scene.meddle(({ pathname }) => pathname.endsWith("/floatingips") && ++asked === 2);
    const changed = { ...noChanges(), floatingips: new Set([fip!.id]) };
    await assertRejects(() => applyChanges(scene.run(index), changed), OpenstackError);
    assertEquals([...index.takeBacklog().ports], [port!.id]);
  }));

Deno.test("notifications tell what is deleted, and odd types nothing", () => {
  const hints = new Hints();
  const say = (type: string, payload: Record<string, unknown>) =>
    addHints(hints, { type, payload }, () => true);
  assert(say("port.delete.end", { port_id: "p-1" }));
  assert(say("subnet.update.end", { subnet: { id: "s-1" } }));
  assert(say("floatingip.delete.end", { floatingip_id: "f-1" }));
  assertEquals([...hints.deleted], ["p-1", "f-1"]);
  for (const odd of ["constructor", "__proto__", "toString", "hasOwnProperty", ""]) {
    assert(!say(`${odd}.delete.end`, { [odd]: { id: "x" }, [`${odd}_id`]: "x" }), odd);
  }
});
