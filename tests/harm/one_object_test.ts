/** One object, in Neutron or in etcd, that nothing can be done with: everything else goes on. @module */
import { Buffer } from "node:buffer";
import { endpointName, resourcePrefixes } from "../../lib/calico/keys.ts";
import { fullResync } from "../../lib/sync/sources/full.ts";
import { Cloud } from "../../lab/model.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { group, groupRule, idOf, network, port, subnet } from "./records.ts";
import { StandIn } from "./stand_in.ts";
import { World } from "./world.ts";

/** grpc-js keeps timers of its own. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

interface Stage {
  readonly world: World;
  readonly cloud: Cloud;
  readonly prefixes: ReturnType<typeof resourcePrefixes>;
  resync(): ReturnType<typeof fullResync>;
  /** What etcd holds below a prefix: ids by the end of the keys. */
  keys(kind: keyof ReturnType<typeof resourcePrefixes>): Promise<string[]>;
}

const projectId = idOf("projects", 0);
const networkId = idOf("networks", 0);
const groupId = (number: number) => idOf("security-groups", number);

/** A cloud of one network with groups and ports, and an etcd of its own. */
async function withStage(
  size: { groups: number; ports: number },
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  await using world = await World.start();
  const cloud = smallCloud(size);
  await using standIn = new StandIn(cloud);
  using product = world.product({ region: null, standIn });
  const prefixes = resourcePrefixes(null);
  await play({
    world,
    cloud,
    prefixes,
    async resync() {
      const result = await fullResync(product.deps, world.term());
      result.index.close();
      return result;
    },
    keys: async (kind) => await world.etcd.getAll().prefix(prefixes[kind]).keys(),
  });
}

function smallCloud(size: { groups: number; ports: number }): Cloud {
  const cloud = new Cloud();
  cloud.projects.push({ id: projectId, name: "one", parent_id: "default", domain_id: "default" });
  cloud.add("networks", network(networkId, projectId));
  const of = { id: networkId, project: projectId };
  const v4 = { cidr: "10.0.0.0/16", gateway_ip: "10.0.0.1" };
  cloud.add("subnets", subnet(idOf("subnets", 0), of, v4));
  for (let i = 0; i < size.groups; i++) addGroup(cloud, i, 2);
  for (let i = 0; i < size.ports; i++) addPort(cloud, i);
  return cloud;
}

function addGroup(cloud: Cloud, number: number, rules: number): void {
  const id = groupId(number);
  const from = { protocol: "tcp", port_range_max: 65_535, remote_group_id: groupId(0) };
  const all = Array.from(
    { length: rules },
    (_, i) => groupRule(id, i, { ...from, port_range_min: i + 1 }),
  );
  cloud.add("security_groups", group(id, projectId, all, `group ${number}`));
}

function addPort(cloud: Cloud, number: number, fields: Record<string, unknown> = {}): string {
  const id = idOf("ports", number);
  const fixed_ips = [{ subnet_id: idOf("subnets", 0), ip_address: `10.0.1.${number + 10}` }];
  const of = { network: networkId, project: projectId, host: "host-1" };
  cloud.add("ports", port(id, of, { fixed_ips, security_groups: [groupId(0)], ...fields }));
  return id;
}

Deno.test(
  "130 groups of 121 rules land in an empty etcd",
  GRPC,
  () =>
    withStage({ groups: 0, ports: 3 }, async ({ cloud, resync, keys }) => {
      for (let i = 0; i < 130; i++) addGroup(cloud, i, 121);
      const { leftOut } = await resync();
      assertEquals(leftOut, []);
      assertEquals((await keys("NetworkPolicy")).length, 130);
      assertEquals((await keys("WorkloadEndpoint")).length, 3);
    }),
);

Deno.test(
  "a group of 16,000 rules is named and left, everything else lands",
  GRPC,
  () =>
    withStage({ groups: 30, ports: 3 }, async ({ cloud, resync, keys }) => {
      addGroup(cloud, 30, 16_000);
      const { leftOut } = await resync();
      assertEquals(leftOut.map(({ why, total }) => [why, total]), [["too-large", 1]]);
      assertMatch(leftOut[0]!.names[0]!, new RegExp(groupId(30)));
      assertEquals((await keys("NetworkPolicy")).length, 30);
      assertEquals((await keys("WorkloadEndpoint")).length, 3);
      assertEquals((await keys("Subnet")).length, 1);
    }),
);

