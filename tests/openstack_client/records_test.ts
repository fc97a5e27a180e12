import type { z } from "zod";
import {
  floatingIpSchema,
  networkSchema,
  portSchema,
  qosPolicySchema,
  revisionSchema,
  securityGroupNameSchema,
  securityGroupSchema,
  subnetSchema,
} from "../../lib/openstack/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  ALL_EXTENSIONS,
  failure,
  type FakeNeutron,
  type FakeRecord,
  somePorts,
  withNeutron,
} from "./fake_neutron.ts";

const { signal } = new AbortController();
const GROUP = "a38de630-9665-40d4-8d3d-79a6b782e90e";
const RULE = {
  id: "0b1cd0d4-c6f2-4e39-9d6f-932a0b382ff2",
  security_group_id: GROUP,
  ethertype: "IPv4",
  direction: "egress",
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_group_id: null,
};

interface Kind {
  readonly path: string;
  readonly schema: z.ZodType<{ id: string }>;
  /** As Neutron 21 sends it, without what we do not use. */
  readonly record: FakeRecord;
  /** Fields that it does give as null, or leaves out. */
  readonly mayBeNull?: readonly string[];
  readonly mayBeMissing?: readonly string[];
  /** Path of a field → a value that is refused. */
  readonly wrong: Readonly<Record<string, unknown>>;
}

const KINDS: readonly Kind[] = [
  {
    path: "ports",
    schema: portSchema,
    record: {
      id: "d82de524-47dd-4c3b-9e46-fdb85be72715",
      network_id: "cfc75e82-cd40-46cb-9c8d-083eaa444648",
      device_id: "aaaaaaaa-1111-4222-8333-bbbbbbbbbbbb",
      device_owner: "compute:nova",
      mac_address: "fa:16:3e:0f:66:12",
      project_id: "3f1c1d7a5b2e4c0f9a8b7c6d5e4f3a2b",
      status: "DOWN",
      revision_number: 3,
      fixed_ips: [{
        subnet_id: "1163078e-b593-4a60-b358-7d2ea59841fb",
        ip_address: "10.77.0.44",
      }],
      allowed_address_pairs: [],
      security_groups: [GROUP],
      "binding:host_id": "fx-n",
      "binding:vif_type": "tap",
      "binding:profile": {},
      qos_policy_id: null,
      dns_assignment: [],
    },
    mayBeNull: ["qos_policy_id", "project_id"],
    wrong: {
      network_id: "a/b",
      device_owner: 7,
      mac_address: "fa:16:3e",
      fixed_ips: "10.77.0.44",
      "fixed_ips.0.ip_address": "10.77.0.44 ",
      "fixed_ips.0.subnet_id": null,
      allowed_address_pairs: [null],
      security_groups: [GROUP, null],
      "binding:vif_type": true,
      "binding:profile": "fx-n",
      "binding:profile.migrating_to": 1,
      revision_number: "3",
    },
  },
  {
    path: "networks",
    schema: networkSchema,
    record: {
      id: "cfc75e82-cd40-46cb-9c8d-083eaa444648",
      name: "web",
      revision_number: 2,
      qos_policy_id: null,
    },
    mayBeNull: ["qos_policy_id"],
    wrong: { name: 1, qos_policy_id: [] },
  },
  {
    path: "subnets",
    schema: subnetSchema,
    record: {
      id: "1163078e-b593-4a60-b358-7d2ea59841fb",
      network_id: "cfc75e82-cd40-46cb-9c8d-083eaa444648",
      revision_number: 0,
      cidr: "10.77.0.0/24",
      enable_dhcp: true,
      gateway_ip: "10.77.0.1",
      host_routes: [{ destination: "10.99.0.0/16", nexthop: "10.77.0.2" }],
      dns_nameservers: ["192.0.2.53"],
      ipv6_ra_mode: null,
      ipv6_address_mode: null,
    },
    mayBeNull: ["gateway_ip", "ipv6_ra_mode", "ipv6_address_mode"],
    wrong: {
      enable_dhcp: "true",
      cidr: "everywhere",
      host_routes: {},
      "host_routes.0.nexthop": null,
      dns_nameservers: [null],
      gateway_ip: 10,
    },
  },
  {
    path: "security-groups",
    schema: securityGroupSchema,
    record: { id: GROUP, name: "web", revision_number: 1, security_group_rules: [RULE] },
    wrong: {
      security_group_rules: {},
      "security_group_rules.0": null,
      "security_group_rules.0.direction": "sideways",
      "security_group_rules.0.ethertype": "IPv5",
      "security_group_rules.0.port_range_min": "all",
      "security_group_rules.0.remote_group_id": 5,
      "security_group_rules.0.protocol": {},
    },
  },
  {
    path: "floatingips",
    schema: floatingIpSchema,
    record: {
      id: "c2a07096-482b-4b0e-ad0c-13d882acbafd",
      revision_number: 1,
      port_id: null,
      fixed_ip_address: null,
      floating_ip_address: "172.30.0.150",
    },
    mayBeNull: ["port_id", "fixed_ip_address"],
    wrong: { port_id: 1, floating_ip_address: "none" },
  },
  {
    path: "qos/policies",
    schema: qosPolicySchema,
    record: {
      id: "74063a23-fe5e-4861-9e6b-5246ccfbea54",
      revision_number: 1,
      rules: [
        { type: "bandwidth_limit", direction: "egress", max_kbps: 1, max_burst_kbps: 0 },
        { type: "packet_rate_limit", direction: "ingress", max_kpps: 1 },
        { type: "minimum_packet_rate", direction: "any", min_kpps: 1 },
        { type: "dscp_marking", dscp_mark: 8 },
      ],
    },
    wrong: {
      rules: {},
      "rules.0.max_kbps": "1",
      "rules.0.direction": "any",
      "rules.1.max_kpps": true,
      "rules.2.type": null,
    },
  },
];

