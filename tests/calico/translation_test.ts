import { throws } from "node:assert/strict";
import fc from "fast-check";
import type { z } from "zod";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { endpointName, endpointNameParts } from "../../lib/calico/keys.ts";
import { qosControls } from "../../lib/calico/qos.ts";
import { sanitize, SG_NAME_MAX } from "../../lib/calico/sanitize.ts";
import { dhcpSubnet } from "../../lib/calico/subnet.ts";
import {
  endpointHosts,
  liveMigration,
  type Related,
  workloadEndpoint,
} from "../../lib/calico/workload_endpoint.ts";
import {
  portSchema,
  qosPolicySchema,
  securityGroupSchema,
  subnetSchema,
} from "../../lib/openstack/records.ts";
import { Translator } from "../../lib/sync/model/translate.ts";

const SANITIZED: [string, number, string][] = [
  ["web tier", 63, "web_tier"],
  ["Ärzte & Söhne", 63, "rzte___S_hne"],
  ["!!!", 63, ""],
  ["-a-", 63, "a"],
  ["x".repeat(300), 63, "x".repeat(63)],
  ["default", SG_NAME_MAX, "default"],
];
for (const [name, max, expected] of SANITIZED) {
  Deno.test(`sanitise ${name.slice(0, 20)}`, () => assertEquals(sanitize(name, max), expected));
}

Deno.test("QoS rules are scaled and clamped, zero is omitted", () => {
  const policy = {
    id: "q",
    rules: [
      { type: "bandwidth_limit", direction: "egress" as const, max_kbps: 10, max_burst_kbps: 0 },
      { type: "bandwidth_limit", direction: "ingress" as const, max_kbps: 1e13, max_burst_kbps: 1 },
      { type: "packet_rate_limit", direction: "egress" as const, max_kpps: 999 },
    ],
  };
  assertEquals(qosControls(policy), {
    egressBandwidth: 10000,
    egressBurst: 4294967296,
    ingressBandwidth: 1e15,
    ingressBurst: 4294967296,
    ingressPeakrate: 1010,
    egressPacketRate: 10000,
    egressPacketBurst: 5,
  });
});

Deno.test("QoS options go with the limits that there are; connections are limited always", () => {
  const options = (n: number) => ({
    burstBits: n,
    minburstBytes: n,
    burstPackets: n,
    maxConnections: n,
  });
  const rules = [
    { type: "bandwidth_limit", direction: "egress" as const, max_kbps: 10, max_burst_kbps: 20 },
    { type: "bandwidth_limit", direction: "ingress" as const, max_kbps: 10, max_burst_kbps: 0 },
    { type: "packet_rate_limit", direction: "ingress" as const, max_kpps: 1 },
  ];
  assertEquals(qosControls(undefined, { ingress: options(0), egress: options(7) }), {
    egressMaxConnections: 7,
  });
  assertEquals(qosControls({ rules }, { ingress: options(2000), egress: options(1e12) }), {
    egressBandwidth: 10000,
    egressPeakrate: 20000,
    egressBurst: 34359738360,
    egressMinburst: 1e8,
    egressMaxConnections: 4294967295,
    ingressBandwidth: 10000,
    ingressBurst: 2000,
    ingressPacketRate: 1000,
    ingressPacketBurst: 2000,
    ingressMaxConnections: 2000,
  });
  assertEquals(qosControls({ rules }, { ingress: options(0), egress: options(0) }), {
    egressBandwidth: 10000,
    egressPeakrate: 20000,
    egressBurst: 4294967296,
    ingressBandwidth: 10000,
    ingressBurst: 4294967296,
    ingressPacketRate: 1000,
    ingressPacketBurst: 5,
  });
});

const PLAIN_SUBNET = {
  id: "s",
  network_id: "n",
  cidr: "10.0.0.0/24",
  enable_dhcp: false,
  gateway_ip: null,
  host_routes: [],
  dns_nameservers: [],
  ipv6_ra_mode: null,
  ipv6_address_mode: null,
};

