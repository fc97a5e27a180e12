import { Memory } from "../../lib/sync/memory.ts";
import { expand } from "../../lib/sync/expand.ts";
import { reconcile } from "../../lib/sync/reconcile.ts";
import { diffLines, DryRunSink } from "../../lib/sync/dry_run.ts";
import { formatReport, ProgressBar, reportOf } from "../../lib/resync_report.ts";
import type { ResyncAnswer, ResyncRequest } from "../../lib/state_records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type Scene, withCloud } from "./scene.ts";

const request = (change: Partial<ResyncRequest>): ResyncRequest => ({
  id: "r",
  at: 0,
  by: "a test",
  networks: [],
  subnets: [],
  ports: [],
  groups: [],
  includeGroups: false,
  dryRun: false,
  allowDeletions: false,
  ...change,
});

async function narrow(scene: Scene, change: Partial<ResyncRequest>, memory = new Memory(null)) {
  const pass = scene.pass();
  await reconcile(pass, memory, await expand(pass, memory, request(change)));
  return pass.result();
}

const subjects = async (scene: Scene) => (await scene.differences()).map(({ subject }) => subject);

Deno.test("a network includes its subnets and ports, gone ones too, and nothing else", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    await scene.resync();
    const [gone, ...ports] = cloud.vmPorts();
    const network = String(gone!.network_id);
    for (const port of ports) cloud.change("ports", port.id, { mac_address: "fa:16:3e:00:00:09" });
    for (const subnet of cloud.list("subnets")) {
      cloud.change("subnets", subnet.id, { dns_nameservers: ["9.9.9.9"] });
    }
    cloud.remove("ports", gone!.id);
    await narrow(scene, { networks: [network] });
    const left = await subjects(scene);
    assert(left.length > 0);
    for (const { type, id } of left) {
      const item = cloud.get(type === "port" ? "ports" : "subnets", id)!;
      assert(item.network_id !== network, `${type} ${id}`);
    }
  }));

Deno.test("a subnet includes its ports; groups of ports on request", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    await scene.resync();
    for (const port of cloud.vmPorts()) {
      cloud.change("ports", port.id, { mac_address: "fa:16:3e:00:00:09" });
    }
    for (const group of cloud.list("security_groups")) {
      cloud.change("security_groups", group.id, { security_group_rules: [] });
    }
    const port = cloud.vmPorts().find((p) => (p.security_groups as string[]).length > 0)!;
    const subnet = (port.fixed_ips as { subnet_id: string }[])[0]!.subnet_id;
    await narrow(scene, { subnets: [subnet], includeGroups: true });
    const left = await subjects(scene);
    assert(!left.some(({ id }) => id === port.id));
    for (const { type, id } of left) {
      if (type !== "port") continue;
      const ips = cloud.get("ports", id)!.fixed_ips as { subnet_id: string }[];
      assert(ips.every((ip) => ip.subnet_id !== subnet));
    }
    const groups = left.filter(({ type }) => type === "group").map(({ id }) => id);
    for (const id of port.security_groups as string[]) assert(!groups.includes(id));
  }));

Deno.test("a dry run shows what would change and writes nothing", () =>
  withCloud(async (scene) => {
    const { cloud, etcd } = scene;
    await scene.resync();
    const [changed, gone] = cloud.vmPorts();
    cloud.change("ports", changed!.id, { mac_address: "fa:16:3e:00:00:09" });
    cloud.remove("ports", gone!.id);
    const before = (await etcd.get("/x").exec()).header.revision;
    const sink = new DryRunSink();
    const { kinds } = await scene.resync({ sink });
    assertEquals((await etcd.get("/x").exec()).header.revision, before);
    assertEquals([kinds.WorkloadEndpoint.updated, kinds.WorkloadEndpoint.deleted], [1, 1]);
    const text = sink.text();
    assertMatch(text, /update .*\n {2}- .*"mac": "fa.*\n {2}\+ .*"mac": "fa:16:3e:00:00:09"/);
    assertMatch(text, /delete .*\n {2}- /);
    assert(!text.includes("creationTimestamp") || text.includes("delete"), "only what differs");
  }));

Deno.test("a diff has the lines that go and those that come", () => {
  assertEquals(diffLines(["a", "b", "c"], ["a", "x", "c", "d"]), ["- b", "+ x", "+ d"]);
  assertEquals(diffLines([], ["a"]), ["+ a"]);
  assertEquals(diffLines(["a"], []), ["- a"]);
});

Deno.test("the report names every kind, in words and in JSON", () =>
  withCloud(async (scene) => {
    const { kinds, warnings, guards, leftOut } = await scene.resync();
    const answer: ResyncAnswer = {
      id: "r",
      at: 0,
      state: "done",
      doing: "",
      kinds,
      warnings,
      guards,
      leftOut,
      error: null,
      differences: null,
    };
    const report = reportOf(answer) as { kinds: Record<string, Record<string, number>> };
    assertEquals(Object.keys(report.kinds.WorkloadEndpoint!), [
      "etcd_read_ms",
      "neutron_read_ms",
      "compare_ms",
      "write_ms",
      "etcd_items",
      "neutron_items",
      "correct",
      "created",
      "updated",
      "deleted",
      "conflicts",
    ]);
    assertMatch(formatReport(answer, false), /WorkloadEndpoint +0 +30 +0 +0 +0/);
    assertMatch(formatReport({ ...answer, state: "failed", error: "why" }, false), /failed: why/);
    let drawn = "";
    const bar = new ProgressBar(true, (text) => drawn += text);
    bar.show("resync: reading Neutron");
    bar.end();
    assertMatch(drawn, /\[#+\.+\] resync: reading Neutron/);
    new ProgressBar(false, () => assert(false, "drawn without a terminal")).show("x");
  }));
