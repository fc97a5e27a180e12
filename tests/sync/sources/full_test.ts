import type { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch, eventually } from "../../support/assert.ts";
import { watchKeys } from "../../support/etcd_events.ts";
import { FenceLostError } from "../../../lib/etcd/client.ts";
import { MAX_PER_GROUP, writeFenced } from "../../../lib/etcd/fenced_write.ts";
import { readSnapshot } from "../../../lib/etcd/snapshot.ts";
import { endpointHosts, isVmPort } from "../../../lib/calico/workload_endpoint.ts";
import { portSchema } from "../../../lib/openstack/records.ts";
import { ELECTION, POLICY, WEP, withCloud } from "../scene.ts";

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
  await withCloud(async ({ etcd, meddle, resync }) => {
    await resync();
    const before = await revisionOf(etcd);
    meddle((url) => url.pathname.endsWith("/ports") && url.searchParams.has("marker"));
    const error = await resync().then(() => null, (e) => e);
    assertMatch(String(error), /ports answered 400/);
    assertEquals(await revisionOf(etcd), before);
  });
});

Deno.test("what was read before Neutron stops answering is written", async () => {
  await withCloud(async ({ etcd, cloud, meddle, resync }) => {
    meddle((url) => url.pathname.endsWith("/ports"));
    const error = await resync().then(() => null, (e) => e);
    assertMatch(String(error), /ports answered 400/);
    const [groups, subnets] = [cloud.list("security_groups"), cloud.list("subnets")];
    assertEquals((await etcd.getAll().prefix(POLICY).keys()).length, groups.length);
    const withDhcp = subnets.filter(({ enable_dhcp }) => enable_dhcp).length;
    assertEquals((await etcd.getAll().prefix("/calico/dhcp/v2/").keys()).length, withDhcp);
    assertEquals((await etcd.getAll().prefix(WEP).keys()).length, 0);
  });
});

Deno.test("an empty Neutron beside a full etcd is not believed", async () => {
  await withCloud(async ({ etcd, cloud, resync }) => {
    await resync();
    for (const port of cloud.list("ports")) cloud.remove("ports", port.id);
    const { guards } = await resync();
    assertEquals(guards.map(({ names, ...guard }) => [guard, names.length]), [
      [{ collection: "ports", why: "empty", held: 30, lost: 30 }, 10],
    ]);
    assertEquals((await etcd.getAll().prefix(WEP).keys()).length, 30);
    const { kinds } = await resync({ allowDeletions: true });
    assertEquals(kinds.WorkloadEndpoint.deleted, 30, "an operator may say that it is true");
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

Deno.test("a transaction holds few of one host, nothing twice, everything once", async () => {
  await withCloud(async ({ etcd, term }) => {
    const operations = Array.from({ length: 500 }, (_, i) => ({
      key: `/k/${i}`,
      value: i < 300 ? `host-${i % 3}` : "",
      modRevision: "0",
      group: i < 300 ? `host-${i % 3}` : "",
    }));
    assertEquals(await writeFenced(etcd, term, operations), []);
    const { kvs } = await etcd.getAll().prefix("/k/").exec();
    assertEquals(kvs.length, 500);
    assert(kvs.every((kv) => kv.version === "1"));
    for (const batch of Map.groupBy(kvs, (kv) => kv.mod_revision).values()) {
      assert(batch.length <= 126);
      for (const host of ["host-0", "host-1", "host-2"]) {
        assert(batch.filter((kv) => kv.value.toString() === host).length <= MAX_PER_GROUP);
      }
    }
  });
});

// grpc-js keeps the deadline timers of a cancelled watch for a while.
const GRPC = { sanitizeOps: false, sanitizeResources: false };

Deno.test("a reader that breaks at 5 events of one host in a revision keeps up", GRPC, async () => {
  await withCloud(async ({ etcd, resync, cloud }) => {
    await resync();
    for (const port of cloud.vmPorts().slice(0, 40)) {
      cloud.change("ports", port.id, { security_groups: [] });
    }
    for (const port of cloud.vmPorts().slice(40, 80)) cloud.remove("ports", port.id);
    for (const subnet of cloud.list("subnets")) {
      cloud.change("subnets", subnet.id, { dns_nameservers: ["9.9.9.9"] });
    }
    const from = BigInt(await revisionOf(etcd)) + 1n;
    await resync();
    const events: { revision: string; reader: string }[] = [];
    await using _watch = await watchKeys(etcd, "/calico/", ({ key, modRevision }) => {
      const reader = key.startsWith(WEP)
        ? key.slice(WEP.length).split("-openstack-")[0]!
        : key.includes("/subnet/")
        ? "subnets"
        : "other";
      events.push({ revision: modRevision, reader });
    }, String(from));
    await eventually("all events", () => events.length >= 80);
    for (const one of Map.groupBy(events, (e) => `${e.revision} ${e.reader}`).values()) {
      assert(one[0]!.reader === "other" || one.length < 5, `${one.length} of ${one[0]!.reader}`);
    }
  }, { ports: 120, hosts: 3 });
});