const related: Related = {
  unavailable: new Set(),
  namespace: "openstack",
  networks: new Map([["n", { id: "n", name: "web tier", qos_policy_id: null }]]),
  subnets: new Map([["s", subnetSchema.parse({ ...PLAIN_SUBNET, gateway_ip: "10.0.0.1" })]]),
  securityGroups: new Map([["g", { name: "my web" }]]),
  floatingIps: new Map([["p-1", [{
    id: "f",
    port_id: "p-1",
    fixed_ip_address: "10.0.0.5",
    floating_ip_address: "198.51.100.5",
  }]]]),
  qosPolicies: new Map(),
  projects: new Map([["t", { id: "t", name: "shop", parent_id: "default" }]]),
};
const port = (fields: Record<string, unknown> = {}) =>
  portSchema.parse({
    id: "p-1",
    network_id: "n",
    device_id: "d",
    device_owner: "compute:nova",
    mac_address: "fa:16:3e:00:00:01",
    project_id: "t",
    status: "ACTIVE",
    fixed_ips: [{ ip_address: "10.0.0.5", subnet_id: "s" }],
    allowed_address_pairs: [{ ip_address: "10.9.0.9" }, { ip_address: "fd00::1" }],
    security_groups: ["g"],
    "binding:host_id": "host-1",
    "binding:vif_type": "tap",
    dns_assignment: [{ fqdn: "vm.example." }],
    ...fields,
  });

Deno.test("an endpoint shows its port and what surrounds it", () => {
  assertEquals(workloadEndpoint(port(), "host-1", related), {
    kind: "WorkloadEndpoint",
    name: "host--1-openstack-d-p--1",
    keep: [],
    labels: {
      "projectcalico.org/namespace": "openstack",
      "projectcalico.org/orchestrator": "openstack",
      "sg.projectcalico.org/openstack-g": "my_web",
      "sg-name.projectcalico.org/openstack-my_web": "g",
      "projectcalico.org/openstack-project-id": "t",
      "projectcalico.org/openstack-project-name": "shop",
      "projectcalico.org/openstack-project-parent-id": "default",
      "projectcalico.org/openstack-network-name": "web_tier",
    },
    annotations: {
      "openstack.projectcalico.org/network-id": "n",
      "openstack.projectcalico.org/fqdn": "vm.example.",
    },
    spec: {
      orchestrator: "openstack",
      workload: "d",
      node: "host-1",
      endpoint: "p-1",
      interfaceName: "tapp-1",
      mac: "fa:16:3e:00:00:01",
      ipNetworks: ["10.0.0.5/32", "10.9.0.9/32", "fd00::1/128"],
      allowedIps: ["10.9.0.9/32", "fd00::1/128"],
      ipv4Gateway: "10.0.0.1",
      ipNATs: [{ internalIP: "10.0.0.5", externalIP: "198.51.100.5" }],
    },
  });
});

const PAIRS = [
  "0.0.0.0/0",
  "0.0.0.0/1",
  "128.0.0.0/1",
  "::/0",
  "10.244.0.0/16",
  "10.9.0.9",
  "10.9.1.9/32",
];

Deno.test("an allowed address pair is written when it is one address", () => {
  const pairs = PAIRS.map((ip_address) => ({ ip_address }));
  const { spec, inexpressible } = workloadEndpoint(
    port({ allowed_address_pairs: [...pairs, { ip_address: "1.2.3" }] }),
    "host-1",
    related,
  );
  assertEquals(spec.allowedIps, ["10.9.0.9/32", "10.9.1.9/32"]);
  assertEquals(spec.ipNetworks, ["10.0.0.5/32", "10.9.0.9/32", "10.9.1.9/32"]);
  assertEquals(
    inexpressible!.map((name) => /^port p-1: "(\S+)" is (no|a network)/.exec(name)?.slice(1)),
    [...PAIRS.slice(0, 5).map((pair) => [pair, "a network"]), ["1.2.3", "no"]],
  );
});

