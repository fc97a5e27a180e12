import type { Etcd3 } from "etcd3";
import { resourcePrefixes } from "../../../lib/calico/keys.ts";
import { fullResync } from "../../../lib/sync/sources/full.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { withCloud } from "../scene.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org/";
const KINDS = ["workloadendpoints", "networkpolicies", "livemigrations"];
const below = async (etcd: Etcd3, namespace: string) =>
  (await Promise.all(
    KINDS.map((kind) => etcd.getAll().prefix(`${RESOURCES}${kind}/${namespace}/`).strings()),
  )).map((found) => Object.entries(found)).flat();

Deno.test("what an earlier release wrote for the region is removed when today's is there", () =>
  withCloud(async ({ etcd, cloud, deps, term, meddle }) => {
    const north = { ...deps, region: "north" };
    const bound = cloud.vmPorts().filter((port) => port["binding:host_id"] !== "");
    const [migrating, moved, gone, kept] = bound;
    const target = cloud.hosts.find((host) => host !== migrating!["binding:host_id"]);
    cloud.change("ports", migrating!.id, { "binding:profile": { migrating_to: target } });
    const first = await fullResync(north, term);
    assertEquals(first.warnings, []);
    const written = await below(etcd, "openstack-region-north");
    assertEquals(written.length > 30, true);
    for (const [key, value] of written) {
      assert(value.includes('"namespace":"openstack-region-north"'), value);
      const old = key.replace("/openstack-region-north/", "/openstack-north/");
      await etcd.put(old).value(value.replaceAll("openstack-region-north", "openstack-north"));
    }
    // Of others, and of what has gone meanwhile.
    const foreign = `${RESOURCES}networkpolicies/openstack-north/mine`;
    await etcd.put(foreign).value("{}");
    cloud.remove("ports", gone!.id);
    cloud.change("ports", moved!.id, { "binding:host_id": "", "binding:vif_type": "unbound" });
    // One that the list lacks, and that is shown by its id.
    const item = cloud.get("ports", kept!.id)!;
    const { WorkloadEndpoint } = resourcePrefixes("north");
    const keyOf = (id: string) =>
      written.map(([key]) => key).find((key) =>
        key.startsWith(WorkloadEndpoint) && key.endsWith(id.replaceAll("-", "--"))
      )!;
    await etcd.delete().key(keyOf(kept!.id));
    meddle((url) => {
      if (!url.pathname.endsWith("/ports")) return;
      if (url.searchParams.has("id")) cloud.add("ports", item);
      else cloud.remove("ports", kept!.id);
    });
    const second = await fullResync(north, term);
    const left = (await below(etcd, "openstack-north")).map(([key]) => key);
    const keptKey = keyOf(kept!.id).replace("/openstack-region-north/", "/openstack-north/");
    assertEquals(left.sort(), [foreign, keptKey].sort());
    assertEquals(second.guards.map(({ collection, why }) => [collection, why]), [
      ["ports", "unconfirmed"],
    ]);
    meddle(null);
    await fullResync(north, term);
    assertEquals((await below(etcd, "openstack-north")).map(([key]) => key), [foreign]);
  }));

Deno.test("a short Neutron removes nothing of the earlier namespace", () =>
  withCloud(async ({ etcd, cloud, deps, term }) => {
    const north = { ...deps, region: "north" };
    await fullResync(north, term);
    for (const [key, value] of await below(etcd, "openstack-region-north")) {
      await etcd.put(key.replace("/openstack-region-north/", "/openstack-north/")).value(value);
      await etcd.delete().key(key);
    }
    const before = await below(etcd, "openstack-north");
    for (const { id } of cloud.list("ports")) cloud.remove("ports", id);
    for (const { id } of cloud.list("security_groups")) cloud.remove("security_groups", id);
    const { guards } = await fullResync(north, term);
    assertEquals(await below(etcd, "openstack-north"), before);
    assertEquals(guards.map(({ why }) => why), ["empty", "empty"]);
  }));
