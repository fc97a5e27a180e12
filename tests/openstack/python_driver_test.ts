/**
 * The Python driver and we write the same: a full resync by either finds nothing of the other's to write
 * again, but for the deliberate differences of docs/compatibility.md. Which objects those are is worked out
 * here from Neutron's own objects.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { Bed } from "./support/bed.ts";
import { HOSTS, seededCloud } from "./support/cloud.ts";
import { Conductor } from "./support/conductor.ts";
import { Felixes } from "./support/felix.ts";
import {
  pythonDriverMissing,
  pythonResync,
  type Raw,
  readRaw,
  writes,
} from "./support/python_driver.ts";
import type { Json } from "./support/rest.ts";
import { Scenery } from "./support/scenery.ts";

/** grpc-js keeps the deadline timer of a cancelled stream until it would have ended. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const RESOURCES = "/calico/resources/v3/projectcalico.org";
/** Nothing is written but when a test asks for it. */
const QUIET = ["--incremental-interval=0", "--resync-interval=86400", "--notification-topics=none"];

interface Region {
  readonly region: string | null;
  readonly namespace: string;
  /** Options, and what the Python driver calls them. */
  readonly ours: readonly string[];
  readonly theirs: Readonly<Record<string, string | number>>;
}

const REGIONS: readonly Region[] = [
  { region: null, namespace: "openstack", ours: [], theirs: {} },
  {
    region: "north-1",
    namespace: "openstack-region-north-1",
    ours: [
      "--region=north-1",
      "--max-ingress-connections-per-port=7",
      "--egress-burst-bits=5000",
      "--ingress-minburst-bytes=2000",
      "--egress-burst-packets=70000",
    ],
    theirs: {
      openstack_region: "north-1",
      max_ingress_connections_per_port: 7,
      egress_burst_bits: 5000,
      ingress_minburst_bytes: 2000,
      egress_burst_packets: 70000,
    },
  },
];

// ---- what differs on purpose

/** Is the rule one of those that the Python driver writes otherwise (docs/compatibility.md)? */
function differs(rule: Json): boolean {
  const { protocol, port_range_min: min, port_range_max: max } = rule;
  if (rule.remote_address_group_id) return true;
  if (["hopopt", "ip", "0", "1", "58", "icmpv6"].includes(protocol)) return true;
  if (["icmp", "ipv6-icmp"].includes(protocol)) return min === 255 || max === 255;
  if (min === null) return false;
  return !["tcp", "udp", "sctp", "6", "17", "132"].includes(protocol) || min < 1;
}

interface Deliberate {
  /** What both write, in two ways. */
  readonly updated: string[];
  /** What the Python driver alone writes. */
  readonly theirs: string[];
  /** What it writes under another key, since its client of etcd encodes keys as Latin-1. */
  readonly encoded: string[];
}

/** Latin-1 read as UTF-8. */
function misread(key: string): string {
  return new TextDecoder().decode(Uint8Array.from(key, (letter) => letter.charCodeAt(0)));
}

/** Keys on which the two differ on purpose. */
async function deliberate({ neutron }: Bed, namespace: string): Promise<Deliberate> {
  const key = (kind: string, name: string) => `${RESOURCES}/${kind}/${namespace}/${name}`;
  const nameAt = (host: string, { id, device_id }: Json) =>
    [host, "openstack", device_id, id].map((part) => part.replaceAll("-", "--")).join("-");
  const updated: string[] = [];
  const theirs: string[] = [];
  const encoded: string[] = [];
  for (const { id, security_group_rules } of await neutron.list("security-groups")) {
    if (security_group_rules.some(differs)) {
      updated.push(key("networkpolicies", `ossg.default.${id}`));
    }
  }
  for (const port of await neutron.list("ports")) {
    if (!/^(compute:|kuryr:container)/.test(port.device_owner)) continue;
    const [host, target] = [port["binding:host_id"], port["binding:profile"].migrating_to ?? ""];
    if (port.allowed_address_pairs.some(({ ip_address }: Json) => ip_address.includes("/"))) {
      for (const at of new Set([host, target])) {
        if (at !== "") updated.push(key("workloadendpoints", nameAt(at, port)));
      }
    }
    for (const at of new Set([host, target])) {
      const name = nameAt(at, port);
      if (at !== "" && /[^ -~]/.test(name)) encoded.push(key("workloadendpoints", name));
    }
    if (host === "") theirs.push(key("workloadendpoints", nameAt(host, port)));
    if (target !== "" && ["", target].includes(host)) {
      theirs.push(key("livemigrations", nameAt(target, port)));
    }
  }
  return { updated: updated.sort(), theirs: theirs.sort(), encoded: encoded.sort() };
}