Deno.test("an allowed address pair that is a network is written within address_pair_networks", () => {
  const translator = new Translator(null, { pairNetworks: ["10.244.0.0/15", "fd00::/8"] });
  const pairs = [...PAIRS, "10.244.7.0/24", "fd00:1::/64", "10.0.0.0/8"];
  const [endpoint] = translator.port(
    port({ allowed_address_pairs: pairs.map((ip_address) => ({ ip_address })) }),
    related,
  );
  assertEquals(endpoint!.resource!.spec.allowedIps, [
    "10.244.0.0/16",
    "10.9.0.9/32",
    "10.9.1.9/32",
    "10.244.7.0/24",
    "fd00:1::/64",
  ]);
  assertEquals(endpoint!.resource!.inexpressible!.length, 5);
});

Deno.test("a fixed address that Felix cannot read is not written", () => {
  const fixed = { fixed_ips: [{ ip_address: "10.0.0", subnet_id: "s" }] };
  const write = () => workloadEndpoint(port(fixed), "host-1", related);
  throws(write, /fixed_ips: "10.0.0" is no address/);
});

const SLOTS: [string, Record<string, unknown>, string[]][] = [
  ["bound", {}, ["host-1"]],
  ["unbound", { "binding:host_id": "", "binding:vif_type": "unbound" }, []],
  ["host without binding", { "binding:vif_type": "unbound" }, []],
  ["migrating", { "binding:profile": { migrating_to: "host-2" } }, ["host-1", "host-2"]],
  ["migrating while unbound", {
    "binding:vif_type": "unbound",
    "binding:profile": { migrating_to: "host-2" },
  }, ["host-1", "host-2"]],
];
for (const [what, fields, hosts] of SLOTS) {
  Deno.test(`slots of a port that is ${what}`, () =>
    assertEquals(endpointHosts(port(fields)), hosts));
}

Deno.test("a migrating port has a LiveMigration named like its endpoint at the target", () => {
  const migration = liveMigration(
    port({ "binding:profile": { migrating_to: "h2" } }),
    "openstack",
  )!;
  assertEquals(migration.name, "h2-openstack-d-p--1");
  assertEquals(migration.spec, {
    source: {
      workloadEndpoint: {
        hostname: "host-1",
        orchestratorID: "openstack",
        workloadID: "openstack/d",
        endpointID: "p-1",
      },
    },
    target: {
      workloadEndpoint: {
        hostname: "h2",
        orchestratorID: "openstack",
        workloadID: "openstack/d",
        endpointID: "p-1",
      },
    },
  });
  assertEquals(liveMigration(port(), "openstack"), null);
});

Deno.test("a subnet is written only with DHCP, servers and modes only when there are any", () => {
  assertEquals(dhcpSubnet(subnetSchema.parse(PLAIN_SUBNET)), null);
  assertEquals(dhcpSubnet(subnetSchema.parse({ ...PLAIN_SUBNET, enable_dhcp: true })), {
    network_id: "n",
    cidr: "10.0.0.0/24",
    host_routes: [],
    gateway_ip: null,
  });
});

Deno.test("endpoint names tell their host back, for any parts", () => {
  const part = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,12}[a-z0-9])?$/);
  fc.assert(fc.property(part, part, part, (host, device, id) => {
    assertEquals(endpointNameParts(endpointName(host, device, id))?.host, host);
  }));
});

const anyId = fc.oneof(fc.uuid(), fc.string());
const anyText = fc.option(fc.string());

/** What comes of records drawn from `shape`: every one an object, twice the same, or refused by name. */
function holdsForAny<T>(
  shape: fc.Arbitrary<unknown>,
  schema: z.ZodType<T>,
  translate: (record: T) => { key: string }[],
): void {
  let [understood, refused] = [0, 0];
  fc.assert(
    fc.property(shape, (raw) => {
      const parsed = schema.safeParse(raw);
      if (!parsed.success) {
        refused++;
        assert(parsed.error.issues[0]!.path.length > 0, "the refusal names no field");
        return;
      }
      understood++;
      const once = translate(parsed.data);
      assertEquals(JSON.stringify(once), JSON.stringify(translate(schema.parse(raw))));
      for (const { key } of once) assertMatch(key, /^\/calico(?:\/[^/\s]+)+$/);
    }),
    { numRuns: 1000 },
  );
  assert(understood > 20 && refused > 20, `${understood} understood, ${refused} refused`);
}

