import { compareObjects } from "../../lib/trace/compare_objects.ts";
import { assertEquals } from "../support/assert.ts";
import { withCloud } from "../sync/scene.ts";

Deno.test("what a search for names has not found is read from etcd all the same", () =>
  withCloud(async ({ resync, deps, term, cloud, etcd }) => {
    const { index } = await resync();
    const port = cloud.list("ports").find(({ id }) => [...index.keysOf(id)].length > 0)!;
    const [key] = [...index.keysOf(port.id)] as [string];
    index.close();
    const scope = {
      ports: new Set([port.id]),
      groups: new Set<string>(),
      subnets: new Set<string>(),
    };
    const observer = { ...term, term: "0", observer: true };
    const compare = async () => {
      const { objects } = await compareObjects(deps, observer, { scope, keys: [] });
      return objects.map((object) => [object.key, object.action, object.stored === null]);
    };
    assertEquals(await compare(), [[key, null, false]]);
    await etcd.delete().key(key);
    assertEquals(await compare(), [[key, "create", true]]);
    assertEquals([...scope.ports], [port.id]);
    assertEquals(await etcd.get(key).string(), null);
  }));
