/** What a full resync does at the same time, and in which order it sees things. @module */
import { resourcePrefixes } from "../../../lib/calico/keys.ts";
import type { Item } from "../../../lab/model.ts";
import { assert, assertEquals, assertRejects, eventually } from "../../support/assert.ts";
import { type Scene, withCloud } from "../scene.ts";

/** grpc-js keeps timers of its own. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const SIZE = { ports: 60, hosts: 3 };

/** Pages of a collection's list that were asked for. */
function pagesOf({ requests }: Scene, collection: string): number {
  const isPage = ({ pathname, searchParams }: URL) =>
    pathname.endsWith(`/${collection}`) && !searchParams.has("id");
  return requests.filter(isPage).length;
}

Deno.test(
  "Neutron is read while etcd's keys are looked through, and these are seen as they were before",
  GRPC,
  () =>
    withCloud(async (scene) => {
      const { etcd, cloud, resync } = scene;
      const { index: beside } = await resync();
      scene.requests.length = 0;
      const looking = Promise.withResolvers<void>();
      const running = resync({ keysAfter: looking.promise, beside });
      await eventually("what ports show is read", () => pagesOf(scene, "subnets") > 0);
      const listed = cloud.list("subnets");
      await eventually(
        "all of it",
        () => pagesOf(scene, "subnets") >= Math.ceil(listed.length / 12),
      );
      // As the run of an event does with a subnet that is younger than the list.
      const young = { ...listed[0]!, id: "99999999-9999-4999-8999-999999999999" };
      cloud.add("subnets", young);
      const key = `${resourcePrefixes(null).Subnet}${young.id}`;
      await etcd.put(key).value("{}").exec();
      looking.resolve();
      const { index, guards } = await running;
      assertEquals(index.keys.Subnet.find(key), -1, "it was not there before Neutron was asked");
      assertEquals(await etcd.get(key).string(), "{}");
      assertEquals(guards, []);
      index.close();
      beside.close();
    }, SIZE),
);

Deno.test(
  "ports and groups are asked for as soon as another index can say where to cut them",
  GRPC,
  () =>
    withCloud(async (scene) => {
      const { etcd, resync, requests, differences } = scene;
      (await resync()).index.close();
      const { index: beside } = await resync(); // it has seen what the first one wrote
      requests.length = 0;
      const { range } = etcd.kv;
      let seen = 0;
      etcd.kv.range = async (request) => {
        const isLook = request?.keys_only && request.revision !== "0";
        if (isLook && seen++ === 0) {
          await eventually("ports are asked for", () => pagesOf(scene, "ports") > 0, 20_000);
          await eventually("and groups", () => pagesOf(scene, "security-groups") > 0, 20_000);
        }
        return await range.call(etcd.kv, request);
      };
      const { index } = await resync({ beside });
      etcd.kv.range = range;
      assert(seen > 0, "keys are looked through");
      assertEquals(await differences(), []);
      index.close();
      beside.close();
    }, { ports: 200, hosts: 20 }),
);

Deno.test(
  "what fails of the two ends the other, and nothing is left under way",
  GRPC,
  () =>
    withCloud(async (scene) => {
      const { etcd, resync, deps: { neutron } } = scene;
      const { range } = etcd.kv;
      etcd.kv.range = (request) =>
        request?.revision === "0"
          ? range.call(etcd.kv, request)
          : Promise.reject(new Error("no look"));
      const error = await assertRejects(() => resync(), Error);
      etcd.kv.range = range;
      assertEquals(error.message, "no look");
      await eventually("nothing is under way", () => neutron.gate.underWay === 0);
      // It would look for ever.
      const never = new Promise<void>(() => {});
      scene.meddle((url) => url.pathname.endsWith("/subnets"));
      await assertRejects(() => resync({ keysAfter: never }), Error);
      await eventually("nothing is under way", () => neutron.gate.underWay === 0);
    }, SIZE),
);

Deno.test(
  "what is deleted with its ports between two lists is not taken for hidden",
  GRPC,
  () =>
    withCloud(async (scene) => {
      const { cloud, resync, requests, differences } = scene;
      (await resync()).index.close();
      const { index: beside } = await resync();
      requests.length = 0;
      const { network_id, fixed_ips } = cloud.vmPorts()[0]!;
      const subnet = (fixed_ips as { subnet_id: string }[])[0]!.subnet_id;
      let isGone = false;
      const pages = () => requests.filter(({ pathname }) => pathname.endsWith("/ports")).length;
      scene.meddle(async (url) => {
        if (isGone || !url.pathname.endsWith("/subnets")) return;
        isGone = true;
        // As long as it takes to read ports, should that be done beside it.
        for (let i = 0; i < 100 && pages() < 4; i++) await new Promise((go) => setTimeout(go, 10));
        for (const { id } of cloud.list("ports").filter((one) => one.network_id === network_id)) {
          cloud.remove("ports", id);
        }
        cloud.remove("subnets", subnet);
      }, "side by side");
      const { guards, index } = await resync({ beside });
      assert(isGone);
      assertEquals(guards.filter(({ why }) => why === "hidden"), []);
      scene.meddle(null);
      (await resync()).index.close();
      assertEquals(await differences(), []);
      index.close();
      beside.close();
    }, { ports: 200, hosts: 20 }),
);

