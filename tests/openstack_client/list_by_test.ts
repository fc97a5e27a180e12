import { systemClock } from "../../lib/base/clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { floatingIpSchema, portSchema, revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import {
  ALL_EXTENSIONS,
  failure,
  type FakeNeutron,
  type FakeRecord,
  somePorts as ports,
  withNeutron,
} from "./fake_neutron.ts";

const { signal } = new AbortController();
const idsOf = (records: readonly { id: string }[]) => records.map(({ id }) => id);
const listBy = ({ neutron }: FakeNeutron, field: string, values: string[], fields?: string[]) =>
  neutron.listBy("ports", revisionSchema, signal, field, values, fields);
const asked = ({ requests }: FakeNeutron, field = "id") =>
  requests.map((url) => url.searchParams.getAll(field).length);

Deno.test("a request for many ports by id fits into uWSGI's default buffer", () =>
  withNeutron(async (scene) => {
    const ids = Array.from({ length: 61 }, () => crypto.randomUUID());
    const fields = Object.keys(portSchema.shape);
    await scene.neutron.listBy("ports", portSchema, signal, "id", ids, fields);
    assertEquals(asked(scene), [30, 30, 1]);
    // A fernet token has up to 255 characters; names, host and other headers some hundred more.
    const { pathname, search } = scene.requests[0]!;
    assert(pathname.length + search.length + 255 + 300 < 4096, search);
  }));

Deno.test("pages of a filtered list keep the filter, also on a server that caps them", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(90));
    const even = idsOf(ports(90)).filter((_, i) => i % 2 === 0);
    assertEquals(idsOf((await listBy(scene, "id", even)).items), even);
    assert(scene.requests.every((url) => url.searchParams.getAll("id").length <= 30));
  }, { cap: 4, pageSize: 100 }));

Deno.test("a URL that is too long for a proxy is halved until it fits", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(50));
    for (const status of [413, 414, 431]) {
      scene.meddle = (url) => {
        if (url.href.length <= 180) return undefined;
        return new Response("<html><body><h1>Request-URI Too Long</h1></body></html>", {
          status,
          headers: { "content-type": "text/html" },
        });
      };
      const ids = idsOf(ports(50));
      scene.requests.length = 0;
      assertEquals(idsOf((await listBy(scene, "id", ids)).items), ids);
      const sizes = asked(scene);
      assertEquals(sizes.slice(0, 3), [30, 15, 8]);
      assertEquals(sizes.filter((size) => size > 15).length, 1, "it is learned");
    }
    scene.meddle = () => new Response("no", { status: 414 });
    assertMatch(await failure(listBy(scene, "id", idsOf(ports(50)))), /answered 414/);
  }, { pageSize: 100 }));

Deno.test("a filter that is dropped is noticed and halved until it is applied", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(60));
    const withoutFilter = (url: URL) => {
      const all = ports(60);
      const marker = url.searchParams.get("marker");
      const from = marker === null ? 0 : all.findIndex(({ id }) => id === marker) + 1;
      return Response.json({ ports: all.slice(from, from + 3), ports_links: [{ rel: "next" }] });
    };
    scene.meddle = (url) =>
      url.searchParams.getAll("id").length > 10 ? withoutFilter(url) : undefined;
    const wanted = idsOf(ports(60)).slice(0, 30);
    assertEquals(idsOf((await listBy(scene, "id", wanted)).items), wanted);
    scene.meddle = withoutFilter;
    scene.requests.length = 0;
    const why = await failure(listBy(scene, "id", ["p-030"]));
    assertMatch(
      why,
      /\/v2\.0\/ports sent objects that were not asked for: the filter was not applied \(id\)/,
    );
    assertEquals(scene.requests.length, 1, "the other pages do not matter");
  }));

