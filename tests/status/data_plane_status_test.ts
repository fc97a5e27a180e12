import { assertEquals } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { DataPlaneStatus } from "../../lib/status/data_plane_status.ts";
import type { PortUpdate } from "../../lib/status/reporter.ts";

/** Ports over HTTP, with or without the extension; `puts` is what it was told. */
function neutron(
  extension: boolean,
  ports: Record<string, { host: string; value: string | null }>,
) {
  const puts: string[] = [];
  /** Requests but for single ports. */
  const asked: string[] = [];
  let failing = false;
  const log = new LogRecorder();
  let forbidden = false;
  const record = (id: string) => ({
    id,
    "binding:host_id": ports[id]!.host,
    data_plane_status: ports[id]!.value,
  });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = new URL(request.url).pathname;
    if (!path.includes("/ports/")) asked.push(path);
    if (failing) return new Response("no", { status: 400 });
    if (path.endsWith("/ports")) {
      const ids = new URL(request.url).searchParams.getAll("id");
      return Response.json({
        ports: ids.filter((id) => ports[id]).map(record),
        ports_links: [{ rel: "previous", href: "x" }],
      });
    }
    if (path.endsWith("/extensions/data-plane-status")) {
      return extension ? Response.json({}) : new Response("", { status: 404 });
    }
    const id = path.split("/").at(-1)!;
    if (!ports[id]) return new Response("", { status: 404 });
    if (request.method === "PUT" && forbidden) {
      puts.push(`${id} refused`);
      return new Response("no", { status: 403 });
    }
    if (request.method === "PUT") {
      ports[id].value = (await request.json()).port.data_plane_status;
      puts.push(`${id} ${ports[id].value}`);
      scene.onPut();
    }
    return Response.json({ port: record(id) });
  });
  const openstack = {
    ...testConfig().openstack,
    neutronUrl: `http://127.0.0.1:${server.addr.port}`,
    authUrl: null,
  };
  const auth = new KeystoneAuth(openstack, systemClock);
  const scene = {
    onPut: () => {},
    puts,
    asked,
    status: new DataPlaneStatus(new NeutronClient(openstack, auth), auth, log),
    log,
    forbid: () => forbidden = true,
    fail: (now: boolean) => failing = now,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
  return scene;
}

const never = new AbortController().signal;
const update = (port: string, status: PortUpdate["status"]): PortUpdate => ({
  host: "h1",
  port,
  status,
});

Deno.test("data_plane_status is DOWN while a port is in error, and ACTIVE after", async () => {
  await using scene = neutron(true, {
    a: { host: "h1", value: null },
    left: { host: "h1", value: "DOWN" },
    elsewhere: { host: "h2", value: null },
  });
  const { status, puts, asked } = scene;
  await status.apply([update("a", "ACTIVE")], never);
  assertEquals([puts, asked], [[], []], "Neutron is asked nothing for what is well");
  assertEquals(status.noteFault("left", true, Date.now()), true);
  const failed = await status.apply(
    ["a", "elsewhere", "gone"].map((port) => update(port, "ERROR")),
    never,
  );
  assertEquals(failed.size, 0);
  assertEquals(puts, ["a DOWN"], "only the port that is bound here");
  await status.apply([update("a", "DOWN"), update("left", "ACTIVE")], never);
  assertEquals(puts, ["a DOWN", "a ACTIVE", "left ACTIVE"], "also what an earlier term left");
  await status.apply([update("a", "ACTIVE")], never);
  assertEquals(puts.length, 3);
  assertEquals(asked, ["/v2.0/extensions/data-plane-status"], "once, and no list of ports");
});

