import type { Etcd3 } from "etcd3";
import { endpointName } from "../../../lib/calico/keys.ts";
import { formatReport, ProgressBar, reportOf } from "../../../lib/sync/report/report.ts";
import type { ResyncAnswer } from "../../../lib/state/records.ts";
import { compareOnly, type Comparison } from "../../../lib/sync/sources/compare_only.ts";
import { diffLines } from "../../../lib/sync/apply/change_lines.ts";
import { CloudIndex } from "../../../lib/sync/index/cloud_index.ts";
import { narrowResync } from "../../../lib/sync/sources/narrow.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { type Scene, WEP, withCloud } from "../scene.ts";
import { ACTED_ON, HOSTILE_NAMES } from "../../support/hostile_names.ts";

const request = (change: Partial<Comparison>): Comparison => ({
  networks: [],
  subnets: [],
  ports: [],
  groups: [],
  includeGroups: false,
  allowDeletions: false,
  ...change,
});

async function narrow(scene: Scene, change: Partial<Comparison>, index = new CloudIndex(null)) {
  const run = scene.run(index);
  const problem = await narrowResync(run, request(change));
  return { ...run.result(), problem };
}

/** All that etcd holds, keys and values. */
const everything = async (etcd: Etcd3) => await etcd.getAll().prefix("/calico/").strings();

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

Deno.test("what stands in etcd under another host or name is found by the port's id", () =>
  withCloud(async (scene) => {
    const { cloud, etcd } = scene;
    await scene.resync();
    const [moved, gone, other] = cloud.vmPorts();
    const strange = [
      WEP + endpointName("host-9", String(moved!.device_id), moved!.id),
      WEP + endpointName("host-1", "another-server", gone!.id),
      WEP.replace("workloadendpoints", "livemigrations") +
      endpointName("host-7", String(moved!.device_id), moved!.id),
    ];
    const untouched = WEP + endpointName("host-9", "server", other!.id);
    for (const key of [...strange, untouched]) await etcd.put(key).value("{}");
    cloud.remove("ports", gone!.id);
    // An index that knows all keys of before does not know these.
    for (const index of [new CloudIndex(null), (await scene.resync({ sink: undefined })).index]) {
      for (const key of strange) await etcd.put(key).value("{}");
      const { kinds, problem } = await narrow(scene, { ports: [moved!.id, gone!.id] }, index);
      assertEquals(problem, null);
      assert(kinds.WorkloadEndpoint.deleted >= 2, `${kinds.WorkloadEndpoint.deleted}`);
      assertEquals(kinds.LiveMigration.deleted, 1);
      for (const key of strange) assertEquals(await etcd.get(key).string(), null, key);
    }
  }));

Deno.test("a name that neither Neutron nor etcd knows is told; what else was named is done", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    await scene.resync();
    const [port, gone] = cloud.vmPorts();
    const alone = await narrow(scene, { ports: ["no-such-port"], groups: ["no-group"] });
    assertEquals(
      alone.problem,
      "neither Neutron nor etcd knows port no-such-port, security group no-group: nothing matches",
    );
    cloud.change("ports", port!.id, { mac_address: "fa:16:3e:00:00:09" });
    cloud.remove("ports", gone!.id);
    const some = await narrow(scene, {
      ports: [port!.id, gone!.id],
      subnets: ["no-such-subnet"],
      networks: ["no-such-network"],
    });
    assertEquals(
      some.problem,
      "neither Neutron nor etcd knows network no-such-network, subnet no-such-subnet; " +
        "what else was named is done",
    );
    const { updated, deleted } = some.kinds.WorkloadEndpoint;
    assertEquals([updated, deleted], [1, 1], "what etcd alone knows is known");
    const many = Array.from({ length: 30 }, (_, i) => `port-${i}`);
    assertMatch((await narrow(scene, { ports: many })).problem!, /port-9 and 20 more: nothing/);
  }));

Deno.test("what is known and stands for nothing in etcd: nothing matches", () =>
  withCloud(async (scene) => {
    const { cloud } = scene;
    await scene.resync();
    const router = cloud.add("ports", {
      ...cloud.vmPorts()[0]!,
      id: "router-port",
      device_owner: "network:router_interface",
    });
    const { problem, kinds } = await narrow(scene, { ports: [router.id] });
    assertMatch(problem!, /^nothing matches: etcd holds nothing .* ports of VMs/);
    assertEquals(kinds.WorkloadEndpoint.etcdItems, 0);
    assertEquals((await narrow(scene, { ports: [cloud.vmPorts()[0]!.id] })).problem, null);
  }));

