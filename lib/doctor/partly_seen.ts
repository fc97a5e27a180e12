/**
 * Collections of Neutron that the service user sees only in part. Such a list comes with status 200; but a
 * port names what it belongs to, and Neutron keeps that as long as the port is there. What it names is asked
 * for by id: what does not come back is hidden from us.
 *
 * @module
 */
import { z } from "zod";
import type { Config } from "../config/config_types.ts";
import { floatingIpOf, revisionSchema } from "../openstack/records.ts";
import type { NeutronAuth } from "./asked_again.ts";
import { readList } from "../openstack/http.ts";
import { NeutronClient } from "../openstack/neutron.ts";
import { COLLECTIONS, type Followed } from "../sync/model/collections.ts";
import { type Finding, named, ok, type Verdict, warning } from "./check.ts";

const NAME = "Neutron view";
/** Ports that are looked at, and objects of each collection that are asked for. */
const MAX_PORTS = 1000;
const MAX_ASKED = 30;

const PORT_FIELDS = [
  "id",
  "network_id",
  "fixed_ips",
  "security_groups",
  "qos_policy_id",
  "device_owner",
  "device_id",
  "project_id",
];
const portsSchema = z.object({
  ports: z.array(z.object({
    network_id: z.string().catch(""),
    fixed_ips: z.array(z.object({ subnet_id: z.string() })).catch([]),
    security_groups: z.array(z.string()).catch([]),
    qos_policy_id: z.string().nullable().catch(null),
    device_owner: z.string().catch(""),
    device_id: z.string().catch(""),
    // Neutron's own ports have none; where that is not told, it is not known whose they are.
    project_id: z.string().catch("?"),
  })),
});
type NamingPort = z.infer<typeof portsSchema>["ports"][number];

/** Which objects a port names. */
const NAMED: readonly (readonly [Followed, (port: NamingPort) => readonly (string | null)[]])[] = [
  ["networks", ({ network_id }) => [network_id]],
  ["subnets", ({ fixed_ips }) => fixed_ips.map(({ subnet_id }) => subnet_id)],
  ["security-groups", ({ security_groups }) => security_groups],
  ["qos/policies", ({ qos_policy_id }) => [qos_policy_id]],
  ["floatingips", (port) => [floatingIpOf(port)]],
];

/** What the check finds: one finding for each collection that is not seen whole. */
export async function checkView(
  config: Config,
  auth: NeutronAuth,
  signal: AbortSignal,
): Promise<Verdict | Finding[]> {
  const fields = PORT_FIELDS.map((field) => `fields=${field}`).join("&");
  const url = `${config.openstack.neutronUrl}/v2.0/ports?limit=${MAX_PORTS}&${fields}`;
  const { ports } = portsSchema.parse(await auth.fetch(url, signal, readList));
  const neutron = new NeutronClient(config.openstack, auth);
  const found: Finding[] = [];
  for (const [collection, idsOf] of NAMED) {
    const ids = [...new Set(ports.flatMap(idsOf))].filter((id) => id).slice(0, MAX_ASKED);
    if (ids.length === 0) continue;
    const asked = ids as string[];
    const { items, refused } = await neutron.listBy(
      collection,
      revisionSchema,
      signal,
      "id",
      asked,
    );
    const there = new Set([...items, ...refused].map(({ id }) => id));
    const hidden = asked.filter((id) => !there.has(id));
    if (hidden.length > 0) found.push(named(NAME, describe(collection, asked.length, hidden)));
  }
  if (found.length > 0) return found;
  return ok(`all that ${ports.length} ports name is seen`);
}

function describe(collection: Followed, asked: number, hidden: readonly string[]): Verdict {
  const { words } = COLLECTIONS[collection];
  return warning(
    `sees ${asked - hidden.length} of ${asked} ${words[1]} that ports name; not ${hidden[0]}`,
    "give the service user the rights of docs/openstack.md: until then nothing of what it sees in " +
      "part is deleted in etcd",
  );
}