const collectionOf = (path: string) => path.split("/").at(-1)!.replaceAll("-", "_");

/** What is listed when the collection holds that one object. */
async function listOne({ neutron, cloud }: FakeNeutron, kind: Kind, record: unknown) {
  cloud[collectionOf(kind.path)] = [record as FakeRecord];
  return await neutron.list(kind.path, kind.schema, signal);
}

/** A copy with the value at that path, such as `rules.0.type`; undefined: without it. */
function changed(record: FakeRecord, path: string, value: unknown): FakeRecord {
  const copy = structuredClone(record);
  const steps = path.split(".");
  // deno-lint-ignore no-explicit-any
  let at: any = copy;
  for (const step of steps.slice(0, -1)) at = at[step];
  if (value === undefined) delete at[steps.at(-1)!];
  else at[steps.at(-1)!] = value;
  return copy;
}

for (const kind of KINDS) {
  const { path, record, mayBeNull = [], wrong } = kind;

  Deno.test(`${path}: as a real Neutron sends it, it is understood`, () =>
    withNeutron(async (scene) => {
      const { items, refused } = await listOne(scene, kind, record);
      assertEquals([items.length, refused], [1, []]);
    }));

  Deno.test(`${path}: without any of its fields, or with null in its place, it is refused by name`, () =>
    withNeutron(async (scene) => {
      for (const field of Object.keys(record).filter((field) => field !== "id")) {
        const without = await listOne(scene, kind, changed(record, field, undefined));
        assertEquals(without.items, [], field);
        assertEquals(without.refused[0]!.id, record.id);
        assert(without.refused[0]!.why.startsWith(`${field} is missing`), without.refused[0]!.why);
        const { items, refused } = await listOne(scene, kind, changed(record, field, null));
        assertEquals(items.length, mayBeNull.includes(field) ? 1 : 0, `${field}: null`);
        if (refused[0]) assert(refused[0].why.startsWith(`${field}: `), refused[0].why);
      }
    }));

  Deno.test(`${path}: a field of another sort is refused by name, its value left out`, () =>
    withNeutron(async (scene) => {
      for (const [field, value] of Object.entries(wrong)) {
        const { items, refused } = await listOne(scene, kind, changed(record, field, value));
        assertEquals([items, refused.map(({ id }) => id)], [[], [record.id]], field);
        assert(refused[0]!.why.startsWith(field), `${field}: ${refused[0]!.why}`);
      }
    }));
}

