import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { felixPrefix } from "../../lib/calico/keys.ts";
import { MAX_PORTS, type Trace, traceSchema } from "../../lib/trace/trace.ts";
import { withTrace } from "./trace_scene.ts";

const ids = (trace: Trace) => trace.ports.map(({ id }) => id);
const reasons = ({ ports }: Trace) => ports.flatMap(({ reasons }) => reasons.map(({ is }) => is));

Deno.test("a port is found by its id, its VM, its address, its floating IP and its host", () =>
  withTrace(async ({ trace, port, cloud, keyOf }) => {
    const found = await trace(port.id);
    assertEquals(traceSchema.parse(structuredClone(found)), found);
    assertEquals([found.verdict, found.troubles, ids(found)], ["agrees", [], [port.id]]);
    const [{ neutron, objects }] = found.ports as [Trace["ports"][0]];
    assertEquals([neutron!.host, neutron!.name], [port["binding:host_id"], port.name]);
    assertEquals(objects.map(({ key, action }) => [key, action]), [[await keyOf(port), null]]);
    assert(BigInt(objects[0]!.modRevision!) > 0n);
    assertEquals(objects[0]!.stored, objects[0]!.wanted);
    const kinds = new Set(found.objects.map(({ kind }) => kind));
    assertEquals(kinds, new Set(["Subnet", "NetworkPolicy"]));

    assertEquals(ids(await trace(String(port.device_id))), [port.id]);
    const addresses = (port.fixed_ips as { ip_address: string }[]).map((ip) => ip.ip_address);
    for (const address of addresses) {
      assertEquals(ids(await trace(address.toUpperCase())), [port.id], address);
    }
    const floating = cloud.list("floatingips").find(({ port_id }) => port_id !== null)!;
    assertEquals(ids(await trace(String(floating.floating_ip_address))), [floating.port_id]);
    const onHost = await trace(String(port["binding:host_id"]));
    assert(ids(onHost).includes(port.id));
    assertEquals(onHost.more, Math.max(0, onHost.ports.length + onHost.more - MAX_PORTS));
    assertEquals([(await trace("nobody")).verdict, (await trace("192.0.2.99")).verdict], [
      "nothing",
      "nothing",
    ]);
  }));

