import type { LeftOut } from "../../../lib/state/records.ts";
import { leftOutSentence } from "../../../lib/sync/report/held_text.ts";
import { assertEquals, assertMatch } from "../../support/assert.ts";
import { POLICY, WEP, withCloud } from "../scene.ts";

const left = (found: readonly LeftOut[]) =>
  found.map(({ why, collection, total }) => [why, collection, total]);

Deno.test("what Calico cannot express is left out and named, each time", async () => {
  await withCloud(async ({ etcd, cloud, resync }) => {
    const [group] = cloud.list("security_groups");
    const [port] = cloud.vmPorts();
    const rule = {
      direction: "ingress",
      ethertype: "IPv4",
      protocol: "tcp",
      port_range_min: 4711,
      port_range_max: 4711,
      remote_ip_prefix: null,
      remote_group_id: null,
    };
    const rules = Array.from({ length: 10 }, (_, i) => ({
      ...rule,
      id: `rule-${i}`,
      protocol: i === 3 ? "dccp" : "tcp",
    }));
    cloud.change("security_groups", group!.id, { security_group_rules: rules });
    const pairs = ["0.0.0.0/1", "192.0.2.9"].map((ip_address) => ({ ip_address }));
    cloud.change("ports", port!.id, { allowed_address_pairs: pairs });
    const expected: [LeftOut["why"], string, number][] = [
      ["not-expressible", "security-group-rules", 1],
      ["not-expressible", "allowed-address-pairs", 1],
      ["outside-subnets", "allowed-address-pairs", 1],
    ];
    const first = await resync();
    assertEquals(left(first.leftOut), expected);
    const policy = await etcd.get(`${POLICY}ossg.default.${group!.id}`).json() as {
      spec: { ingress: unknown[] };
    };
    assertEquals(policy.spec.ingress.length, 9);
    const keys = await etcd.getAll().prefix(WEP).keys();
    const key = keys.find((key) => key.endsWith(port!.id.replaceAll("-", "--")))!;
    const endpoint = await etcd.get(key).json() as { spec: { allowedIps: string[] } };
    assertEquals(endpoint.spec.allowedIps, ["192.0.2.9/32"]);
    // One that skips what has not changed names them still.
    const second = await resync({ previous: first.index, beside: first.index });
    assertEquals(left(second.leftOut), expected);
    const third = await resync({ previous: second.index, beside: second.index });
    assertEquals(left(third.leftOut), expected);
    assertEquals(
      leftOutSentence(third.leftOut[2]!),
      "1 allowed address pair is written, outside every subnet of the cloud: " +
        `port ${port!.id}: 192.0.2.9/32.`,
    );
    assertMatch(
      leftOutSentence(third.leftOut[0]!),
      new RegExp(
        `^1 security group rule cannot be expressed in Calico, and less is allowed than in Neutron: ` +
          `group ${group!.id}, rule rule-3: ports 4711:4711 need TCP, UDP or SCTP\\.$`,
      ),
    );
  });
});