Deno.test("a rule without one of its fields refuses its group, never makes it wider or empty", () =>
  withNeutron(async (scene) => {
    const kind = KINDS.find(({ path }) => path === "security-groups")!;
    for (const field of Object.keys(RULE).filter((field) => field !== "security_group_id")) {
      const { [field]: _, ...rule } = RULE as Record<string, unknown>;
      const damaged = { ...kind.record, security_group_rules: [RULE, rule] };
      const { items, refused } = await listOne(scene, kind, damaged);
      assertEquals(items, []);
      assertEquals(refused, [{ id: GROUP, why: `security_group_rules.1.${field} is missing` }]);
    }
  }));

Deno.test("a QoS rule without its amount refuses its policy", () =>
  withNeutron(async (scene) => {
    const kind = KINDS.find(({ path }) => path === "qos/policies")!;
    for (const field of ["rules.0.max_kbps", "rules.0.max_burst_kbps", "rules.1.max_kpps"]) {
      const { refused } = await listOne(scene, kind, changed(kind.record, field, undefined));
      assertEquals(refused[0]?.why, `${field} is missing`);
      const unset = await listOne(scene, kind, changed(kind.record, field, null));
      assertEquals(unset.items.length, 1, "null is no limit");
    }
  }));

Deno.test("only what was asked for has to be there", () =>
  withNeutron(async (scene) => {
    scene.cloud.security_groups = [{ id: GROUP, name: "web", revision_number: 1 }];
    const names = ["id", "name", "revision_number"];
    const { neutron } = scene;
    const found = await neutron
      .list("security-groups", securityGroupNameSchema, signal, { fields: names });
    assertEquals(found.items, [{ id: GROUP, name: "web", revision_number: 1 }]);
    const fields = [...names, "security_group_rules"];
    const { refused } = await neutron
      .list("security-groups", securityGroupNameSchema, signal, { fields });
    assertEquals(refused, [{ id: GROUP, why: "security_group_rules is missing" }]);
  }));

Deno.test("what a missing extension would bring does not have to be there", () =>
  withNeutron(async (scene) => {
    const { revision_number: _, ...network } = KINDS[1]!.record;
    scene.cloud.networks = [network as FakeRecord];
    const { neutron } = scene;
    const list = () => neutron.list("networks", networkSchema, signal);
    assertEquals((await list()).refused[0]?.why, "revision_number is missing");
    await neutron.askExtensions(signal);
    assertEquals((await list()).items.map(({ revision_number }) => revision_number), [0]);
  }, { aliases: ALL_EXTENSIONS.filter((alias) => alias !== "standard-attr-revisions") }));

Deno.test("without the extension binding nothing of ports is told at all", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = somePorts(3).map(({ "binding:host_id": _, ...port }) => port);
    const { neutron } = scene;
    await neutron.askExtensions(signal);
    for (
      const ask of [
        () => neutron.list("ports", revisionSchema, signal),
        () => neutron.listBy("ports", revisionSchema, signal, "id", ["p-000"]),
        () => neutron.confirmGone("ports", signal, ["p-009"], "p-000"),
      ]
    ) assertMatch(await failure(ask()), /extension binding .*nothing tells where a port is bound/);
    assertEquals((await neutron.list("networks", networkSchema, signal)).items, []);
  }, { aliases: ALL_EXTENSIONS.filter((alias) => alias !== "binding") }));