Deno.test("what differs is told place by place, with the run that changed it last", () =>
  withTrace(async ({ trace, port, cloud, etcd, keyOf }) => {
    const key = await keyOf(port);
    const { last } = await lastOf(trace, port.id);
    assertMatch(String(last?.action), /create/);
    const text = (await etcd.get(key).string())!;
    await etcd.put(key).value(text.replace(/"mac":"[^"]+"/, '"mac":"fa:16:3e:ff:ff:ff"'));
    const changed = await trace(port.id);
    assertEquals([changed.verdict, reasons(changed)[0]], ["differs", "due"]);
    assertEquals(changed.ports[0]!.objects[0]!.changes, [{
      path: "/spec/mac",
      before: "fa:16:3e:ff:ff:ff",
      after: port.mac_address,
    }]);
    await etcd.delete().key(key);
    assertEquals((await trace(port.id)).ports[0]!.objects.map(({ action }) => action), ["create"]);

    await etcd.put(key).value(text);
    cloud.remove("ports", port.id);
    const gone = await trace(port.id);
    assertEquals([gone.verdict, gone.ports[0]!.neutron], ["differs", null]);
    assertEquals(gone.ports[0]!.objects.map(({ action, wanted }) => [action, wanted]), [[
      "delete",
      null,
    ]]);
    assertEquals(reasons(gone).slice(0, 1), ["not-in-neutron"]);
    // What Neutron no longer lists is found by the names in etcd.
    assertEquals(ids(await trace(String(port.device_id))), [port.id]);
  }));

/** What is known of the last change of a port's endpoint. */
async function lastOf(trace: (text: string) => Promise<Trace>, id: string) {
  const found = await trace(id);
  return { last: found.node!.changes.find(({ subject }) => subject === id) };
}

Deno.test("a port's key at another host, and one in another namespace, are found wherever they are", () =>
  withTrace(async ({ trace, port, etcd, keyOf }) => {
    const key = await keyOf(port);
    const value = (await etcd.get(key).string())!;
    const host = String(port["binding:host_id"]).replaceAll("-", "--");
    const elsewhere = key.replace(`/${host}-`, "/gone-");
    const foreign = key.replace("/openstack/", "/openstack-region-x/");
    await etcd.put(elsewhere).value(value);
    await etcd.put(foreign).value(value);
    const found = await trace(port.id);
    assertEquals(found.verdict, "differs");
    assertEquals(
      found.ports[0]!.objects.map((it) => [it.key, it.action]).toSorted(),
      [
        [elsewhere, "delete"],
        [key, null],
      ].toSorted(),
    );
    assertEquals(found.ports[0]!.elsewhere.map(({ key }) => key), [foreign]);
    assert(reasons(found).includes("other-namespace"));
    assertEquals(ids(await trace("gone")), [port.id]);
  }));

Deno.test("another region's ports on a host of the same name are not this one's", () =>
  withTrace(async ({ trace, port, etcd, keyOf }) => {
    const host = String(port["binding:host_id"]);
    const theirs = "99999999-2222-3333-4444-555555555555";
    const key = (await keyOf(port)).replace("/openstack/", "/openstack-region-x/")
      .replace(port.id.replaceAll("-", "--"), theirs.replaceAll("-", "--"));
    const before = await trace(host);
    await etcd.put(key).value("{}");
    const after = await trace(host);
    assertEquals([after.verdict, ids(after), after.more], [before.verdict, ids(before), 0]);
    const asked = await trace(theirs);
    assertEquals([asked.verdict, reasons(asked)], ["agrees", ["not-in-neutron", "other-region"]]);
    assertEquals(asked.ports[0]!.elsewhere.map(({ key }) => key), [key]);
  }));

Deno.test("a host that is named by an address is found, and has all its ports", () =>
  withTrace(async ({ trace, port, cloud }) => {
    cloud.change("ports", port.id, { "binding:host_id": "203.0.113.7" });
    assertEquals(ids(await trace("203.0.113.7")), [port.id]);
  }));

Deno.test("who leads is not known to a node that cannot see etcd, or whose manager is not up", () =>
  withTrace(async ({ trace, port, store, etcd, keyOf }) => {
    await etcd.delete().key(await keyOf(port));
    await store.writeMastership(null);
    const election = { state: "follower" as const, term: "1", at: Date.now() };
    const why = async (leader: string | null, problem: string | null) => {
      await store.writeElection({ ...election, leader, problem });
      const found = await trace(port.id);
      return [found.node!.isElectionKnown, reasons(found)[0]];
    };
    assertEquals(await why(null, null), [true, "no-leader"]);
    assertEquals(await why("n:2", null), [true, "ask-leader"]);
    assertEquals(await why(null, "etcd does not answer"), [false, "unexplained"]);
    const at = Date.now() - 60_000;
    await store.writeRole("manager", {
      state: "running",
      pid: 1,
      startedAt: at,
      restarts: 0,
      lastEnd: null,
      failures: 0,
      nextStartAt: null,
    });
    await store.writeAlive("manager", { at, pid: 1, doing: "following", problem: null });
    assertEquals(await why("n:2", null), [false, "unexplained"], "it has been silent for a minute");
  }));

Deno.test("a port that is not served says why; one whose record is damaged leaves etcd alone", () =>
  withTrace(async ({ trace, cloud, port }) => {
    const dhcp = cloud.list("ports").find(({ device_owner }) => device_owner === "network:dhcp");
    if (dhcp) assertEquals(reasons(await trace(dhcp.id)), ["not-a-vm"]);
    cloud.change("ports", port.id, { mac_address: "not one" });
    const damaged = await trace(port.id);
    assertEquals([damaged.verdict, reasons(damaged)[0]], ["unknown", "not-understood"]);
    assertEquals(damaged.ports[0]!.objects.map(({ action }) => action), [null]);
    const { mac_address } = { mac_address: "fa:16:3e:00:00:09" };
    cloud.change("ports", port.id, {
      mac_address,
      "binding:host_id": "",
      "binding:vif_type": "unbound",
    });
    const unbound = await trace(port.id);
    assertEquals(unbound.ports[0]!.objects.map(({ action }) => action), ["delete"]);
    assertEquals(reasons(unbound), ["unbound", "due"]);
  }));

Deno.test("Felix's word is read at the hosts of the port, with the age of its agent", () =>
  withTrace(async ({ trace, port, cloud, etcd }) => {
    const host = String(port["binding:host_id"]);
    const prefix = felixPrefix(null);
    const key =
      `${prefix}${host}/workload/openstack/openstack%2f${port.device_id}/endpoint/${port.id}`;
    await etcd.put(key).value('{"status":"up"}');
    const time = new Date(Date.now() - 200_000).toISOString();
    await etcd.put(`${prefix}${host}/status`).value(JSON.stringify({ time }));
    cloud.change("ports", port.id, { status: "ACTIVE" });
    const agrees = await trace(port.id);
    assertEquals([agrees.verdict, reasons(agrees)], ["agrees", []]);
    assertEquals(agrees.ports[0]!.felix.map(({ key, status }) => [key, status]), [[key, "ACTIVE"]]);
    assertEquals(agrees.agents, [{ host, time: Date.parse(time), state: "late" }]);
    cloud.change("ports", port.id, { status: "DOWN" });
    assertEquals(reasons(await trace(port.id)), ["status-differs"]);
  }));

Deno.test("with Neutron out of reach, what etcd has is told, and nothing is said to be gone", () =>
  withTrace(async ({ trace, port, meddle, keyOf }) => {
    meddle(() => new Response("<html>oops</html>", { status: 500 }));
    const found = await trace(port.id);
    assertEquals([found.verdict, found.isCompared, ids(found)], ["unknown", false, [port.id]]);
    assertEquals(found.ports[0]!.reasons.map(({ is }) => is), ["not-compared"]);
    assertMatch(found.troubles[0]!, /^Neutron cannot be asked: /);
    assertEquals(found.ports[0]!.keys.map(({ key }) => key), [await keyOf(port)]);
    const held = Promise.withResolvers<void>();
    meddle(() => held.promise);
    const late = await trace(port.id, { partMs: 300, namesMs: 9000 });
    held.resolve();
    assertMatch(late.troubles[0]!, /^Neutron cannot be asked: no whole answer within 0.3 s/);
  }));

Deno.test("nothing is written, and of many ports so many are shown and the others counted", () =>
  withTrace(async ({ trace, port, cloud, everything }) => {
    const host = String(port["binding:host_id"]);
    const before = await everything();
    for (let i = 0; i < 30; i++) {
      cloud.add("ports", { ...port, id: `${port.id.slice(0, -2)}${i + 10}`, device_id: `vm-${i}` });
    }
    const found = await trace(host);
    assertEquals(found.ports.length, MAX_PORTS);
    assert(found.more >= 11, String(found.more));
    assertEquals(found.verdict, "differs");
    assertEquals(await everything(), before);
  }));
