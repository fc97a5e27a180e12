import { addHints, Hints } from "../../../lib/sync/sources/notification.ts";
import { applyChanges } from "../../../lib/sync/sources/changes.ts";
import { incrementalResync } from "../../../lib/sync/sources/incremental.ts";
import { emptyScope } from "../../../lib/sync/index/backlog.ts";
import { reconcile } from "../../../lib/sync/sources/named.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { POLICY, type Scene, withCloud } from "../scene.ts";

const ID = "8d1a2a60-93c5-4d1c-8f6e-0f6f6f9f7a22";
const NETS = ["10.0.0.0/8", "192.0.2.7/32"];
const TCP = { action: "Allow", ipVersion: 4, protocol: 6, destination: { ports: [443] } };
const WITH_NETS = { ...TCP, source: { nets: NETS } };

/** A cloud whose first group has one rule, which names an address group. */
function withGroup(play: (scene: Scene, group: string) => Promise<void>): Promise<void> {
  return withCloud(async (scene) => {
    const { cloud } = scene;
    const group = cloud.list("security_groups")[0]!.id;
    cloud.add("address_groups", { id: ID, name: "partners", addresses: [...NETS, "fd00::/8"] });
    cloud.change("security_groups", group, { security_group_rules: [RULE] });
    await play(scene, group);
  }, { ports: 4, hosts: 2 });
}
const RULE = {
  id: "rule-1",
  direction: "ingress",
  ethertype: "IPv4",
  protocol: "tcp",
  port_range_min: 443,
  port_range_max: 443,
  remote_ip_prefix: null,
  remote_group_id: null,
  remote_address_group_id: ID,
};

async function rulesOf({ etcd }: Scene, group: string): Promise<unknown[]> {
  const policy = await etcd.get(`${POLICY}ossg.default.${group}`).json() as {
    spec: { ingress: unknown[] };
  };
  return policy.spec.ingress;
}

const left = (result: Awaited<ReturnType<Scene["resync"]>>) =>
  result.leftOut.map(({ why, collection, total }) => [why, collection, total]);

Deno.test("a rule's address group is its networks, and their change is found by comparing", () =>
  withGroup(async (scene, group) => {
    const { cloud } = scene;
    const { index } = await scene.resync();
    assertEquals(await rulesOf(scene, group), [WITH_NETS]);
    cloud.change("address_groups", ID, { addresses: ["10.1.0.0/16"] });
    await incrementalResync(scene.run(index));
    assertEquals(await rulesOf(scene, group), [{ ...TCP, source: { nets: ["10.1.0.0/16"] } }]);
    // Taking an address out raises no revision.
    cloud.get("address_groups", ID)!.addresses = [];
    await incrementalResync(scene.run(index));
    assertEquals(await rulesOf(scene, group), []);
    cloud.get("address_groups", ID)!.addresses = NETS;
    const second = await scene.resync({ previous: index, beside: index });
    assertEquals(await rulesOf(scene, group), [WITH_NETS]);
    assertEquals([left(second), second.guards], [[], []]);
  }));

Deno.test("an announced address group is in force in the policies that name it", () =>
  withGroup(async (scene, group) => {
    const { index } = await scene.resync();
    scene.cloud.change("address_groups", ID, { addresses: ["10.2.0.0/16"] });
    const hints = new Hints();
    const payload = { address_group: { id: ID } };
    assert(addHints(hints, { type: "address_group.update.end", payload }, () => false));
    await applyChanges(scene.run(index), hints.changed);
    assertEquals(await rulesOf(scene, group), [{ ...TCP, source: { nets: ["10.2.0.0/16"] } }]);
  }));

Deno.test("a new rule's address group that nobody has told of is read on the way", () =>
  withGroup(async (scene, group) => {
    const { cloud } = scene;
    const { index } = await scene.resync();
    const other = "9e1a2a60-93c5-4d1c-8f6e-0f6f6f9f7a33";
    cloud.add("address_groups", { id: other, name: "new", addresses: ["10.3.0.0/16"] });
    const rules = [{ ...RULE, remote_address_group_id: other }];
    cloud.change("security_groups", group, { security_group_rules: rules });
    const scope = { ...emptyScope(), groups: new Set([group]) };
    await reconcile(scene.run(index), scope, { fresh: false });
    assertEquals(await rulesOf(scene, group), [{ ...TCP, source: { nets: ["10.3.0.0/16"] } }]);
  }));

Deno.test("until an address group is known its rule is left out, and never allows everybody", () =>
  withGroup(async (scene, group) => {
    const { cloud, etcd } = scene;
    await scene.resync();
    const key = `${POLICY}ossg.default.${group}`;
    const policy = await etcd.get(key).json() as { spec: object };
    // As the Python driver writes it.
    await etcd.put(key).value(
      JSON.stringify({ ...policy, spec: { ...policy.spec, ingress: [TCP] } }),
    );
    cloud.remove("address_groups", ID);
    const result = await scene.resync();
    assertEquals(await rulesOf(scene, group), []);
    assertEquals(left(result), [["not-expressible", "security-group-rules", 1]]);
  }));

Deno.test("what hides address groups changes no policy, whoever looks", () =>
  withGroup(async (scene, group) => {
    const { cloud } = scene;
    const { index } = await scene.resync();
    const other = { ...RULE, id: "rule-2", remote_address_group_id: null, protocol: "udp" };
    cloud.change("security_groups", group, { security_group_rules: [RULE, other] });
    const expected = [WITH_NETS, { ...TCP, protocol: 17 }];
    cloud.remove("address_groups", ID);
    await incrementalResync(scene.run(index));
    assertEquals(await rulesOf(scene, group), expected);
    for (const options of [{}, { previous: index, beside: index }]) {
      const result = await scene.resync(options);
      assertEquals(await rulesOf(scene, group), expected);
      assertEquals(result.guards.map(({ collection, why }) => [collection, why]), [
        ["address-groups", "hidden"],
      ]);
    }
  }));

Deno.test("an address group that the list lacks is asked for by its id", () =>
  withGroup(async (scene, group) => {
    scene.cloud.add("address_groups", { id: "aaaa", name: "other", addresses: [] });
    const item = scene.cloud.get("address_groups", ID)!;
    scene.meddle((url) => {
      if (!url.pathname.endsWith("/address-groups")) return;
      if (url.searchParams.has("id")) scene.cloud.add("address_groups", item);
      else scene.cloud.remove("address_groups", ID);
    });
    const result = await scene.resync();
    assertEquals(await rulesOf(scene, group), [WITH_NETS]);
    assert(result.warnings.some((text) => text.includes("address-groups lacked 1")));
    assertEquals(result.guards, []);
  }));