Deno.test(
  "a group that grows to 16,000 rules keeps its policy as it was",
  GRPC,
  () =>
    withStage({ groups: 3, ports: 3 }, async ({ world, cloud, resync, prefixes }) => {
      await resync();
      const key = `${prefixes.NetworkPolicy}ossg.default.${groupId(2)}`;
      const before = await world.etcd.get(key).string();
      addGroup(cloud, 2, 16_000);
      cloud.change("security_groups", groupId(1), { security_group_rules: [] });
      const { leftOut } = await resync();
      assertEquals(leftOut.map(({ why, total }) => [why, total]), [["too-large", 1]]);
      assertEquals(await world.etcd.get(key).string(), before);
      const other = await world.etcd.get(`${prefixes.NetworkPolicy}ossg.default.${groupId(1)}`)
        .json() as { spec: unknown };
      assertEquals(other.spec, {
        ingress: [],
        egress: [],
        selector: `has(sg.projectcalico.org/openstack-${groupId(1)})`,
      });
    }),
);

for (const depth of [3000, 100_000]) {
  Deno.test(
    `values of ${depth} lists within lists are replaced`,
    GRPC,
    () =>
      withStage({ groups: 3, ports: 3 }, async ({ world, resync, keys }) => {
        await resync();
        const nest = "[".repeat(depth) + "]".repeat(depth);
        const hurt = new Map<string, string>();
        for (const kind of ["NetworkPolicy", "WorkloadEndpoint", "Subnet"] as const) {
          const [bare, within = bare!] = await keys(kind);
          for (const key of [bare!, within]) {
            hurt.set(key, await world.etcd.get(key).string() ?? "");
          }
          await world.etcd.put(bare!).value(nest).exec();
          const object = `{"metadata":{"uid":"u"},"spec":${nest}}`;
          if (within !== bare) {
            await world.etcd.put(within).value(object).exec();
          }
        }
        await resync();
        for (const [key, value] of hurt) {
          assertEquals(specOf(await world.etcd.get(key).string()), specOf(value), key);
        }
      }),
  );
}

function specOf(text: string | null): unknown {
  const { metadata: _, ...rest } = JSON.parse(text!);
  return rest;
}

Deno.test(
  "a key that is not UTF-8 is removed, and harms none of its neighbours",
  GRPC,
  () =>
    withStage({ groups: 1, ports: 3 }, async ({ world, resync, keys, prefixes }) => {
      await resync();
      const before = await keys("WorkloadEndpoint");
      const [, ...rest] = endpointName("xbüro", idOf("ports", 90), idOf("ports", 91)).split("x");
      const key = Buffer.concat([
        Buffer.from(prefixes.WorkloadEndpoint),
        Buffer.from(rest.join("x"), "latin1"),
      ]);
      await world.etcd.kv.put({ key, value: Buffer.from("{}") });
      const { leftOut, guards } = await resync();
      const { kvs } = await world.etcd.kv.range({ key });
      assertEquals({ left: kvs.length, leftOut, guards }, { left: 0, leftOut: [], guards: [] });
      assertEquals(await keys("WorkloadEndpoint"), before);
      const { kinds } = await resync();
      assertEquals(kinds.WorkloadEndpoint.deleted, 0);
    }),
);

for (const device of ["a/b", "a b"]) {
  Deno.test(
    `a port whose device is "${device}" is refused with a reason, the others land`,
    GRPC,
    () =>
      withStage({ groups: 1, ports: 3 }, async ({ cloud, resync, keys }) => {
        const id = addPort(cloud, 3, { device_id: device });
        const { leftOut, warnings } = await resync();
        assertEquals(leftOut.reduce((sum, { total }) => sum + total, 0), 1);
        const said = JSON.stringify([leftOut, warnings]);
        assertMatch(said, new RegExp(`${id}[^"]*device_id`));
        assert(warnings.filter((warning) => warning.includes(id)).length <= 1, said);
        assertEquals((await keys("WorkloadEndpoint")).length, 3);
      }),
  );
}

Deno.test(
  "a group whose rules cannot be read keeps its policy, and its ports their labels",
  GRPC,
  () =>
    withStage({ groups: 3, ports: 3 }, async ({ world, cloud, resync, keys }) => {
      await resync();
      const values = async () => {
        const all = [...await keys("NetworkPolicy"), ...await keys("WorkloadEndpoint")];
        return await Promise.all(all.map((key) => world.etcd.get(key).string()));
      };
      const before = await values();
      const rules = cloud.get("security_groups", groupId(0))!.security_group_rules as unknown[];
      for (
        const bad of [[{ ...rules[0] as object, direction: "sideways" }], "none", null, [null]]
      ) {
        cloud.change("security_groups", groupId(0), { security_group_rules: bad });
        const { leftOut } = await resync();
        assertEquals(leftOut.map(({ why, total }) => [why, total]), [["not-understood", 1]]);
        assertMatch(leftOut[0]!.names[0]!, new RegExp(groupId(0)));
        assertEquals(await values(), before);
      }
    }),
);
