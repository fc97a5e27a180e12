import type { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { Random } from "../../lab/random.ts";
import { neutronApi } from "../../lab/neutron_api.ts";
import { seedCloud } from "../../lab/seed.ts";
import type { Cloud } from "../../lab/model.ts";
import { systemClock } from "../../lib/clock.ts";
import { FenceLostError, openEtcd } from "../../lib/etcd/client.ts";
import { batches, MAX_PER_GROUP, writeFenced } from "../../lib/etcd/fenced_write.ts";
import { readSnapshot } from "../../lib/etcd/snapshot.ts";
import type { Term } from "../../lib/master_context.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { endpointHosts, isVmPort } from "../../lib/calico/workload_endpoint.ts";
import { portSchema } from "../../lib/openstack/records.ts";
import { fullResync } from "../../lib/sync/resync.ts";

const WEP = "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack/";
const POLICY = "/calico/resources/v3/projectcalico.org/networkpolicies/openstack/";
const ELECTION = "/election";

interface Scene {
  etcd: Etcd3;
  cloud: Cloud;
  term: Term;
  /** Makes Neutron refuse requests that match. */
  fail(when: ((url: URL) => boolean) | null): void;
  resync(): ReturnType<typeof fullResync>;
}

async function withCloud(play: (scene: Scene) => Promise<void>): Promise<void> {
  await using server = await startEtcd();
  const random = new Random(7);
  const cloud = seedCloud(random, { ports: 30, hosts: 3 });
  const api = neutronApi(cloud, random);
  let failing: ((url: URL) => boolean) | null = null;
  await using neutron = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (req) => {
      const url = new URL(req.url);
      if (failing?.(url)) return new Response("<html>oops</html>", { status: 400 });
      url.pathname = url.pathname.replace("/v2.0", "");
      return api.fetch(new Request(url, req));
    },
  );
  const config = testConfig({ etcd: { ...testConfig().etcd, endpoints: [server.url] } });
  const openstack = {
    ...config.openstack,
    neutronUrl: `http://127.0.0.1:${neutron.addr.port}`,
    authUrl: null,
    pageSize: 7,
  };
  const etcd = openEtcd(config.etcd);
  try {
    const created = await etcd.put(ELECTION).value("node-1:1").exec();
    const term = {
      term: created.header.revision,
      electionKey: ELECTION,
      signal: new AbortController().signal,
    };
    const keystone = new KeystoneAuth(openstack, systemClock);
    const deps = {
      etcd,
      keystone,
      neutron: new NeutronClient(openstack, keystone),
      clock: systemClock,
      region: null,
      progress: () => {},
    };
    await play({
      etcd,
      cloud,
      term,
      fail: (when) => failing = when,
      resync: () => fullResync(deps, term),
    });
  } finally {
    etcd.close();
  }
}

const revisionOf = async (etcd: Etcd3) => (await etcd.get("/none").exec()).header.revision;

Deno.test("a resync writes every bound VM port, and a second one writes nothing", async () => {
  await withCloud(async ({ etcd, cloud, resync }) => {
    const first = await resync();
    const expected = cloud.list("ports").map((p) => portSchema.parse(p)).filter(isVmPort)
      .flatMap((port) => endpointHosts(port)).length;
    assertEquals(expected, 30);
    assertEquals(first.kinds.WorkloadEndpoint.created, expected);
    assertEquals((await readSnapshot(etcd, WEP, { pageSize: 4 })).items.length, expected);
    const felix = await etcd.get(
      "/calico/resources/v3/projectcalico.org/felixconfigurations/default",
    )
      .json() as { spec: Record<string, unknown> };
    assertEquals(felix.spec, { endpointReportingEnabled: true, interfacePrefix: "tap" });
    const before = await revisionOf(etcd);
    const second = await resync();
    assertEquals(second.kinds.WorkloadEndpoint.correct, expected);
    assertEquals(await revisionOf(etcd), before, "the second resync wrote something");
  });
});

