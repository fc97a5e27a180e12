import { assert, assertEquals } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { neutronApi } from "../../lab/neutron_api.ts";
import { novaApi } from "../../lab/nova_api.ts";
import { Random } from "../../lab/random.ts";
import { Scenario } from "../../lab/scenario.ts";
import { seedCloud } from "../../lab/seed.ts";
import {
  floatingIpSchema,
  networkSchema,
  portSchema,
  qosPolicySchema,
  securityGroupRuleSchema,
  securityGroupSchema,
  subnetSchema,
} from "../../lib/openstack/records.ts";

const cloudOf = (seed: number) => seedCloud(new Random(seed), { ports: 40, hosts: 3 });
const shown = (seed: number) =>
  JSON.stringify(cloudOf(seed).list("ports"), (key, value) => key.endsWith("_at") ? 0 : value);

Deno.test("the same seed gives the same cloud, another one another", () => {
  assertEquals(shown(1), shown(1));
  assert(shown(1) !== shown(2));
});

const api = (seed = 1) => {
  const app = neutronApi(cloudOf(seed), new Random(9));
  return async (path: string, init?: RequestInit) => {
    const response = await app.request(`http://lab${path}`, init);
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) };
  };
};

Deno.test("paging walks every port once, in the order of ids, and links while a page is full", async () => {
  const get = api();
  const all = (await get("/ports")).json().ports.map((port: { id: string }) => port.id);
  const walked: string[] = [];
  for (let marker = "";;) {
    const query = `limit=10${marker ? `&marker=${marker}` : ""}&fields=id`;
    const page = (await get(`/ports?${query}`)).json();
    walked.push(...page.ports.map((port: { id: string }) => port.id));
    assert(page.ports.every((port: object) => Object.keys(port).join() === "id"));
    const rels = page.ports_links.map(({ rel }: { rel: string }) => rel);
    if (!rels.includes("next")) break;
    marker = walked.at(-1)!;
  }
  assertEquals(walked, all);
  assertEquals(walked, walked.toSorted());
  const last = (await get(`/ports?limit=10&marker=${walked.at(-1)}`)).json();
  assertEquals(last.ports_links.map(({ rel }: { rel: string }) => rel), ["previous"]);
  const ids = async (query: string) =>
    (await get(`/security-groups?limit=2${query}`)).json().security_groups
      .map(({ id }: { id: string }) => id);
  assertEquals(await ids("&marker=gone"), await ids(""), "only ports and networks refuse it");
});

Deno.test("agents are found by the type that the doctor asks for", async () => {
  const cloud = cloudOf(1);
  const app = neutronApi(cloud, new Random(9));
  const agent_type = "Calico per-host agent (felix)";
  for (const [id, type] of [["a1", agent_type], ["a2", "DHCP agent"]] as const) {
    cloud.add("agents", { id, host: "host-1", alive: true, agent_type: type });
  }
  const query = new URLSearchParams({ agent_type });
  const { agents } = await (await app.request(`http://lab/agents?${query}`)).json();
  assertEquals(agents.map(({ id }: { id: string }) => id), ["a1"]);
});

Deno.test("it refuses what a real Neutron refuses", async () => {
  const get = api();
  assertEquals((await get("/ports?changed_since=2026-01-01")).status, 400);
  assertEquals((await get("/ports?nonsense=1")).json().NeutronError.type, "HTTPBadRequest");
  assertEquals((await get("/ports?limit=5&marker=gone")).status, 404);
  assertEquals((await get(`/ports?${"id=x&".repeat(400)}`)).status, 414);
  const port = (await get("/ports?limit=1")).json().ports[0];
  const body = JSON.stringify({ port: { status: "ACTIVE", name: "new" } });
  const changed = (await get(`/ports/${port.id}`, { method: "PUT", body })).json().port;
  assertEquals([changed.status, changed.name], [port.status, "new"]);
  assertEquals(changed.revision_number, port.revision_number + 1);
});

Deno.test("what is made without them gets the fields that Neutron fills in", async () => {
  const get = api();
  const post = async (path: string, one: string, fields: Record<string, unknown>) => {
    const body = JSON.stringify({ [one]: fields });
    return (await get(path, { method: "POST", body })).json()[one];
  };
  const schemas = [
    ["/networks", "network", networkSchema, {}],
    ["/subnets", "subnet", subnetSchema, { network_id: "n", cidr: "10.0.0.0/24" }],
    ["/ports", "port", portSchema, { network_id: "n" }],
    ["/security-groups", "security_group", securityGroupSchema, {}],
    ["/floatingips", "floatingip", floatingIpSchema, { floating_ip_address: "198.51.100.9" }],
    ["/qos/policies", "policy", qosPolicySchema, {}],
  ] as const;
  for (const [path, one, schema, fields] of schemas) {
    const made = await post(path, one, fields);
    for (const field of Object.keys(schema.shape)) assert(field in made, `${path}: ${field}`);
    schema.parse(made);
  }
  const { id } = (await get("/security-groups?limit=1")).json().security_groups[0];
  const rule = { security_group_id: id, direction: "egress", protocol: "tcp" };
  securityGroupRuleSchema.parse(await post("/security-group-rules", "security_group_rule", rule));
});

Deno.test("a migration completes when Nova hears that the port is plugged", async () => {
  const cloud = cloudOf(1);
  const scenario = new Scenario(
    cloud,
    new Random(3),
    { setEndpoint: () => Promise.resolve() },
    new LogRecorder(),
  );
  await scenario.happen("migrates");
  const port = cloud.vmPorts().find((p) =>
    (p["binding:profile"] as { migrating_to?: string }).migrating_to
  )!;
  const { migrating_to } = port["binding:profile"] as { migrating_to: string };
  const event = {
    name: "network-vif-plugged",
    server_uuid: port.device_id,
    tag: port.id,
    status: "completed",
  };
  const response = await novaApi(cloud).request("http://lab/os-server-external-events", {
    method: "POST",
    body: JSON.stringify({ events: [event] }),
  });
  await response.body?.cancel();
  assertEquals(port["binding:host_id"], migrating_to);
  assertEquals(port["binding:profile"], {});
});