const addressed = (id: string, fields: Record<string, unknown>): FakeRecord => ({
  id,
  revision_number: 1,
  network_id: "n-1",
  device_id: "d-1",
  project_id: "t-1",
  security_groups: ["g-1", "g-2"],
  fixed_ips: [{ subnet_id: "s-1", ip_address: "10.0.0.1" }],
  ...fields,
});
const OTHERS: [field: string, value: string, other: Record<string, unknown>][] = [
  ["network_id", "n-1", { network_id: "n-2" }],
  ["device_id", "d-1", { device_id: "d-2" }],
  ["project_id", "t-1", { project_id: "t-2" }],
  ["security_groups", "g-2", { security_groups: ["g-1"] }],
  ["fixed_ips", "subnet_id=s-1", { fixed_ips: [{ subnet_id: "s-2", ip_address: "10.0.0.1" }] }],
];
for (const [field, value, other] of OTHERS) {
  Deno.test(`a filter by ${field} is checked by the records' own, which is asked for`, () =>
    withNeutron(async (scene) => {
      scene.cloud.ports!.push(addressed("p-1", {}), addressed("p-2", other));
      const fields = ["id", "revision_number"];
      assertEquals(idsOf((await listBy(scene, field, [value], fields)).items), ["p-1"]);
      assertEquals(scene.requests[0]!.searchParams.getAll("fields"), [...fields, field]);
      scene.meddle = () =>
        Response.json({ ports: scene.cloud.ports, ports_links: [{ rel: "previous" }] });
      assertMatch(await failure(listBy(scene, field, [value], fields)), /filter was not applied/);
      // A record that does not show it is damaged, and harms only itself.
      const { [field]: _, ...bare } = scene.cloud.ports![1]!;
      scene.cloud.ports![1] = bare as FakeRecord;
      const { items, refused } = await listBy(scene, field, [value], fields);
      assertEquals(idsOf(items), ["p-1"]);
      assertEquals(refused, [{ id: "p-2", why: `${field} is missing` }]);
    }));
}

Deno.test("floating IPs are found by their address", () =>
  withNeutron(async (scene) => {
    const fip = (id: string, floating_ip_address: string): FakeRecord => ({
      id,
      revision_number: 1,
      port_id: null,
      fixed_ip_address: null,
      floating_ip_address,
    });
    scene.cloud.floatingips!.push(fip("f-1", "198.51.100.1"), fip("f-2", "198.51.100.2"));
    const find = () =>
      scene.neutron.listBy("floatingips", floatingIpSchema, signal, "floating_ip_address", [
        "198.51.100.2",
      ]);
    assertEquals(idsOf((await find()).items), ["f-2"]);
    scene.meddle = () => Response.json({ floatingips: scene.cloud.floatingips });
    assertMatch(await failure(find()), /filter was not applied/);
  }));

Deno.test("Neutron's database does not mind case, and neither do we", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(1));
    scene.meddle = () => Response.json({ ports: ports(1), ports_links: [{ rel: "previous" }] });
    assertEquals(idsOf((await listBy(scene, "id", ["P-000"])).items), ["p-000"]);
  }));

Deno.test("an object that several requests show comes once", () =>
  withNeutron(async (scene) => {
    const groups = Array.from({ length: 40 }, (_, i) => `g-${i}`);
    scene.cloud.ports!.push(addressed("p-1", { security_groups: groups }));
    assertEquals(idsOf((await listBy(scene, "security_groups", groups)).items), ["p-1"]);
    assertEquals(asked(scene, "security_groups"), [30, 10]);
  }));

Deno.test("ids whose records do not tell them are asked for alone, until it is known which", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(30));
    scene.spoil = (page) => ({
      ...page,
      records: page.records.map((record) => (record as FakeRecord).id === "p-017" ? null : record),
    });
    const { items, refused } = await listBy(scene, "id", idsOf(ports(30)));
    assertEquals(items.length, 29);
    assertEquals(refused.map(({ id }) => id), ["p-017"]);
    assertMatch(refused[0]!.why, /^record 1 of .*\/v2\.0\/ports, after the beginning: it is null$/);
  }));

