/** Neutron with contrib/ml2-calico-bind, and a node that tells it of Felix. */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { Conductor } from "./support/conductor.ts";
import { endpointsOf } from "./support/etcd_state.ts";
import { Felixes } from "./support/felix.ts";
import { RestError } from "./support/rest.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

Deno.test("from Felix's key to a bound and active port, and back", GRPC, async (t) => {
  const bed = await Bed.open();
  await using conductor = await Conductor.create(bed);
  await using felixes = await Felixes.start(conductor.etcd, ["bind-1", "bind-2"]);
  const { neutron } = bed;
  const network = (await neutron.post("networks", { network: { name: "bind" } })).network.id;
  await neutron.post("subnets", {
    subnet: { network_id: network, ip_version: 4, cidr: "10.240.0.0/24" },
  });
  const port = async (host: string) =>
    (await neutron.post("ports", {
      port: {
        network_id: network,
        device_owner: "compute:nova",
        device_id: crypto.randomUUID(),
        "binding:host_id": host,
      },
    })).port;

  await t.step("the node's watcher makes agents of Felix's keys", () => felixes.alive(bed));

  const bound = await port("bind-1");
  await t.step("a port is bound as tap, with a MAC of its own for the host's end", () => {
    assertEquals(bound["binding:vif_type"], "tap");
    // From 2025.1 on this answer names the drivers that bound it; Zed's does not yet.
    const { bound_drivers, ...details } = bound["binding:vif_details"];
    assertEquals(bound_drivers ?? { "0": "calico_bind" }, { "0": "calico_bind" });
    assertEquals(details, {
      port_filter: true,
      connectivity: "legacy",
      mac_address: `fe${bound.mac_address.slice(2)}`,
    });
    assertEquals(bound.status, "DOWN");
  });

  await t.step("its endpoint is in etcd", async () => {
    await eventually(
      "the endpoint",
      async () => (await endpointsOf(conductor.etcd, bound.id)).has("bind-1"),
      20_000,
    );
  });

  const status = async () => (await neutron.get(`ports/${bound.id}`)).port.status;
  for (const [said, expected] of [["up", "ACTIVE"], ["down", "DOWN"], ["up", "ACTIVE"]] as const) {
    await t.step(`Felix says ${said}: the port is ${expected}`, async () => {
      await felixes.endpoint("bind-1", bound.device_id, bound.id, said);
      await eventually(`the port is ${expected}`, async () => await status() === expected, 20_000);
    });
  }

  await t.step("a host without Felix: binding failed", async () => {
    const other = await port("bind-3");
    assertEquals(other["binding:vif_type"], "binding_failed");
  });

  await t.step("QoS rules: bandwidth and packet rate both ways, others are refused", async () => {
    const types = (await neutron.list("qos/rule-types")).map(({ type }) => type).sort();
    assertEquals(types, ["bandwidth_limit", "packet_rate_limit"]);
    const policy = (await neutron.post("qos/policies", { policy: { name: "bind" } })).policy.id;
    for (const direction of ["ingress", "egress"]) {
      await neutron.post(`qos/policies/${policy}/bandwidth_limit_rules`, {
        bandwidth_limit_rule: { max_kbps: 1000, max_burst_kbps: 1200, direction },
      });
      await neutron.post(`qos/policies/${policy}/packet_rate_limit_rules`, {
        packet_rate_limit_rule: { max_kpps: 2, max_burst_kpps: 0, direction },
      });
    }
    await neutron.put(`ports/${bound.id}`, { port: { qos_policy_id: policy } });
    const dscp = (await neutron.post("qos/policies", { policy: { name: "bind-dscp" } })).policy.id;
    await neutron.post(`qos/policies/${dscp}/dscp_marking_rules`, {
      dscp_marking_rule: { dscp_mark: 8 },
    });
    const refused = await neutron.put(`ports/${bound.id}`, { port: { qos_policy_id: dscp } })
      .then(() => null, (error) => error);
    assert(refused instanceof RestError && refused.status === 409, String(refused));
    await neutron.put(`ports/${bound.id}`, { port: { qos_policy_id: null } });
    for (const id of [policy, dscp]) await neutron.delete(`qos/policies/${id}`);
  });

  for (const { id } of await neutron.list(`ports?network_id=${network}`)) {
    await neutron.delete(`ports/${id}`);
  }
  await neutron.delete(`networks/${network}`);
});
