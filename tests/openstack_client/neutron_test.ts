import { systemClock } from "../../lib/clock.ts";
import { Extensions, USES } from "../../lib/openstack/extensions.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { portSchema, revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";

const signal = new AbortController().signal;
const ALL = [...USES.map(({ alias }) => alias), "filter-validation", "sorting"];

interface Scene {
  readonly neutron: NeutronClient;
  readonly requests: URL[];
  /** Records by collection, in the order of their ids. */
  readonly cloud: Record<string, { id: string; [field: string]: unknown }[]>;
  /** Called before each page with the number of requests so far. */
  meddle: (url: URL, count: number) => Response | void;
}

/** A Neutron as `neutron.md`'s facts describe it: pages, markers, filters, `fields`, a cap on pages. */
async function withNeutron(
  play: (scene: Scene) => Promise<void>,
  { aliases = ALL, cap = 1000, pageSize = 3 }: {
    aliases?: string[];
    cap?: number;
    pageSize?: number;
  } = {},
): Promise<void> {
  const scene: Partial<Scene> & Pick<Scene, "cloud" | "requests" | "meddle"> = {
    cloud: { ports: [], floatingips: [], policies: [], security_groups: [] },
    requests: [],
    meddle: () => {},
  };
  const missing = (what: string) =>
    Response.json({ NeutronError: { type: "NotFound", message: what, detail: "" } }, {
      status: 404,
    });
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => {
      const url = new URL(request.url);
      scene.requests.push(url);
      const special = scene.meddle(url, scene.requests.length);
      if (special) return special;
      if (url.pathname === "/v2.0/extensions") {
        return Response.json({ extensions: aliases.map((alias) => ({ alias, name: alias })) });
      }
      const name = url.pathname.split("/").at(-1)!.replaceAll("-", "_");
      const all = scene.cloud[name];
      if (!all) return missing("no such collection");
      const fields = url.searchParams.getAll("fields");
      const ids = url.searchParams.getAll("id");
      const found = ids.length > 0 ? all.filter(({ id }) => ids.includes(id)) : all;
      const marker = url.searchParams.get("marker");
      const at = marker === null ? 0 : found.findIndex(({ id }) => id === marker) + 1;
      if (marker !== null && at === 0) return missing(`${marker} could not be found`);
      const asked = Number(url.searchParams.get("limit") ?? Infinity);
      const limit = Math.min(asked, cap);
      const page = found.slice(at, at + limit);
      const shown = page.map((record) =>
        fields.length === 0
          ? record
          : Object.fromEntries(Object.entries(record).filter(([field]) => fields.includes(field)))
      );
      // Also after an exactly full last page.
      const links = page.length === limit ? [{ rel: "next", href: "x" }] : [];
      return Response.json({ [name]: shown, [`${name}_links`]: links });
    },
  );
  const openstack = {
    ...testConfig().openstack,
    neutronUrl: `http://127.0.0.1:${server.addr.port}`,
    authUrl: null,
    pageSize,
  };
  using auth = new KeystoneAuth(openstack, systemClock);
  await play(Object.assign(scene, { neutron: new NeutronClient(openstack, auth) }) as Scene);
}

const ports = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    id: `p-${String(i).padStart(3, "0")}`,
    revision_number: 1,
    security_groups: [i % 2 ? "odd" : "even"],
    "binding:host_id": "h",
  }));
const list = async ({ neutron }: Scene, fields?: string[]) =>
  (await neutron.list("ports", revisionSchema, signal, { fields })).items.map(({ id }) => id);
const failure = (promise: Promise<unknown>) =>
  promise.then(() => "it succeeded", (error) => String(error.message));

for (const count of [0, 3, 7, 9]) {
  for (const cap of [1000, 2]) {
    Deno.test(`${count} ports in pages of 3, the server's cap is ${cap}`, () =>
      withNeutron(async (scene) => {
        scene.cloud.ports!.push(...ports(count));
        assertEquals(await list(scene), ports(count).map(({ id }) => id));
      }, { cap }));
  }
}

Deno.test("a marker that is deleted costs a step back, not the whole walk", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(12));
    scene.meddle = (url) => {
      // The object of the second marker, and the one before it, go while their page is read.
      if (url.searchParams.get("marker") === "p-005" && scene.cloud.ports!.length === 12) {
        scene.cloud.ports!.splice(4, 2);
      }
    };
    assertEquals(await list(scene), ports(12).map(({ id }) => id));
    const markers = scene.requests.map((url) => url.searchParams.get("marker"));
    assertEquals(markers, [null, "p-002", "p-005", "p-004", "p-003", "p-008", "p-011"]);
  }));

Deno.test("when all that was seen is gone the walk starts anew, and what is new meanwhile is left out", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6));
    scene.meddle = (url) => {
      if (url.searchParams.get("marker") === "p-002" && scene.cloud.ports!.length === 6) {
        scene.cloud.ports!.splice(0, 3, { id: "a", revision_number: 1 });
      }
    };
    assertEquals(await list(scene), ports(6).map(({ id }) => id));
  }));

Deno.test("a deleted marker where ids do not come in order fails the list", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6).reverse());
    scene.meddle = (url) => {
      if (url.searchParams.has("marker")) scene.cloud.ports!.splice(0, 3);
    };
    assertMatch(await failure(list(scene)), /answered 404/);
  }));