Deno.test("ports of a group where Neutron cannot filter by it are found among all", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6));
    await scene.neutron.askExtensions(signal);
    const find = () => listBy(scene, "security_groups", ["odd"], ["id", "revision_number"]);
    assertEquals(idsOf((await find()).items), ["p-001", "p-003", "p-005"]);
    assert(scene.requests.every((url) => !url.searchParams.has("security_groups")));
    const { security_groups: _, ...bare } = ports(1)[0]!;
    scene.cloud.ports![0] = bare;
    assertEquals((await find()).refused, [{ id: "p-000", why: "security_groups is missing" }]);
  }, { aliases: ALL_EXTENSIONS.filter((alias) => alias !== "port-security-groups-filtering") }));

Deno.test("without the extension that brings a field nothing has a value of it", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6));
    await scene.neutron.askExtensions(signal);
    assertEquals((await listBy(scene, "security_groups", ["odd"])).items, []);
    assertEquals(scene.requests.length, 1, "only the extensions were asked for");
  }, { aliases: ["binding"] }));

/** Closes connections whose request has more bytes than `limit`, as uWSGI does; else shows what was asked for. */
function startUwsgi(limit: number) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const counts = { closed: 0, answered: 0 };
  const serve = async (connection: Deno.Conn) => {
    using _ = connection;
    let head = "";
    const buffer = new Uint8Array(16_384);
    while (!head.includes("\r\n\r\n")) {
      const read = await connection.read(buffer);
      if (read === null) return;
      head += new TextDecoder().decode(buffer.subarray(0, read));
    }
    if (head.length > limit && ++counts.closed) return;
    counts.answered++;
    const { searchParams } = new URL(head.split(" ")[1]!, "http://x");
    const subnets = searchParams.getAll("id").sort().map((id) => ({ id, revision_number: 1 }));
    const body = JSON.stringify({ subnets, subnets_links: [{ rel: "previous" }] });
    const lines = ["HTTP/1.1 200 OK", "connection: close", `content-length: ${body.length}`];
    await connection.write(new TextEncoder().encode([...lines, "", body].join("\r\n")));
  };
  const done = (async () => {
    for await (const connection of listener) serve(connection).catch(() => {});
  })();
  return {
    url: `http://127.0.0.1:${listener.addr.port}`,
    counts,
    async [Symbol.asyncDispose]() {
      listener.close();
      await done;
    },
  };
}

Deno.test("a connection that is closed on a long request is tried with half as many", async () => {
  await using uwsgi = startUwsgi(900);
  const openstack = { ...testConfig().openstack, neutronUrl: uwsgi.url, authUrl: null };
  const patient = { ...systemClock, sleep: () => Promise.resolve() };
  using auth = new KeystoneAuth(openstack, patient);
  const neutron = new NeutronClient(openstack, auth);
  const ids = Array.from({ length: 45 }, () => crypto.randomUUID()).sort();
  const { items } = await neutron.listBy("subnets", revisionSchema, signal, "id", ids);
  assertEquals(idsOf(items).sort(), ids);
  assert(uwsgi.counts.closed > 0 && uwsgi.counts.answered >= 3, JSON.stringify(uwsgi.counts));
  const { there, gone, uncertain } = await neutron.confirmGone("subnets", signal, ids, "w");
  assertEquals([there.size, gone.size, uncertain.size], [45, 0, 0]);
});

Deno.test("a server that closes every connection is an error", async () => {
  await using uwsgi = startUwsgi(0);
  const openstack = { ...testConfig().openstack, neutronUrl: uwsgi.url, authUrl: null };
  const patient = { ...systemClock, sleep: () => Promise.resolve() };
  using auth = new KeystoneAuth(openstack, patient);
  const neutron = new NeutronClient(openstack, auth);
  const why = await failure(neutron.listBy("subnets", revisionSchema, signal, "id", ["a", "b"]));
  assertMatch(why, /\/v2\.0\/subnets does not answer/);
});