/** Everything that the two may differ in, beside the seeded cloud, which has no address groups. */
async function peculiar(bed: Bed, scenery: Scenery): Promise<void> {
  const group = await scenery.make("address-groups", "address_group", {
    name: "offices",
    addresses: ["192.0.2.0/28", "2001:db8:5::/64"],
  });
  const make = async (name: string, ...rules: Json[]) => {
    const { id } = await scenery.make("security-groups", "security_group", { name });
    for (const rule of rules) {
      await bed.neutron.post("security-group-rules", {
        security_group_rule: {
          security_group_id: id,
          ethertype: "IPv4",
          direction: "ingress",
          ...rule,
        },
      });
    }
    return id;
  };
  const same = await make(
    "the same in both",
    { protocol: "tcp", port_range_min: 80, port_range_max: 80 },
    { protocol: "icmp", port_range_min: 8, port_range_max: 0, remote_ip_prefix: "192.0.2.0/24" },
    { direction: "egress", ethertype: "IPv6", protocol: "ipv6-icmp" },
  );
  const other = await make(
    "not the same",
    { protocol: "tcp", remote_address_group_id: group.id },
    { direction: "egress", ethertype: "IPv6", remote_address_group_id: group.id },
    { protocol: "icmp", port_range_min: 255 },
  );
  const [host, to] = HOSTS as [string, string];
  await scenery.port(host, {
    security_groups: [same],
    allowed_address_pairs: [{ ip_address: "198.51.100.7" }, { ip_address: "2001:db8::7" }],
  });
  await scenery.port(host, {
    security_groups: [same, other],
    allowed_address_pairs: [{ ip_address: "198.51.100.8/32" }, { ip_address: "0.0.0.0/0" }],
  });
  await scenery.port(host, { "binding:profile": { migrating_to: to } });
  await scenery.port("", { security_groups: [same] });
}

// ---- comparison

/** Values by key; v3 resources without the order of their fields. */
function contents(state: ReadonlyMap<string, Raw>): Record<string, string> {
  const sorted = (_: string, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value;
  return Object.fromEntries(
    [...state].map(([key, { value }]) => [
      key,
      key.startsWith(RESOURCES) ? JSON.stringify(JSON.parse(value), sorted) : value,
    ]),
  );
}

const missing = await pythonDriverMissing();
Deno.test({
  name: `the Python driver and we find nothing of each other's to write again${
    missing ? ` (left out: ${missing})` : ""
  }`,
  ignore: missing !== null,
  ...GRPC,
}, async (t) => {
  const bed = await Bed.open();
  await using conductor = await Conductor.create(bed, { args: QUIET });
  await using felixes = await Felixes.start(conductor.etcd, HOSTS);
  await felixes.alive(bed);
  await seededCloud(bed);
  await using scenery = await Scenery.create(bed, "python-driver", 245);
  await peculiar(bed, scenery);
  for (const { region, namespace, ours, theirs } of REGIONS) {
    await t.step(`region ${region ?? "unnamed"}`, async (t) => {
      await using node = await Conductor.create(bed, { args: [...QUIET, ...ours] });
      const { etcd } = node;
      const expected = await deliberate(bed, namespace);
      assert(expected.updated.length > 5 && expected.theirs.length > 5);
      const resync = async () => {
        const { code, text } = await node.node.command("resync");
        assertEquals(code, 0, text);
        return await readRaw(etcd);
      };
      const python = async (before: Map<string, Raw>) => {
        const said = await pythonResync(bed, node.server.url, theirs);
        const after = await readRaw(etcd);
        const { created, updated, deleted } = writes(before, after);
        assertEquals(
          { created: said.created, updated: said.updated, deleted: said.deleted },
          { created: created.length, updated: updated.length, deleted: deleted.length },
          "what it says is what it wrote",
        );
        return after;
      };
      await t.step("ours, theirs, ours", async () => {
        const first = await resync();
        const second = await python(first);
        assertEquals(writes(first, second), {
          created: expected.theirs,
          updated: expected.updated,
          deleted: [],
        });
        const third = await resync();
        assertEquals(writes(second, third), {
          created: [],
          updated: expected.updated,
          deleted: expected.theirs,
        });
        assertEquals(contents(third), contents(first));
      });
      await t.step("theirs into an empty etcd, ours, theirs", async () => {
        const first = await resync();
        const kept = new Map([...first].filter(([key]) => key.endsWith("s/default")));
        for (const key of first.keys()) if (!kept.has(key)) await etcd.delete().key(key).exec();
        const second = await python(kept);
        const third = await resync();
        assertEquals(writes(second, third), {
          created: expected.encoded,
          updated: expected.updated,
          deleted: [...expected.theirs, ...expected.encoded.map(misread)].sort(),
        });
        assertEquals(writes(third, await python(third)), {
          created: expected.theirs,
          updated: expected.updated,
          deleted: [],
        });
      });
    });
  }
});
