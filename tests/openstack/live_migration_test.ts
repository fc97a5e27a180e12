/**
 * Live migrations as Nova drives them, with a stand-in for Nova's external events that keeps what it is
 * sent.
 */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { Conductor } from "./support/conductor.ts";
import { endpointsOf, PREFIXES, readState } from "./support/etcd_state.ts";
import { Felixes } from "./support/felix.ts";
import type { Json } from "./support/rest.ts";
import { Scenery } from "./support/scenery.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

/** What Nova was sent, and the codes with which it answers, by server; 200 where nothing is said. */
function startNova() {
  const sent: { path: string; token: string | null; body: Json }[] = [];
  const codes = new Map<string, number[]>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const body = await request.json();
      sent.push({
        path: `${request.method} ${new URL(request.url).pathname}`,
        token: request.headers.get("X-Auth-Token"),
        body,
      });
      const events = body.events.map((event: Json) => ({
        ...event,
        code: codes.get(event.server_uuid)?.shift() ?? 200,
      }));
      const good = events.every(({ code }: { code: number }) => code === 200);
      return Response.json({ events }, { status: good ? 200 : 207 });
    },
  );
  return {
    sent,
    codes,
    url: `http://127.0.0.1:${server.addr.port}/v2.1`,
    of: (id: string) => sent.filter(({ body }) => body.events[0].server_uuid === id),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("live migration, from Neutron to etcd, Felix and Nova", GRPC, async (t) => {
  const bed = await Bed.open();
  const { neutron } = bed;
  await using nova = startNova();
  await using conductor = await Conductor.create(bed, {
    args: [`--nova-url=${nova.url}`, "--incremental-interval=2", "--neutron-budget=0"],
  });
  const { etcd } = conductor;
  await using felixes = await Felixes.start(etcd, ["mig-1", "mig-2"]);
  await felixes.alive(bed);
  await using scenery = await Scenery.create(bed, "mig", 244);

  const hostsOf = async (port: Json) =>
    [...(await endpointsOf(etcd, port.id)).keys()].sort().join();
  const migrations = async (port: Json) =>
    [...await readState(etcd)].filter(([key]) =>
      key.startsWith(PREFIXES.migrations) && key.includes(port.id.replaceAll("-", "--"))
    );
  const shows = (port: Json, hosts: string, count: number) =>
    eventually(
      `endpoints at ${hosts}, ${count} migrations`,
      async () => await hostsOf(port) === hosts && (await migrations(port)).length === count,
      20_000,
    );
  const migrate = (port: Json, profile: Json) =>
    neutron.put(`ports/${port.id}`, { port: { "binding:profile": profile } });

  const port = await scenery.port("mig-1");
  const device = port.device_id;
  await shows(port, "mig-1", 0);
  await felixes.endpoint("mig-1", device, port.id, "up");
  await eventually(
    "ACTIVE",
    async () => (await neutron.get(`ports/${port.id}`)).port.status === "ACTIVE",
    20_000,
  );

  await t.step("it begins: a second endpoint and before it the migration", async () => {
    await neutron.post(`ports/${port.id}/bindings`, { binding: { host: "mig-2" } });
    await migrate(port, { migrating_to: "mig-2" });
    await shows(port, "mig-1,mig-2", 1);
    const state = await readState(etcd);
    const [[key, { value, modRevision }]] = await migrations(port) as [[string, Json]];
    const name = key.slice(PREFIXES.migrations.length);
    const doubled = (id: string) => id.replaceAll("-", "--");
    assertEquals(name, `mig--2-openstack-${doubled(device)}-${doubled(port.id)}`);
    const end = (hostname: string) => ({
      workloadEndpoint: {
        hostname,
        orchestratorID: "openstack",
        workloadID: `openstack/${device}`,
        endpointID: port.id,
      },
    });
    assertEquals(value.spec, { source: end("mig-1"), target: end("mig-2") });
    const endpoint = state.get(PREFIXES.endpoints + name)!;
    assertEquals(endpoint.value.spec.node, "mig-2");
    assert(BigInt(modRevision) < BigInt(endpoint.modRevision), "the migration comes first");
    assertEquals(nova.sent, [], "nothing is plugged yet");
  });

  await t.step("the destination is up: Nova is told, once, with a token", async () => {
    await felixes.endpoint("mig-2", device, port.id, "up");
    await eventually("the event", () => nova.sent.length > 0, 20_000);
    const [{ path, token, body }] = nova.sent as [typeof nova.sent[0]];
    assertEquals(path, "POST /v2.1/os-server-external-events");
    assert(token, "no token");
    assertEquals(body, {
      events: [{
        name: "network-vif-plugged",
        server_uuid: device,
        tag: port.id,
        status: "completed",
      }],
    });
    // The source says something again: that is no arrival.
    await felixes.endpoint("mig-1", device, port.id, "down");
    await felixes.endpoint("mig-1", device, port.id, "up");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assertEquals(nova.sent.length, 1);
  });

  await t.step("it ends, with the silent activation first: both extra objects go", async () => {
    await neutron.request("PUT", `ports/${port.id}/bindings/mig-2/activate`);
    await shows(port, "mig-2", 0);
    await neutron.delete(`ports/${port.id}/bindings/mig-1`);
    await migrate(port, {});
    await felixes.endpoint("mig-1", device, port.id, null);
    await shows(port, "mig-2", 0);
    await eventually("ACTIVE at its new host", async () => {
      const now = (await neutron.get(`ports/${port.id}`)).port;
      return now["binding:host_id"] === "mig-2" && now.status === "ACTIVE";
    }, 30_000);
  });

  await t.step("one that fails: the profile is cleared, and all is as it was", async () => {
    await migrate(port, { migrating_to: "mig-1" });
    await shows(port, "mig-1,mig-2", 1);
    await migrate(port, {});
    await shows(port, "mig-2", 0);
  });

  await t.step("Nova has no host for the server yet: told again", async () => {
    const other = await scenery.port("mig-1");
    nova.codes.set(other.device_id, [422]);
    await shows(other, "mig-1", 0);
    await migrate(other, { migrating_to: "mig-2" });
    await shows(other, "mig-1,mig-2", 1);
    await felixes.endpoint("mig-2", other.device_id, other.id, "up");
    await eventually("two events", () => nova.of(other.device_id).length === 2, 30_000);
  });

  await t.step("Nova does not know the server: said once, and not tried again", async () => {
    const other = await scenery.port("mig-1");
    nova.codes.set(other.device_id, [404, 404]);
    await shows(other, "mig-1", 0);
    await migrate(other, { migrating_to: "mig-2" });
    await shows(other, "mig-1,mig-2", 1);
    await felixes.endpoint("mig-2", other.device_id, other.id, "up");
    await eventually(
      "the warning",
      () => conductor.node.output.includes("Nova does not know the server"),
      20_000,
    );
    await new Promise((resolve) => setTimeout(resolve, 7000));
    assertEquals(nova.of(other.device_id).length, 1);
  });
});
