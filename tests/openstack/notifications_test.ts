/**
 * What Neutron announces is in etcd at once. The node compares nothing in between: its incremental
 * resync is an hour away, but for the one after it has subscribed.
 */
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { watchKeys } from "../support/etcd_events.ts";
import { Bed } from "./support/bed.ts";
import { Conductor } from "./support/conductor.ts";
import { endpointsOf, PREFIXES, readState } from "./support/etcd_state.ts";
import { Felixes } from "./support/felix.ts";
import { assertAtMost, median, readingTime } from "./support/pace.ts";
import type { Json } from "./support/rest.ts";
import { Scenery } from "./support/scenery.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
/** From the API's answer to etcd, in readings of one object from Neutron: a change takes a few. */
const READINGS = 25;
/** The same at the median, in changes of a port by Neutron itself. */
const CHANGES = 2;

Deno.test("what Neutron announces is in etcd at once", GRPC, async (t) => {
  const bed = await Bed.open();
  const { neutron } = bed;
  await using conductor = await Conductor.create(bed, {
    args: ["--incremental-interval=3600", "--resync-interval=3600"],
  });
  const { etcd } = conductor;
  const notifications = async () => (await conductor.node.answer()).notifications;
  await eventually("it listens", async () => (await notifications())?.queue, 30_000);
  await using felixes = await Felixes.start(etcd, ["told-1", "told-2"]);
  await felixes.alive(bed);
  await using scenery = await Scenery.create(bed, "told", 243);

  async function shown(what: string, check: () => Promise<boolean>): Promise<void> {
    const from = Date.now();
    await eventually(what, check, 10_000, 20);
    const took = Date.now() - from;
    assertAtMost(
      took,
      READINGS,
      await readingTime(neutron, `networks/${scenery.network.id}`),
      what,
    );
  }
  const specOf = async (port: string) =>
    JSON.stringify([...(await endpointsOf(etcd, port)).values()]);
  const keys = async () => [...(await readState(etcd)).keys()].join();
  const valueOf = async (prefix: keyof typeof PREFIXES, id: string) => {
    const all = [...await readState(etcd)].filter(([key]) =>
      key.startsWith(PREFIXES[prefix]) && key.includes(id)
    );
    return JSON.stringify(all.map(([, { value }]) => value));
  };

  const group = await scenery.make("security-groups", "security_group", { name: "told-web" });
  await t.step("a group and its rules", async () => {
    await shown("the policy", async () => (await keys()).includes(group.id));
    const rule = await scenery.make("security-group-rules", "security_group_rule", {
      security_group_id: group.id,
      direction: "ingress",
      ethertype: "IPv4",
      protocol: "tcp",
      port_range_min: 8443,
      port_range_max: 8443,
    });
    await shown("the rule", async () => (await valueOf("policies", group.id)).includes("8443"));
    await neutron.delete(`security-group-rules/${rule.id}`);
    await shown("its end", async () => !(await valueOf("policies", group.id)).includes("8443"));
  });

  await t.step("a subnet", async () => {
    await shown("it is there", async () => (await keys()).includes(scenery.subnet.id));
    await neutron.put(`subnets/${scenery.subnet.id}`, {
      subnet: { dns_nameservers: ["9.9.9.9"] },
    });
    await shown(
      "its name server",
      async () => (await valueOf("subnets", scenery.subnet.id)).includes("9.9.9.9"),
    );
  });

  const port = await scenery.port("told-1", { security_groups: [group.id] });
  await t.step(
    "a port comes",
    () => shown("the endpoint", async () => (await endpointsOf(etcd, port.id)).has("told-1")),
  );

  await t.step("a network's and a group's name show on the port", async () => {
    await neutron.put(`networks/${scenery.network.id}`, { network: { name: "told-renamed" } });
    await shown("the network's", async () => (await specOf(port.id)).includes("told-renamed"));
    await neutron.put(`security-groups/${group.id}`, { security_group: { name: "told-group" } });
    await shown(
      "the group's",
      async () => (await specOf(port.id)).includes("openstack-told-group"),
    );
  });

  await t.step("a subnet's gateway shows on the port", async () => {
    assert((await specOf(port.id)).includes('"ipv4Gateway":"10.243.0.1"'));
    await neutron.put(`subnets/${scenery.subnet.id}`, { subnet: { gateway_ip: null } });
    await shown("none", async () => !(await specOf(port.id)).includes("ipv4Gateway"));
  });

  await t.step("QoS: the port's, its network's, and their rules", async () => {
    const policy = await scenery.make("qos/policies", "policy", { name: "told" });
    await neutron.put(`ports/${port.id}`, { port: { qos_policy_id: policy.id } });
    const rules = `qos/policies/${policy.id}/bandwidth_limit_rules`;
    const made = await neutron.post(rules, {
      bandwidth_limit_rule: { max_kbps: 7000, max_burst_kbps: 0, direction: "egress" },
    });
    await shown("the rule", async () => (await specOf(port.id)).includes("7000000"));
    const { id } = made.bandwidth_limit_rule;
    await neutron.put(`${rules}/${id}`, { bandwidth_limit_rule: { max_kbps: 9000 } });
    await shown("another value", async () => (await specOf(port.id)).includes("9000000"));
    await neutron.put(`ports/${port.id}`, { port: { qos_policy_id: null } });
    await shown("none", async () => !(await specOf(port.id)).includes("qosControls"));
    await neutron.put(`networks/${scenery.network.id}`, { network: { qos_policy_id: policy.id } });
    await shown("the network's", async () => (await specOf(port.id)).includes("9000000"));
    await neutron.delete(`${rules}/${id}`);
    await shown("the rule's end", async () => !(await specOf(port.id)).includes("qosControls"));
    await neutron.put(`networks/${scenery.network.id}`, { network: { qos_policy_id: null } });
  });

  await t.step(
    "a project's default group, which is silent, comes with its first port",
    async () => {
      const tenant_id = crypto.randomUUID().replaceAll("-", "");
      const other = await scenery.port("told-1", { tenant_id });
      assertEquals(other.security_groups.length, 1);
      await shown("the policy", async () => (await keys()).includes(other.security_groups[0]));
      await shown("the endpoint", async () => (await specOf(other.id)).includes("-default"));
      await neutron.delete(`ports/${other.id}`);
      await neutron.delete(`security-groups/${other.security_groups[0]}`);
    },
  );

  await t.step("a migration that Nova ends: activated in silence, then cleaned up", async () => {
    await neutron.post(`ports/${port.id}/bindings`, { binding: { host: "told-2" } });
    await neutron.request("PUT", `ports/${port.id}/bindings/told-2/activate`);
    await neutron.delete(`ports/${port.id}/bindings/told-1`);
    await shown(
      "it has moved",
      async () => [...(await endpointsOf(etcd, port.id)).keys()].join() === "told-2",
    );
  });

  await t.step("changes as fast as Neutron takes them, at most 20 a second", async () => {
    const ports: Json[] = [];
    for (let i = 0; i < 4; i++) ports.push(await scenery.port("told-1"));
    /** When each address appeared in etcd. */
    const seen = new Map<string, number>();
    await using _watch = await watchKeys(etcd, PREFIXES.endpoints, ({ value }) => {
      for (const [address] of value.matchAll(/198\.18\.\d+\.\d+/g)) {
        if (!seen.has(address)) seen.set(address, Date.now());
      }
    });
    const lags: number[] = [];
    const puts: number[] = [];
    await Promise.all(ports.map(async (one, lane) => {
      for (let i = 0; i < 15; i++) {
        const next = Date.now() + 200;
        const ip_address = `198.18.${lane}.${i + 1}`;
        const port = { allowed_address_pairs: [{ ip_address }] };
        const from = Date.now();
        await neutron.put(`ports/${one.id}`, { port });
        const answered = Date.now();
        puts.push(answered - from);
        await eventually("it shows", () => seen.has(ip_address), 10_000, 5);
        lags.push(seen.get(ip_address)! - answered);
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - Date.now())));
      }
    }));
    lags.sort((a, b) => a - b);
    const at = (share: number) => lags[Math.floor(lags.length * share)]!;
    const said = `p50 ${at(0.5)}, p95 ${at(0.95)}, most ${lags.at(-1)} ms; ` +
      `Neutron's own p50 ${median(puts)} ms`;
    await Deno.stderr.write(new TextEncoder().encode(`from the API's answer to etcd: ${said}\n`));
    assertAtMost(at(0.5), CHANGES, median(puts), "the median");
  });

  await t.step("everything goes as it came", async () => {
    await neutron.delete(`ports/${port.id}`);
    await shown("the endpoint's end", async () => (await endpointsOf(etcd, port.id)).size === 0);
    await neutron.delete(`security-groups/${group.id}`);
    await shown("the policy's end", async () => !(await keys()).includes(group.id));
    const told = await notifications();
    assertEquals([told?.overflows, told?.failures], [0, 0]);
  });
});