Deno.test("any Neutron-shaped port gives objects or a named refusal", () => {
  const mostly = (usual: unknown, other: fc.Arbitrary<unknown>) =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, other);
  const anyPort = fc.record({
    id: fc.oneof({ weight: 9, arbitrary: fc.uuid() }, fc.string()),
    network_id: fc.uuid(),
    device_id: fc.oneof(anyText, fc.uuid()),
    device_owner: mostly("compute:nova", fc.constantFrom("network:dhcp", "kuryr:container", null)),
    mac_address: fc.oneof(
      { weight: 15, arbitrary: fc.constant("fa:16:3e:00:00:01") },
      anyText,
    ),
    project_id: anyText,
    status: fc.constantFrom("ACTIVE", "DOWN"),
    fixed_ips: fc.array(
      fc.record({ ip_address: fc.oneof(fc.ipV4(), fc.ipV6()), subnet_id: fc.uuid() }),
    ),
    allowed_address_pairs: fc.option(fc.array(fc.record({ ip_address: fc.ipV4Extended() }))),
    security_groups: fc.option(fc.array(fc.uuid())),
    "binding:host_id": mostly("host-1", anyText),
    "binding:vif_type": mostly("tap", fc.constantFrom("unbound", null)),
    "binding:profile": mostly({}, fc.record({ migrating_to: mostly("host-2", anyText) })),
    dns_assignment: fc.option(fc.array(fc.record({ fqdn: anyText }))),
    qos_policy_id: fc.option(fc.uuid()),
  });
  holdsForAny(anyPort, portSchema, (port) => new Translator(null).port(port, related));
});

Deno.test("any Neutron-shaped security group gives a policy or a named refusal", () => {
  const anyNumber = fc.option(fc.oneof(fc.integer(), fc.integer().map(String)));
  const anyGroup = fc.record({
    id: anyId,
    name: anyText,
    security_group_rules: fc.array(
      fc.record({
        id: fc.uuid(),
        direction: fc.constantFrom("ingress", "egress"),
        ethertype: fc.constantFrom("IPv4", "IPv6"),
        protocol: fc.oneof(
          fc.constantFrom("tcp", "icmp", "ipv6-icmp", "any", "-1", null),
          anyNumber,
          anyText,
        ),
        port_range_min: anyNumber,
        port_range_max: anyNumber,
        remote_ip_prefix: anyText,
        remote_group_id: fc.option(fc.uuid()),
      }),
      { maxLength: 4 },
    ),
  });
  holdsForAny(anyGroup, securityGroupSchema, (group) => [new Translator("north").group(group)]);
});

Deno.test("any Neutron-shaped subnet gives a value, nothing, or a named refusal", () => {
  const anySubnet = fc.record({
    id: anyId,
    network_id: fc.uuid(),
    cidr: fc.oneof(
      fc.ipV4().map((ip) => `${ip}/24`),
      fc.ipV6().map((ip) => `${ip}/64`),
      fc.string(),
    ),
    enable_dhcp: fc.boolean(),
    gateway_ip: fc.option(fc.ipV4()),
    host_routes: fc.option(fc.array(fc.record({ destination: fc.ipV4(), nexthop: fc.ipV4() }))),
    dns_nameservers: fc.option(fc.array(fc.string())),
    ipv6_ra_mode: anyText,
    ipv6_address_mode: anyText,
  });
  holdsForAny(anySubnet, subnetSchema, (subnet) => {
    return new Translator(null).subnet(subnet);
  });
});

Deno.test("any QoS policy gives whole numbers within their ranges", () => {
  const anyRule = fc.record({
    type: fc.constantFrom("bandwidth_limit", "packet_rate_limit", "dscp_marking"),
    direction: fc.constantFrom("ingress", "egress"),
    max_kbps: fc.option(fc.integer()),
    max_burst_kbps: fc.option(fc.integer()),
    max_kpps: fc.option(fc.integer()),
  });
  fc.assert(fc.property(fc.array(anyRule), (rules) => {
    const policy = qosPolicySchema.parse({ id: "q", rules });
    for (const value of Object.values(qosControls(policy))) {
      assert(Number.isInteger(value) && value >= 1 && value <= 1.01e15, String(value));
    }
  }));
});