Deno.test("of ports that no list has shown Neutron is asked, all at once", async () => {
  const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
  await using scene = neutron(true, {
    [id(1)]: { host: "h1", value: "DOWN" },
    [id(2)]: { host: "h1", value: null },
  });
  const { status, puts, asked } = scene;
  const unseen = [1, 2, 3].map((n) => ({ ...update(id(n), "ACTIVE"), isUnseen: true }));
  assertEquals([...await status.apply(unseen, never)], []);
  assertEquals(puts, [`${id(1)} ACTIVE`]);
  assertEquals(asked, ["/v2.0/extensions/data-plane-status", "/v2.0/ports"]);
});

Deno.test("when Neutron does not tell of ports that no list has shown, no report fails for it", async () => {
  await using scene = neutron(true, { a: { host: "h1", value: "DOWN" } });
  const { status, puts, asked } = scene;
  scene.fail(true);
  const unseen = { ...update("a", "ACTIVE"), isUnseen: true };
  assertEquals([...await status.apply([unseen], never)], []);
  assertEquals([...await status.apply([unseen], never)], []);
  assertEquals(asked.length, 1, "it is left alone for a while");
  scene.fail(false);
  // A list that shows it later has it reported once more.
  assertEquals(status.noteFault("a", true, Date.now()), true);
  await status.apply([unseen], never);
  assertEquals(puts, ["a ACTIVE"]);
});

Deno.test("an endpoint that is gone is no error, and the end of a term ends what is set", async () => {
  const ports = { a: { host: "h1", value: null }, b: { host: "h1", value: null } };
  await using scene = neutron(true, ports);
  await scene.status.apply([{ ...update("a", "ERROR"), gone: true }], never);
  assertEquals(scene.puts, []);
  const stop = new AbortController();
  scene.onPut = () => stop.abort(new Error("the term is over"));
  const failed = await scene.status.apply(
    [update("a", "ERROR"), update("b", "ERROR")],
    stop.signal,
  );
  assertEquals([scene.puts, [...failed.keys()]], [["a DOWN"], ["b"]]);
});

Deno.test("what was seen in Neutron before it was set here says nothing any more", async () => {
  await using scene = neutron(true, { left: { host: "h1", value: "DOWN" } });
  const { status, puts } = scene;
  const before = Date.now();
  assertEquals(status.noteFault("left", true, before), true);
  await status.apply([update("left", "ACTIVE")], never);
  assertEquals(status.noteFault("left", true, before), false);
  await status.apply([update("left", "ACTIVE")], never);
  assertEquals(puts, ["left ACTIVE"]);
  assertEquals(status.noteFault("left", true, Date.now() + 1), true, "somebody else set it since");
  await status.apply([update("left", "DOWN")], never);
  assertEquals(puts, ["left ACTIVE", "left ACTIVE"]);
});

Deno.test("without the extension nothing is set", async () => {
  await using scene = neutron(false, { a: { host: "h1", value: null } });
  assertEquals((await scene.status.apply([update("a", "ERROR")], never)).size, 0);
  assertEquals(scene.puts, []);
});

Deno.test("what Neutron does not take is named, and tried again", async () => {
  await using scene = neutron(true, { a: { host: "h1", value: null } });
  scene.fail(true);
  const updates = [update("a", "ERROR"), update("well", "ACTIVE")];
  assertEquals([...(await scene.status.apply(updates, never)).keys()], ["a"]);
  scene.fail(false);
  assertEquals((await scene.status.apply([update("a", "ERROR")], never)).size, 0);
  assertEquals(scene.puts, ["a DOWN"]);
});

Deno.test("without the right it says so once, and no report fails for it", async () => {
  await using scene = neutron(true, {
    a: { host: "h1", value: null },
    b: { host: "h1", value: null },
  });
  scene.forbid();
  for (let i = 0; i < 2; i++) {
    const failed = await scene.status.apply([update("a", "ERROR"), update("b", "ERROR")], never);
    assertEquals([...failed], []);
  }
  assertEquals(scene.puts, ["a refused"]);
  assertEquals(scene.status.noteFault("b", true, Date.now()), false, "no report takes that away");
  assertEquals(scene.log.at("warn").length, 1);
});