Deno.test(
  "a group that is deleted with its ports between two lists is not taken for hidden",
  GRPC,
  () =>
    withCloud(async (scene) => {
      const { cloud, resync, requests, differences } = scene;
      (await resync()).index.close();
      const { index: beside } = await resync();
      requests.length = 0;
      const [group] = cloud.vmPorts().toSorted((a, b) => a.id < b.id ? -1 : 1)[0]!
        .security_groups as string[];
      let isGone = false;
      scene.meddle(async ({ pathname, searchParams }) => {
        if (isGone || !pathname.endsWith("/security-groups") || searchParams.has("id")) return;
        isGone = true;
        // The second page of ports is asked for when the first, which names the group, has come.
        await eventually("ports are read", () => pagesOf(scene, "ports") > 2, 20_000);
        for (const { id, security_groups } of cloud.list("ports")) {
          if ((security_groups as string[] | undefined)?.includes(group!)) {
            cloud.remove("ports", id);
          }
        }
        cloud.remove("security_groups", group!);
      }, "side by side");
      const { guards, index } = await resync({ beside });
      assert(isGone);
      assertEquals(guards.filter(({ why }) => why === "hidden"), []);
      scene.meddle(null);
      (await resync()).index.close();
      assertEquals(await differences(), []);
      index.close();
      beside.close();
    }, { ports: 200, hosts: 20 }),
);

const NOWHERE = "99999999-9999-4999-8999-999999999999";
const vmPort = ({ cloud }: Scene) => cloud.vmPorts()[0]!;

/** What is named that Neutron does not show, and by whom: as if it had been there and was deleted. */
const NAMED: readonly {
  readonly collection: string;
  readonly by: Parameters<Scene["cloud"]["list"]>[0];
  of(scene: Scene): Item;
  naming(object: Item): Record<string, unknown>;
}[] = [
  {
    collection: "security-groups",
    by: "ports",
    of: vmPort,
    naming: () => ({ security_groups: [NOWHERE] }),
  },
  { collection: "networks", by: "ports", of: vmPort, naming: () => ({ network_id: NOWHERE }) },
  {
    collection: "qos/policies",
    by: "ports",
    of: vmPort,
    naming: () => ({ qos_policy_id: NOWHERE }),
  },
  {
    collection: "subnets",
    by: "ports",
    of: vmPort,
    naming: ({ fixed_ips }) => ({
      fixed_ips: (fixed_ips as object[]).map((ip) => ({ ...ip, subnet_id: NOWHERE })),
    }),
  },
  {
    collection: "qos/policies",
    by: "networks",
    of: ({ cloud }) => cloud.list("networks")[0]!,
    naming: () => ({ qos_policy_id: NOWHERE }),
  },
  {
    collection: "networks",
    by: "subnets",
    of: ({ cloud }) => cloud.list("subnets")[0]!,
    naming: () => ({ network_id: NOWHERE }),
  },
  {
    collection: "address-groups",
    by: "security_groups",
    of: ({ cloud }) =>
      cloud.list("security_groups").find(({ security_group_rules: rules }) =>
        (rules as object[]).length > 0
      )!,
    naming({ security_group_rules }) {
      const [first, ...others] = security_group_rules as object[];
      const other = { remote_ip_prefix: null, remote_group_id: null };
      const rule = { ...first, ...other, remote_address_group_id: NOWHERE };
      return { security_group_rules: [rule, ...others] };
    },
  },
];

for (const { collection, by, of, naming } of NAMED) {
  Deno.test(
    `${collection} that ${by} name no more are not taken for hidden, and those that they name are`,
    GRPC,
    () =>
      withCloud(async (scene) => {
        const { cloud, resync } = scene;
        const object = of(scene);
        const before = { ...object };
        const names = naming(object);
        const hidden = async () => {
          const { guards, index } = await resync();
          index.close();
          return guards.filter(({ why }) => why === "hidden").map((it) => it.collection);
        };
        cloud.change(by, object.id, names);
        assertEquals(await hidden(), [collection]);
        let isOver = false;
        scene.meddle(({ pathname, searchParams }) => {
          if (!pathname.endsWith(`/${collection}`) || !searchParams.has("id")) return;
          isOver = true;
          const were = Object.keys(names).map((name) => [name, before[name]]);
          cloud.change(by, object.id, Object.fromEntries(were));
        });
        assertEquals(await hidden(), []);
        assert(isOver);
        // By id nothing is shown any more: who named it may be hidden as well.
        cloud.change(by, object.id, names);
        scene.meddle(({ pathname, searchParams }) => {
          const isById = pathname.endsWith(`/${by.replaceAll("_", "-")}`) && searchParams.has("id");
          if (!isById) return;
          const nothing = { [by]: [], [`${by}_links`]: [{ rel: "previous", href: "x" }] };
          return Promise.resolve(Response.json(nothing));
        });
        assert((await hidden()).includes(collection));
      }),
  );
}
