/**
 * Changes of which Neutron says nothing on the bus, and what the periodic comparison makes of each. The
 * node listens to no notification at all, and makes no second full resync.
 */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { Conductor } from "./support/conductor.ts";
import { endpointsOf, PREFIXES, readState } from "./support/etcd_state.ts";
import { Felixes } from "./support/felix.ts";
import { assertAtMost } from "./support/pace.ts";
import { Scenery } from "./support/scenery.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const INTERVAL_MS = 2000;

Deno.test("what Neutron does not announce is found within the interval", GRPC, async (t) => {
  const bed = await Bed.open();
  const { neutron } = bed;
  await using conductor = await Conductor.create(bed, {
    args: [
      "--notification-topics=none",
      `--incremental-interval=${INTERVAL_MS / 1000}`,
      "--resync-interval=3600",
    ],
  });
  const { etcd } = conductor;
  await using felixes = await Felixes.start(etcd, ["silent-1", "silent-2"]);
  await felixes.alive(bed);
  await using scenery = await Scenery.create(bed, "silent", 241);

  /**
   * Waits for what a change leads to, and holds it to the interval: the comparison that runs may have missed it,
   * the next begins an interval later and sees it. Twice that, by the longest comparison so far.
   */
  async function found(what: string, check: () => Promise<boolean>): Promise<void> {
    const from = Date.now();
    await eventually(what, check, 20_000, 50);
    const took = Date.now() - from;
    const runs = (await incrementals()).map(({ startedAt, endedAt }) => endedAt! - startedAt);
    assertAtMost(took, 2, INTERVAL_MS + 2 * Math.max(0, ...runs), what);
  }
  const hostsOf = async (port: string) => [...(await endpointsOf(etcd, port)).keys()].sort();
  const policies = async () =>
    [...(await readState(etcd)).keys()]
      .filter((key) => key.startsWith(PREFIXES.policies)).join();
  const incrementals = async () =>
    (await conductor.node.answer()).resyncs
      .filter(({ reason, endedAt, error }) => reason === "incremental" && endedAt && !error);

  await t.step("a port's status by RPC: looked at, and nothing to write", async () => {
    const port = await scenery.port("silent-1");
    await found("the endpoint", async () => (await hostsOf(port.id)).length === 1);
    const [before] = (await endpointsOf(etcd, port.id)).values();
    const since = Date.now();
    await felixes.endpoint("silent-1", port.device_id, port.id, "up");
    await eventually("the port is ACTIVE", async () => {
      return (await neutron.get(`ports/${port.id}`)).port.status === "ACTIVE";
    }, 20_000);
    await eventually(
      "a comparison has looked",
      async () =>
        (await incrementals()).some(({ startedAt, kinds }) =>
          startedAt >= since && (kinds.WorkloadEndpoint?.correct ?? 0) > 0
        ),
      20_000,
    );
    assertEquals([...(await endpointsOf(etcd, port.id)).values()], [before]);
  });

  await t.step("an activated binding: the endpoint is at the other host", async () => {
    const port = await scenery.port("silent-1");
    await found("the endpoint", async () => (await hostsOf(port.id)).join() === "silent-1");
    await neutron.post(`ports/${port.id}/bindings`, { binding: { host: "silent-2" } });
    await neutron.request("PUT", `ports/${port.id}/bindings/silent-2/activate`);
    await found("it has moved", async () => (await hostsOf(port.id)).join() === "silent-2");
  });

  await t.step("a project's default security group", async () => {
    const project = crypto.randomUUID().replaceAll("-", "");
    await scenery.make("networks", "network", { name: "silent-other", tenant_id: project });
    const groups = await neutron.list(`security-groups?tenant_id=${project}`);
    assertEquals(groups.map(({ name }) => name), ["default"]);
    await found("its policy", async () => (await policies()).includes(groups[0].id));
    await neutron.delete(`security-groups/${groups[0].id}`);
  });

  await t.step("a router's and a gateway's ports are no endpoints", async (inner) => {
    const external = await scenery.make("networks", "network", {
      name: "silent-external",
      "router:external": true,
      "provider:network_type": "flat",
      "provider:physical_network": `silent${crypto.randomUUID().slice(0, 6)}`,
    });
    await scenery.make("subnets", "subnet", {
      network_id: external.id,
      ip_version: 4,
      cidr: "172.29.241.0/24",
      enable_dhcp: false,
    });
    const before = [...(await readState(etcd)).keys()]
      .filter((key) => key.startsWith(PREFIXES.endpoints));
    const since = Date.now();
    const router = await scenery.make("routers", "router", {
      name: "silent",
      external_gateway_info: { network_id: external.id },
    });
    await neutron.put(`routers/${router.id}/add_router_interface`, {
      subnet_id: scenery.subnet.id,
    });
    const ports = await neutron.list(`ports?device_id=${router.id}`);
    assertEquals(ports.map(({ device_owner }) => device_owner).sort(), [
      "network:router_gateway",
      "network:router_interface",
    ]);
    await eventually(
      "a comparison has looked",
      async () => (await incrementals()).some(({ startedAt }) => startedAt >= since),
      20_000,
    );
    const after = [...(await readState(etcd)).keys()]
      .filter((key) => key.startsWith(PREFIXES.endpoints));
    assertEquals(after, before);

    await inner.step(
      "a floating IP loses its port when that goes, and serves another",
      async () => {
        const [one, other] = [await scenery.port("silent-1"), await scenery.port("silent-2")];
        // A list that is empty is not believed: this one stays, whatever else is in the bed.
        await scenery.make("floatingips", "floatingip", { floating_network_id: external.id });
        const fip = await scenery.make("floatingips", "floatingip", {
          floating_network_id: external.id,
          port_id: one.id,
        });
        const nats = async (port: string) =>
          JSON.stringify([...(await endpointsOf(etcd, port)).values()].map((v) => v.spec.ipNATs));
        await found("its NAT", async () => (await nats(one.id)).includes(fip.floating_ip_address));
        await neutron.delete(`ports/${one.id}`);
        await found("the endpoint has gone", async () => (await hostsOf(one.id)).length === 0);
        assertEquals((await neutron.get(`floatingips/${fip.id}`)).floatingip.port_id, null);
        await neutron.put(`floatingips/${fip.id}`, { floatingip: { port_id: other.id } });
        await found(
          "the other's NAT",
          async () => (await nats(other.id)).includes(fip.floating_ip_address),
        );
        // And the other way to lose it: detached, the endpoint stays.
        await neutron.delete(`floatingips/${fip.id}`);
        await found("no NAT", async () => !(await nats(other.id)).includes("externalIP"));
      },
    );
    await neutron.put(`routers/${router.id}/remove_router_interface`, {
      subnet_id: scenery.subnet.id,
    });
  });

  await t.step("subnets and rules go with their parents", async () => {
    const network = await scenery.make("networks", "network", { name: "silent-parent" });
    const subnet = await scenery.make("subnets", "subnet", {
      network_id: network.id,
      ip_version: 4,
      cidr: "10.242.0.0/24",
    });
    const group = await scenery.make("security-groups", "security_group", {
      name: "silent-parent",
    });
    await scenery.make("security-group-rules", "security_group_rule", {
      security_group_id: group.id,
      direction: "ingress",
      ethertype: "IPv4",
    });
    const there = async () => [...(await readState(etcd)).keys()].join();
    await found("both are there", async () => {
      const keys = await there();
      return keys.includes(subnet.id) && keys.includes(group.id);
    });
    await neutron.delete(`networks/${network.id}`);
    await neutron.delete(`security-groups/${group.id}`);
    await found("both have gone", async () => {
      const keys = await there();
      return !keys.includes(subnet.id) && !keys.includes(group.id);
    });
  });

  await t.step("and then nothing differs", async () => {
    const { resyncs } = await conductor.node.answer();
    assertEquals(resyncs.filter(({ reason }) => reason !== "incremental").length, 1);
    const mine = (await conductor.dryRun()).split("\n").filter((line) => /silent/.test(line));
    assert(mine.length === 0, mine.join("\n"));
  });
});
