import { FenceLostError } from "../../../lib/etcd/client.ts";
import { endpointHosts, isVmPort } from "../../../lib/calico/workload_endpoint.ts";
import { portSchema } from "../../../lib/openstack/records.ts";
import { emptyScope } from "../../../lib/sync/index/backlog.ts";
import { reconcile } from "../../../lib/sync/sources/named.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ELECTION, type Scene, WEP, withCloud } from "../scene.ts";

const revisionOf = async ({ etcd }: Scene) => (await etcd.get("/none").exec()).header.revision;

/** Another writer that has seen a newer Neutron: changes a port there and its endpoint in etcd. */
async function writeNews({ cloud, random, etcd }: Scene): Promise<void> {
  const item = random.pick(cloud.vmPorts());
  const mac_address = `fa:16:3e:${item.id.slice(0, 2)}:00:${random.hex(2)}`;
  cloud.change("ports", item.id, { mac_address });
  const port = portSchema.parse(item);
  const key = (await etcd.getAll().prefix(WEP).keys())
    .find((k) => k.endsWith(item.id.replaceAll("-", "--")));
  if (!key || !isVmPort(port) || endpointHosts(port).length === 0) return;
  const text = await etcd.get(key).string();
  if (!text?.includes('"spec":{"orchestrator"')) return; // it is damaged
  const value = JSON.parse(text);
  value.spec.mac = mac_address;
  await etcd.put(key).value(JSON.stringify(value)).exec();
}

/** Somebody who breaks things in etcd: changes, deletes and creates what is the syncer's. */
async function doDamage({ etcd, random }: Scene): Promise<void> {
  const keys = await etcd.getAll().prefix("/calico/").keys();
  if (keys.length === 0) return;
  const key = random.pick(keys);
  switch (random.below(3)) {
    case 0:
      await etcd.put(key).value('{"kind":"Nonsense"}').exec();
      break;
    case 1:
      await etcd.delete().key(key);
      break;
    case 2:
      await etcd.put(`${WEP}host--1-openstack-dev-${random.hex(8)}`).value("{").exec();
  }
}

Deno.test("news that another writer lands between any two steps are never overwritten", () =>
  withCloud(async (scene) => {
    await scene.resync();
    for (let round = 0; round < 5; round++) {
      for (const port of scene.cloud.vmPorts()) {
        scene.cloud.change("ports", port.id, { name: `round ${round}` });
      }
      scene.meddle(() => writeNews(scene));
      const { kinds } = await scene.resync();
      scene.meddle(null);
      assertEquals(
        await scene.differences(),
        [],
        `round ${round}, ${kinds.WorkloadEndpoint.conflicts} conflicts`,
      );
    }
  }));

Deno.test("whatever is broken between the steps, the next resync makes it equal", () =>
  withCloud(async (scene) => {
    for (let round = 0; round < 8; round++) {
      scene.meddle(async () => {
        await doDamage(scene);
        await writeNews(scene);
      });
      await scene.resync();
      scene.meddle(null);
      await scene.resync();
      assertEquals(await scene.differences(), []);
    }
  }));

Deno.test("a swap that fails is tried again alone, from fresh data", () =>
  withCloud(async (scene) => {
    await scene.resync();
    const [port] = scene.cloud.vmPorts();
    scene.cloud.change("ports", port!.id, { mac_address: "fa:16:3e:00:00:01" });
    let meddled = 0;
    scene.meddle(async (url) => {
      if (!url.pathname.endsWith("/ports") || meddled++ > 0) return;
      const key = (await scene.etcd.getAll().prefix(WEP).keys())
        .find((k) => k.endsWith(port!.id.replaceAll("-", "--")))!;
      await scene.etcd.put(key).value("{").exec();
    });
    scene.requests.length = 0;
    const { kinds, warnings } = await scene.resync();
    assertEquals([kinds.WorkloadEndpoint.conflicts, kinds.WorkloadEndpoint.updated], [1, 1]);
    assertEquals(warnings, []);
    const alone = scene.requests.filter((u) => u.pathname.endsWith("/ports")).at(-1)!;
    assertEquals(alone.searchParams.getAll("id"), [port!.id]);
    assertEquals(await scene.differences(), []);
  }));

Deno.test("what changes all the time is left to the next resync, with a warning", () =>
  withCloud(async (scene) => {
    await scene.resync();
    const [port] = scene.cloud.vmPorts();
    const key = (await scene.etcd.getAll().prefix(WEP).keys())
      .find((k) => k.endsWith(port!.id.replaceAll("-", "--")))!;
    scene.cloud.change("ports", port!.id, { mac_address: "fa:16:3e:00:00:01" });
    scene.meddle(async (url) => {
      if (url.pathname.endsWith("/ports")) await scene.etcd.put(key).value("{").exec();
    });
    const { kinds, warnings } = await scene.resync();
    assertEquals(kinds.WorkloadEndpoint.conflicts, 6, "once, and 5 times alone");
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes(key));
  }));

Deno.test("a master that is deposed in the middle writes nothing more", () =>
  withCloud(async (scene) => {
    let after = "";
    scene.meddle(async (url) => {
      if (after || !url.pathname.endsWith("/ports") || !url.searchParams.has("marker")) return;
      await scene.etcd.delete().key(ELECTION);
      await scene.etcd.put(ELECTION).value("node-2:1").exec();
      after = await revisionOf(scene);
    });
    assert(await scene.resync().catch((error) => error) instanceof FenceLostError);
    assertEquals(await revisionOf(scene), after);
  }));

Deno.test("a narrow resync touches its objects alone, and needs no full one before", () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const [one, other] = scene.cloud.vmPorts();
    scene.cloud.change("ports", one!.id, { mac_address: "fa:16:3e:00:00:01" });
    scene.cloud.change("ports", other!.id, { mac_address: "fa:16:3e:00:00:02" });
    scene.requests.length = 0;
    const run = scene.run(index);
    await reconcile(run, { ...emptyScope(), ports: new Set([one!.id]) });
    const { etcdItems, neutronItems, updated } = run.kinds.WorkloadEndpoint;
    assertEquals([etcdItems, neutronItems, updated], [1, 1, 1]);
    assert(scene.requests.every(({ searchParams }) =>
      searchParams.getAll("id").length > 0 ||
      searchParams.has("port_id")
    ));
    const left = await scene.differences();
    assertEquals(left.map(({ subject }) => subject.id), [other!.id]);
    assertEquals(JSON.parse(left[0]!.value!).spec.mac, "fa:16:3e:00:00:02");
    scene.cloud.remove("ports", other!.id);
    await reconcile(scene.run(index), { ...emptyScope(), ports: new Set([other!.id]) });
    assertEquals(await scene.differences(), []);
  }));