Deno.test("a dry run shows what would change and writes nothing, as a master and as an observer", () =>
  withCloud(async (scene) => {
    const { cloud, etcd, deps, term } = scene;
    await scene.resync();
    const [changed, gone] = cloud.vmPorts();
    cloud.change("ports", changed!.id, { mac_address: "fa:16:3e:00:00:09" });
    cloud.remove("ports", gone!.id);
    const before = await everything(etcd);
    const observer = { ...term, term: "0", id: "", observer: true };
    for (const who of [term, observer]) {
      const { result: { kinds }, text, differences } = await compareOnly(request({}), deps, who);
      assertEquals([kinds.WorkloadEndpoint.updated, kinds.WorkloadEndpoint.deleted], [1, 1]);
      assertMatch(text!, /update .*\n {2}\/spec\/mac "fa.*" -> "fa:16:3e:00:00:09"\n/);
      assertMatch(text!, /delete .*\n {2}- /);
      assert(!text!.includes("creationTimestamp") || text!.includes("delete"), "only what differs");
      assertEquals(differences.total, 2);
      const update = differences.objects.find(({ action }) => action === "update")!;
      assertEquals(update.changes.map(({ path, after }) => [path, after]), [
        ["/spec/mac", "fa:16:3e:00:00:09"],
      ]);
      const narrow = await compareOnly(request({ ports: [gone!.id] }), deps, who);
      assertEquals(narrow.differences.objects.map(({ action }) => action), ["delete"]);
      assertEquals(await everything(etcd), before);
    }
  }));

Deno.test("a diff has the lines that go and those that come", () => {
  assertEquals(diffLines(["a", "b", "c"], ["a", "x", "c", "d"]), ["- b", "+ x", "+ d"]);
  assertEquals(diffLines([], ["a"]), ["+ a"]);
  assertEquals(diffLines(["a"], []), ["- a"]);
});

const answered = (change: Partial<ResyncAnswer>): ResyncAnswer => ({
  id: "r",
  at: 0,
  state: "done",
  doing: "",
  dryRun: false,
  kinds: {},
  warnings: [],
  guards: [],
  leftOut: [],
  error: null,
  differences: 0,
  ...change,
});

Deno.test("the report names every kind, in words and in JSON", () =>
  withCloud(async (scene) => {
    const { kinds, warnings, guards, leftOut } = await scene.resync();
    const answer = answered({ kinds, warnings, guards, leftOut });
    const report = reportOf(answer, []);
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
    assertMatch(formatReport(answer), /WorkloadEndpoint +0 +30 +0 +0 +0/);
    const failed = formatReport({ ...answer, state: "failed", error: "why" });
    assertMatch(failed, /WorkloadEndpoint[^]*the resync failed: why/);
    let drawn = "";
    const bar = new ProgressBar(true, (text) => drawn += text);
    bar.show("resync: reading Neutron", "reading Neutron");
    bar.end();
    assertMatch(drawn, /\[#+\.+\] resync: reading Neutron/);
    drawn = "";
    for (const name of HOSTILE_NAMES) {
      bar.show(name, undefined);
      assert(!ACTED_ON.test(drawn) && !drawn.includes("\n") && drawn.length < 80, drawn);
      drawn = "";
    }
    new ProgressBar(false, () => assert(false, "drawn without a terminal")).show("x", undefined);
  }));

Deno.test("what a guard held back and what was left is told with counts, names and what to do", () => {
  const guard = { collection: "ports", held: 200, lost: 120, names: ["p-1", "p-2"] };
  const text = formatReport(answered({
    dryRun: true,
    guards: [{ ...guard, why: "many" }],
    leftOut: [{
      why: "too-large",
      collection: "security-groups",
      total: 3,
      names: ["g-1: 2 MB", "g-2: \x1b[31m3 MB"],
    }],
  }));
  assertMatch(text, /3 security groups are left as they are, too large for etcd: g-1: 2 MB, and/);
  assertMatch(text, /^ {2}g-2: \\u001b\[31m3 MB\n {2}and 1 more$/m);
  assertMatch(text, /^Held back: Neutron shows 80 of 200 ports, fewer .*resync --allow-deletions/m);
  assertMatch(text, /^ {2}p-1, p-2 and 118 more$/m);
  assert(!text.includes("\x1b"), "a name cannot steer the terminal");
});