Deno.test("a server that does not know markers does not keep us busy for ever", () =>
  withNeutron(async (scene) => {
    scene.meddle = (url) => {
      if (url.pathname !== "/v2.0/ports") return undefined;
      return Response.json({
        ports: ports(3),
        ports_links: [{ rel: "next", href: "x" }],
      });
    };
    assertMatch(await failure(list(scene)), /pages of ports have no end/);
  }));

Deno.test("a URL that is too long for a proxy is halved until it fits", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(50));
    scene.meddle = (url) => {
      if (url.href.length <= 400) return undefined;
      return new Response("<html><body><h1>414 Request-URI Too Long</h1></body></html>", {
        status: 414,
        headers: { "content-type": "text/html" },
      });
    };
    const ids = ports(50).map(({ id }) => id);
    const found = await scene.neutron.listBy("ports", revisionSchema, signal, "id", ids);
    assertEquals(found.items.map(({ id }) => id), ids);
    scene.meddle = () => new Response("no", { status: 414 });
    const refused = failure(scene.neutron.listBy("ports", revisionSchema, signal, "id", ids));
    assertMatch(await refused, /answered 414/);
  }, { pageSize: 100 }));

Deno.test("a request for many ports by id fits into uWSGI's default buffer", () =>
  withNeutron(async (scene) => {
    const ids = Array.from({ length: 61 }, () => crypto.randomUUID());
    const fields = Object.keys(portSchema.shape);
    await scene.neutron.listBy("ports", portSchema, signal, "id", ids, fields);
    const [first] = scene.requests;
    // A fernet token has up to 255 characters; names, host and other headers some hundred more.
    assert(first!.pathname.length + first!.search.length + 255 + 300 < 4096, first!.search);
    assertEquals(scene.requests.length, 2);
  }));

Deno.test("a proxy's page in place of an answer is told in its words, tags left out", () =>
  withNeutron(async (scene) => {
    scene.meddle = () =>
      new Response("<html><style>b{}</style><h1>403 Forbidden</h1>\n<p>by haproxy</p></html>", {
        status: 403,
      });
    assertMatch(await failure(list(scene)), /answered 403: 403 Forbidden by haproxy$/);
    scene.meddle = () => new Response("<html>maintenance</html>");
    assertMatch(await failure(list(scene)), /did not send JSON/);
    assertMatch(await failure(scene.neutron.askExtensions(signal)), /did not send JSON/);
  }));

Deno.test("ports without their host are no unbound ports: it says which right is missing", () =>
  withNeutron(async (scene) => {
    const hidden = ports(2).map(({ "binding:host_id": _, ...port }) => port);
    scene.cloud.ports!.push(...hidden);
    assertMatch(
      await failure(list(scene, ["id", "revision_number", "binding:host_id"])),
      /without binding:host_id: only an admin sees it/,
    );
    assertEquals((await list(scene, ["id", "revision_number"])).length, 2);
  }));

Deno.test("collections, fields and filters of extensions that are not loaded are not asked for", () =>
  withNeutron(async (scene) => {
    const { neutron, cloud, requests } = scene;
    cloud.ports!.push(...ports(6));
    assertEquals(neutron.extensions.missing, [], "until it is known, everything is there");
    const { missing } = await neutron.askExtensions(signal);
    assertEquals(missing.length, USES.length - 1, missing.join("\n"));
    assertMatch(missing.join("\n"), /qos is not loaded: endpoints have no bandwidth/);
    requests.length = 0;
    for (const path of ["floatingips", "qos/policies", "security-groups"]) {
      assertEquals(await neutron.list(path, revisionSchema, signal), { items: [], refused: [] });
    }
    assertEquals(requests, []);
    const fields = Object.keys(portSchema.shape);
    const found = await neutron.listBy("ports", portSchema, signal, "id", ["p-001"], fields);
    assertEquals(found.items.length, 0);
    assertEquals(found.refused.length, 1, "the test's ports have no network");
    const asked = requests[0]!.searchParams.getAll("fields");
    for (const field of ["qos_policy_id", "dns_assignment", "allowed_address_pairs"]) {
      assert(!asked.includes(field), asked.join());
    }
    assert(asked.includes("binding:host_id"));
    assertEquals(requests[0]!.searchParams.has("limit"), false);
  }, { aliases: ["binding"] }));

Deno.test("ports of a group where Neutron cannot filter by it are found among all", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports!.push(...ports(6));
    await scene.neutron.askExtensions(signal);
    const found = await scene.neutron.listBy(
      "ports",
      revisionSchema,
      signal,
      "security_groups",
      ["odd"],
      ["id", "revision_number"],
    );
    assertEquals(found.items.map(({ id }) => id), ["p-001", "p-003", "p-005"]);
    assert(scene.requests.every((url) => !url.searchParams.has("security_groups")));
  }, { aliases: ALL.filter((alias) => alias !== "port-security-groups-filtering") }));

Deno.test("an answer that is no list of extensions is not taken for one", () => {
  assertEquals(Extensions.parse({ versions: [] }), null);
  assertEquals(Extensions.parse({ extensions: [{ alias: "qos" }] })?.has("qos"), true);
});
