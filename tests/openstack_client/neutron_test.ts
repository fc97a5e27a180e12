import { Extensions, USES } from "../../lib/openstack/extensions.ts";
import { portSchema, revisionSchema } from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { failure, type FakeNeutron, somePorts as ports, withNeutron } from "./fake_neutron.ts";

const { signal } = new AbortController();
const list = async ({ neutron }: FakeNeutron, fields?: string[]) =>
  (await neutron.list("ports", revisionSchema, signal, { fields })).items.map(({ id }) => id);

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

Deno.test("an answer that is no list of extensions is not taken for one", () => {
  assertEquals(Extensions.parse({ versions: [] }), null);
  assertEquals(Extensions.parse({ extensions: [{ alias: "qos" }] })?.has("qos"), true);
});
