import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { fill, makeRoom, SMALL_QUOTA } from "../../support/fill_etcd.ts";
import { fullResync } from "../../../lib/sync/sources/full.ts";
import { WEP, withCloud } from "../scene.ts";

Deno.test(
  "a full etcd: endpoints of ports that are gone are deleted, nothing else, and the run fails by it",
  { sanitizeOps: false, sanitizeResources: false },
  () =>
    withCloud(
      async (scene) => {
        const { etcd, cloud } = scene;
        const group = {
          ...cloud.list("security_groups")[0]!,
          id: crypto.randomUUID(),
          name: "own",
        };
        cloud.add("security_groups", group);
        await scene.resync();
        const [moved, gone, changed] = cloud.vmPorts().filter((port) => port["binding:host_id"]);
        const keysOf = async (id: string) =>
          (await etcd.getAll().prefix(WEP).keys()).filter((key) =>
            key.endsWith(id.replaceAll("-", "--"))
          );
        const [oldKey] = await keysOf(moved!.id);
        assertEquals((await keysOf(gone!.id)).length, 1);
        await fill(etcd);
        const host = cloud.hosts.find((host) => host !== moved!["binding:host_id"]);
        cloud.change("ports", moved!.id, { "binding:host_id": host });
        cloud.change("ports", changed!.id, { security_groups: [] });
        cloud.remove("ports", gone!.id);
        cloud.remove("security_groups", group.id);
        const error = await scene.resync().then(() => null, (error) => error);
        assertMatch(String(error), /etcd is full .* of a quota of 8 MiB/);
        assertEquals(await keysOf(gone!.id), []);
        assertEquals(await keysOf(moved!.id), [oldKey!], "it stays until the new one is there");
        const left = await scene.differences();
        assert(left.some(({ action, kind }) => action === "delete" && kind === "NetworkPolicy"));
        await makeRoom(etcd);
        await scene.resync();
        assertEquals((await scene.differences()).map(({ key }) => key), []);
      },
      undefined,
      SMALL_QUOTA,
    ),
);

Deno.test(
  "a full etcd: a loss that is too large as a whole is held back, though the ports that are gone are fewer",
  { sanitizeOps: false, sanitizeResources: false },
  () =>
    withCloud(
      async ({ etcd, cloud, deps, term, resync }) => {
        await resync();
        const ports = cloud.vmPorts().filter((port) => port["binding:host_id"]);
        const [changed, ...others] = ports;
        const keys = () => etcd.getAll().prefix(WEP).keys();
        const before = await keys();
        await fill(etcd);
        cloud.change("ports", changed!.id, { security_groups: [] });
        for (const { id } of others.slice(0, 2)) cloud.remove("ports", id);
        for (const { id } of others.slice(2, 4)) {
          cloud.change("ports", id, { "binding:host_id": "" });
        }
        const run = fullResync({ ...deps, maxDeletions: 3 }, term);
        assertMatch(String(await run.catch((error) => error)), /etcd is full/);
        assertEquals((await keys()).toSorted(), before.toSorted());
      },
      undefined,
      SMALL_QUOTA,
    ),
);