const UNNAMED: Record<string, [record: unknown, why: RegExp]> = {
  "null": [null, /it is null$/],
  "a list": [[], /it is a list$/],
  "a text": ["p-001", /it is a string$/],
  "without id": [{ revision_number: 1 }, /id is missing$/],
  "with id null": [{ id: null, revision_number: 1 }, /id is null$/],
  "with a number as id": [{ id: 7, revision_number: 1 }, /id is a number$/],
  "with an empty id": [{ id: "", revision_number: 1 }, /id is not one of Neutron's: ""$/],
  "with a path as id": [
    { id: "../p-001", revision_number: 1 },
    /not one of Neutron's: "\.\.\/p-001"$/,
  ],
};
for (const [what, [record, why]] of Object.entries(UNNAMED)) {
  Deno.test(`a record that is ${what} is refused by its place, and seen by nobody`, () =>
    withNeutron(async (scene) => {
      scene.cloud.ports!.push(...somePorts(6));
      scene.spoil = (page) => ({
        ...page,
        records: page.records.map((one) => (one as FakeRecord)?.id === "p-004" ? record : one),
      });
      const seen: unknown[] = [];
      const { items, refused } = await scene.neutron.list("ports", revisionSchema, signal, {
        known: (one) => !seen.push((one as FakeRecord).id),
      });
      assertEquals(items.length, 5);
      assertEquals(seen.length, 5);
      assertEquals(refused.map(({ id }) => id), [""]);
      assertMatch(refused[0]!.why, /^record 5 of http:.*\/v2\.0\/ports, after p-003: /);
      assertMatch(refused[0]!.why, why);
    }));
}

Deno.test("a reason is short, however long the record", () =>
  withNeutron(async (scene) => {
    scene.cloud.ports = [{ ...KINDS[0]!.record, device_id: `a b${"x".repeat(5000)}` }];
    const port = (await scene.neutron.list("ports", portSchema, signal)).refused[0]!;
    assert(port.why.length <= 200 && !port.why.includes("xxx"), port.why);
    scene.cloud.ports = [{ id: "x/".repeat(5000) }];
    const unnamed = (await scene.neutron.list("ports", revisionSchema, signal)).refused[0]!;
    assert(unnamed.why.length <= 200 && unnamed.id === "", unnamed.why);
  }));

Deno.test("a device or host that no key can hold is refused with what to do", () =>
  withNeutron(async (scene) => {
    const kind = KINDS[0]!;
    for (const value of ["a b", "a/b", "a\u0000b", "x".repeat(256)]) {
      for (
        const [field, advice] of [
          ["device_id", /^device_id: has a space, a slash .* give the port another one$/],
          [
            "binding:host_id",
            /^binding:host_id: has a space, a slash .* give the host another name$/,
          ],
        ] as const
      ) {
        const { refused } = await listOne(scene, kind, changed(kind.record, field, value));
        assertEquals(refused.map(({ id }) => id), [kind.record.id]);
        assertMatch(refused[0]!.why, advice);
      }
      const other = { ...kind.record, device_owner: "network:misc", device_id: value };
      assertEquals((await listOne(scene, kind, other)).items.length, 1, "it has no endpoint");
    }
  }));

Deno.test("ports that none shows its host are a missing right, a single one is damaged", () =>
  withNeutron(async (scene) => {
    const fields = ["id", "revision_number", "binding:host_id"];
    const list = () => scene.neutron.list("ports", revisionSchema, signal, { fields });
    const hidden = somePorts(20).map(({ "binding:host_id": _, ...port }) => port);
    scene.cloud.ports = hidden;
    assertMatch(await failure(list()), /shows nothing with binding:host_id: only an admin sees it/);
    scene.cloud.ports = [somePorts(1)[0]!, ...hidden.slice(1)];
    const { items, refused } = await list();
    assertEquals([items.length, refused.length], [1, 19]);
    assertMatch(refused[0]!.why, /^binding:host_id is missing: only an admin sees it/);
    const names = await scene.neutron
      .list("ports", revisionSchema, signal, { fields: ["id", "revision_number"] });
    assertEquals(names.items.length, 20);
  }, { pageSize: 100 }));

Deno.test("networks that none shows what an extension brings are told once, not each", () =>
  withNeutron(async (scene) => {
    scene.cloud.networks = Array.from({ length: 25 }, (_, i) => {
      const { qos_policy_id: _policy, ...network } = KINDS[1]!.record;
      return { ...network, id: `n-${10 + i}` };
    });
    const why = await failure(scene.neutron.list("networks", networkSchema, signal));
    assertMatch(why, /shows nothing with qos_policy_id: .*ML2's extension_drivers/);
  }, { pageSize: 100 }));
