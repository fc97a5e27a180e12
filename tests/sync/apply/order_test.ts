import type { Etcd3 } from "etcd3";
import { emptyScope } from "../../../lib/sync/index/backlog.ts";
import { reconcile } from "../../../lib/sync/sources/named.ts";
import { assertEquals, eventually } from "../../support/assert.ts";
import { watchKeys } from "../../support/etcd_events.ts";
import { type Scene, withCloud } from "../scene.ts";

/** The client of the watch keeps timers beyond its end. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const KINDS: [RegExp, string][] = [
  [/^\/calico\/dhcp\/v2\//, "subnet"],
  [/\/networkpolicies\//, "policy"],
  [/\/livemigrations\//, "migration"],
  [/\/workloadendpoints\//, "endpoint"],
];
const ORDER = KINDS.map(([, kind]) => kind);

/** The kinds of what `act` writes and deletes, in the order of etcd's revisions, each run of one kind once. */
async function seen(etcd: Etcd3, act: () => Promise<unknown>) {
  const events: { kind: string; type: string }[] = [];
  let last = false;
  await using _watch = await watchKeys(etcd, "/", ({ key, type }) => {
    const kind = KINDS.find(([pattern]) => pattern.test(key))?.[1];
    if (kind) events.push({ kind, type });
    last ||= key === "/end";
  });
  await act();
  await etcd.put("/end").value("");
  await eventually("all events", () => last);
  const of = (type: string) =>
    events.filter((event) => event.type === type).map(({ kind }) => kind)
      .filter((kind, i, all) => kind !== all[i - 1]);
  return { written: of("Put"), deleted: of("Delete") };
}

function migrate({ cloud }: Scene): void {
  const [port] = cloud.vmPorts().filter((port) => port["binding:host_id"] !== "");
  const target = cloud.hosts.find((host) => host !== port!["binding:host_id"]);
  cloud.change("ports", port!.id, { "binding:profile": { migrating_to: target } });
}

function empty({ cloud }: Scene): void {
  for (const collection of ["ports", "floatingips", "subnets", "security_groups"] as const) {
    for (const { id } of cloud.list(collection)) cloud.remove(collection, id);
  }
}

Deno.test(
  "a full resync writes subnets, policies, migrations, endpoints, and deletes in reverse",
  GRPC,
  () =>
    withCloud(async (scene) => {
      migrate(scene);
      const there = await seen(scene.etcd, () => scene.resync());
      assertEquals(there, { written: ORDER, deleted: [] });
      empty(scene);
      const gone = await seen(scene.etcd, () => scene.resync({ allowDeletions: true }));
      assertEquals(gone, { written: [], deleted: ORDER.toReversed() });
    }, { ports: 6, hosts: 2 }),
);

Deno.test("so does a run over some objects", GRPC, () =>
  withCloud(async (scene) => {
    const { index } = await scene.resync();
    const ids = (collection: "ports" | "subnets" | "security_groups") =>
      new Set(scene.cloud.list(collection).map(({ id }) => id));
    const scope = {
      ports: ids("ports"),
      groups: ids("security_groups"),
      subnets: ids("subnets"),
    };
    migrate(scene);
    await scene.etcd.delete().prefix("/calico/");
    const there = await seen(scene.etcd, () => reconcile(scene.run(index), scope));
    assertEquals(there.written, ORDER);
    empty(scene);
    const all = { announced: new Set([...scope.ports, ...scope.groups, ...scope.subnets]) };
    const run = scene.run(index, all);
    const gone = await seen(
      scene.etcd,
      () => reconcile(run, { ...emptyScope(), ...scope }),
    );
    assertEquals(gone.deleted, ORDER.toReversed());
  }, { ports: 6, hosts: 2 }));

Deno.test(
  "a subnet and a group that their lists lack are written before the ports that name them",
  GRPC,
  () =>
    withCloud(async (scene) => {
      const { cloud } = scene;
      const [port] = cloud.vmPorts().filter(({ fixed_ips }) => (fixed_ips as unknown[]).length > 0);
      const [ip] = port!.fixed_ips as { subnet_id: string }[];
      const subnet = cloud.get("subnets", ip!.subnet_id)!;
      const group = cloud.get("security_groups", (port!.security_groups as string[])[0]!)!;
      for (const { id } of cloud.vmPorts()) if (id !== port!.id) cloud.remove("ports", id);
      for (const { id } of cloud.list("subnets")) {
        cloud.change("subnets", id, { enable_dhcp: true });
      }
      scene.meddle((url) => {
        const named = url.searchParams.has("id");
        for (const [path, item] of [["subnets", subnet], ["security_groups", group]] as const) {
          if (!url.pathname.endsWith(`/${path.replace("_", "-")}`)) continue;
          if (named) cloud.add(path, item);
          else cloud.remove(path, item.id);
        }
      });
      const { written } = await seen(scene.etcd, () => scene.resync());
      assertEquals(written.at(-1), "endpoint");
      assertEquals(written.filter((kind) => kind === "endpoint").length, 1);
    }, { ports: 6, hosts: 2 }),
);
