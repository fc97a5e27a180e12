import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { fill, makeRoom, SMALL_QUOTA } from "../../support/fill_etcd.ts";
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