Deno.test("changes, deletions, corrupt values and foreign objects end as they should", async () => {
  await withCloud(async ({ etcd, cloud, resync }) => {
    await resync();
    const [gone, moved, corrupt] = cloud.vmPorts();
    const keyOf = async (id: string) =>
      (await etcd.getAll().prefix(WEP).keys()).find((k) => k.endsWith(id.replaceAll("-", "--")));
    const movedKey = (await keyOf(moved!.id))!;
    const before = await etcd.get(movedKey).json() as { metadata: Record<string, unknown> };
    cloud.remove("ports", gone!.id);
    cloud.change("ports", moved!.id, { security_groups: [] });
    const corruptKey = (await keyOf(corrupt!.id))!;
    await etcd.put(corruptKey).value("{nonsense").exec();
    await etcd.put(`${POLICY}mine`).value("{}").exec();
    await etcd.put("/calico/dhcp/v1/subnet/old").value("{}").exec();
    const result = await resync();
    assertEquals(result.kinds.WorkloadEndpoint.deleted, 1);
    assertEquals(result.kinds.WorkloadEndpoint.updated, 2);
    assertEquals(await keyOf(gone!.id), undefined);
    const after = await etcd.get(movedKey).json() as { metadata: Record<string, unknown> };
    assertEquals(after.metadata.uid, before.metadata.uid);
    assertEquals(after.metadata.creationTimestamp, before.metadata.creationTimestamp);
    assert(await etcd.get(corruptKey).json());
    assertEquals(await etcd.get(`${POLICY}mine`).string(), "{}");
    assertEquals(await etcd.get("/calico/dhcp/v1/subnet/old").string(), null);
  });
});

Deno.test("a page that fails in the middle fails the resync and deletes nothing", async () => {
  await withCloud(async ({ etcd, fail, resync }) => {
    await resync();
    const before = await revisionOf(etcd);
    fail((url) => url.pathname.endsWith("/ports") && url.searchParams.has("marker"));
    const error = await resync().then(() => null, (e) => e);
    assertMatch(String(error), /ports answered 400/);
    assertEquals(await revisionOf(etcd), before);
  });
});

Deno.test("an empty Neutron beside a full etcd is refused", async () => {
  await withCloud(async ({ etcd, cloud, resync }) => {
    await resync();
    for (const port of cloud.list("ports")) cloud.remove("ports", port.id);
    assertMatch(String(await resync().catch((e) => e)), /no ports while etcd holds 30 endpoints/);
    assertEquals((await etcd.getAll().prefix(WEP).keys()).length, 30);
  });
});

Deno.test("a deposed master's writes are refused, all of them", async () => {
  await withCloud(async ({ etcd, term, resync }) => {
    await etcd.delete().key(ELECTION);
    await etcd.put(ELECTION).value("node-2:1").exec();
    const before = await revisionOf(etcd);
    assert(await resync().catch((e) => e) instanceof FenceLostError);
    const write = { key: "/x", value: "1", modRevision: "0", group: "" };
    assert(await writeFenced(etcd, term, [write]).catch((e) => e) instanceof FenceLostError);
    assertEquals(await revisionOf(etcd), before);
  });
});

Deno.test("a key that changed since it was read is not overwritten, the rest of its batch lands", async () => {
  await withCloud(async ({ etcd, term }) => {
    await etcd.put("/a").value("news").exec();
    const operations = [
      { key: "/a", value: "old", modRevision: "0", group: "" },
      { key: "/b", value: "new", modRevision: "0", group: "" },
    ];
    assertEquals(await writeFenced(etcd, term, operations), [operations[0]!]);
    assertEquals(await etcd.get("/a").string(), "news");
    assertEquals(await etcd.get("/b").string(), "new");
  });
});

Deno.test("batches hold few of one host, nothing twice, everything once", () => {
  const operations = Array.from({ length: 500 }, (_, i) => ({
    key: `/k${i}`,
    value: "",
    modRevision: "0",
    group: i < 300 ? `host-${i % 3}` : "",
  }));
  const all = batches(operations);
  for (const batch of all) {
    assert(batch.length <= 127);
    for (const host of ["host-0", "host-1", "host-2"]) {
      assert(batch.filter((op) => op.group === host).length <= MAX_PER_GROUP);
    }
  }
  assertEquals(all.flat().map((op) => op.key).sort(), operations.map((op) => op.key).sort());
});
