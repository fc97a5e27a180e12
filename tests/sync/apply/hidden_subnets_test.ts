import { resourcePrefixes } from "../../../lib/calico/keys.ts";
import type { SyncRun } from "../../../lib/sync/apply/sync_run.ts";
import { applyChanges, noChanges } from "../../../lib/sync/sources/changes.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { type Scene, withCloud } from "../scene.ts";

/** A subnet that no port names, beside those that ports do. */
function addUnused({ cloud }: Scene): { id: string; network: string } {
  const [other] = cloud.list("subnets");
  const id = "0b9d1a06-6a2c-4c53-b6a0-5a8d0c3f1a21";
  cloud.add("subnets", { ...other, id, cidr: "10.250.0.0/24", gateway_ip: "10.250.0.1" });
  return { id, network: String(other!.network_id) };
}

const isStored = async ({ etcd }: Scene, id: string): Promise<boolean> =>
  (await etcd.getAll().prefix(resourcePrefixes(null).Subnet).keys()).some((key) =>
    key.endsWith(id)
  );

/** Its network names it, and it is shown to nobody. */
function hide({ cloud }: Scene, { id, network }: { id: string; network: string }): void {
  const real = cloud.subnetsOf.bind(cloud);
  cloud.remove("subnets", id);
  cloud.subnetsOf = (of) => of === network ? [...real(of), id] : real(of);
}

const heldOf = ({ guards }: Pick<SyncRun, "guards">) =>
  guards.map(({ collection, why, names }) => `${collection} ${why} ${names.join()}`);

Deno.test("a hidden subnet stays, though no port names it: its network does", () =>
  withCloud(async (scene) => {
    const subnet = addUnused(scene);
    const first = await scene.resync();
    assert(await isStored(scene, subnet.id));
    hide(scene, subnet);
    const held = [`subnets hidden ${subnet.id}`];
    for (const previous of [undefined, first.index]) {
      const result = await scene.resync({ previous });
      assertEquals([heldOf(result), await isStored(scene, subnet.id)], [held, true]);
    }
    const looks: ((run: SyncRun) => Promise<unknown>)[] = [
      incrementalResync,
      (run) => applyChanges(run, { ...noChanges(), subnets: new Set([subnet.id]) }),
    ];
    for (const look of looks) {
      const run = scene.run(first.index);
      await look(run);
      assertEquals([heldOf(run), await isStored(scene, subnet.id)], [held, true]);
    }
  }));

Deno.test("a subnet that is gone, and one whose network went with it, are deleted", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    const subnet = addUnused(scene);
    const network = "0b9d1a06-6a2c-4c53-b6a0-5a8d0c3f1a22";
    const other = "0b9d1a06-6a2c-4c53-b6a0-5a8d0c3f1a23";
    cloud.add("networks", { ...cloud.list("networks")[0], id: network });
    cloud.add("subnets", { ...cloud.get("subnets", subnet.id), id: other, network_id: network });
    await scene.resync();
    cloud.remove("subnets", subnet.id);
    cloud.remove("subnets", other);
    cloud.remove("networks", network);
    assertEquals(heldOf(await scene.resync()), []);
    assertEquals([await isStored(scene, subnet.id), await isStored(scene, other)], [false, false]);
  }));

Deno.test("a subnet that is deleted while the lists are read is not held to be hidden", () =>
  withCloud(async (scene) => {
    const subnet = addUnused(scene);
    await scene.resync();
    const { cloud } = scene;
    const real = cloud.subnetsOf.bind(cloud);
    cloud.remove("subnets", subnet.id);
    // The list of networks was read before that.
    cloud.subnetsOf = (of) => of === subnet.network ? [...real(of), subnet.id] : real(of);
    scene.meddle(({ pathname, searchParams }) => {
      if (pathname.endsWith("/subnets") && searchParams.has("id")) cloud.subnetsOf = real;
    });
    assertEquals(heldOf(await scene.resync()), []);
    assert(!await isStored(scene, subnet.id));
  }));
