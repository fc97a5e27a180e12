import { REVISION_FIELDS, revisionSchema } from "../../../lib/openstack/records.ts";
import { cutsByIndex, cutsByKeys } from "../../../lib/sync/sources/cuts.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { readSnapshot } from "../../../lib/etcd/snapshot.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { WEP, withCloud } from "../scene.ts";

/** grpc-js keeps timers of its own. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
/** Pages of a fifth of them: more than enough to cut. */
const SIZE = { ports: 150, hosts: 8 };

/** How many of these ids are before the one after which the first page came that is not the list's first. */
function placeOfFirstMarker(requests: readonly URL[], ids: readonly string[]): number {
  const markers = requests.filter(({ pathname }) => pathname.endsWith("/ports"))
    .map(({ searchParams }) => searchParams.get("marker"));
  const first = markers.find((marker) => marker !== null)!;
  return ids.filter((id) => id < first).length;
}

Deno.test(
  "an empty etcd: ports are cut at what Neutron shows of a few hosts, and all come",
  GRPC,
  () =>
    withCloud(async ({ cloud, etcd, resync, requests, differences }) => {
      const { index } = await resync();
      const hosts = requests.filter(({ searchParams }) => searchParams.has("binding:host_id"));
      assert(hosts.length > 0 && hosts.length <= 4, `${hosts.length} hosts`);
      const ids = cloud.list("ports").map(({ id }) => id).sort();
      assert(placeOfFirstMarker(requests, ids) > SIZE.ports / 5, "it is no page's end");
      const bound = cloud.list("ports").filter((port) => port["binding:vif_type"] === "tap");
      const { items } = await readSnapshot(etcd, WEP, { pageSize: 1000 });
      assert(items.length >= bound.length * 0.9, `${items.length} endpoints`);
      assertEquals(await differences(), []);
      index.close();
    }, SIZE),
);

Deno.test(
  "ports and groups are cut at etcd's keys, revisions at the index: nothing is new and nothing gone",
  GRPC,
  () =>
    withCloud(async ({ cloud, resync, run, requests, deps, term }) => {
      const { index } = await resync();
      requests.length = 0;
      const again = run(index);
      const [byKeys, byIndex] = [
        cutsByKeys(again, index, "WorkloadEndpoint")!,
        cutsByIndex(again, "ports"),
      ];
      assertEquals(requests.length, 0, "all of it is known");
      const ids = new Set(cloud.list("ports").map(({ id }) => id));
      for (const cuts of [byKeys, byIndex]) {
        assert(cuts.length >= 2, `${cuts.length} cuts`);
        assert(cuts.every((id) => ids.has(id)), "ids of ports");
        assertEquals(cuts, cuts.toSorted());
      }
      assertEquals(await incrementalResync(run(index)), 0, "nothing has changed");
      const list = (cuts?: string[]) =>
        deps.neutron.list("ports", revisionSchema, term.signal, { fields: REVISION_FIELDS, cuts });
      const [cut, one] = [await list(byIndex), await list()];
      const idsOf = (all: typeof cut) => all.items.map(({ id }) => id);
      assertEquals(idsOf(cut).toSorted(), idsOf(one));
      index.close();
    }, SIZE),
);

Deno.test(
  "a small list is not cut, and costs no request more",
  GRPC,
  () =>
    withCloud(async ({ resync, run, requests, deps }) => {
      const { index } = await resync();
      requests.length = 0;
      const small = { ...deps.neutron.config, pageSize: 1000 };
      Object.assign(deps.neutron, { config: small });
      assertEquals(cutsByIndex(run(index), "ports"), []);
      assertEquals(cutsByKeys(run(index), index, "NetworkPolicy") ?? [], []);
      assertEquals(requests.length, 0);
      index.close();
    }, { ports: 30, hosts: 3 }),
);
