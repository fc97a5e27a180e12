/**
 * Collections of Neutron that the service user sees only in part. Such a list comes with status 200; but a
 * port names what it belongs to, and Neutron keeps that as long as the port is there; a network names its
 * subnets. What they name is asked for by id: what does not come back, and is still named then, is hidden
 * from us.
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
/** Ports and networks that are looked at, and objects of each collection that are asked for. */
const MAX_LOOKED_AT = 1000;
const MAX_ASKED = 300;

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

const networksSchema = z.object({
  networks: z.array(z.object({ subnets: z.array(z.string()).catch([]) })),
});

/** What is named now, and how many ports were looked at. */
async function look(
  { openstack }: Config,
  auth: NeutronAuth,
  signal: AbortSignal,
): Promise<{ named: Map<Followed, Set<string>>; count: number }> {
  const read = async (path: string, fields: readonly string[]) => {
    const query = [`limit=${MAX_LOOKED_AT}`, ...fields.map((field) => `fields=${field}`)].join("&");
    return await auth.fetch(`${openstack.neutronUrl}/v2.0/${path}?${query}`, signal, readList);
  };
  const { ports } = portsSchema.parse(await read("ports", PORT_FIELDS));
  const { networks } = networksSchema.parse(await read("networks", ["id", "subnets"]));
  const named = new Map(NAMED.map(([collection, idsOf]) => {
    const ids = ports.flatMap(idsOf).filter((id) => id !== null && id !== "");
    return [collection, new Set(ids as string[])];
  }));
  for (const id of networks.flatMap(({ subnets }) => subnets)) named.get("subnets")!.add(id);
  return { named, count: ports.length };
}

/** What the check finds: one finding for each collection that is not seen whole. */
export async function checkView(
  config: Config,
  auth: NeutronAuth,
  signal: AbortSignal,
): Promise<Verdict | Finding[]> {
  const { named: all, count } = await look(config, auth, signal);
  const neutron = new NeutronClient(config.openstack, auth);
  const hidden = new Map<Followed, { asked: number; ids: string[] }>();
  for (const [collection, ids] of all) {
    const asked = [...ids].slice(0, MAX_ASKED);
    const { items, refused } = await neutron.listBy(
      collection,
      revisionSchema,
      signal,
      "id",
      asked,
    );
    const there = new Set([...items, ...refused].map(({ id }) => id));
    const missing = asked.filter((id) => !there.has(id));
    if (missing.length > 0) hidden.set(collection, { asked: asked.length, ids: missing });
  }
  // What was deleted meanwhile is not named any more.
  const still = hidden.size > 0 ? (await look(config, auth, signal)).named : all;
  const found: Finding[] = [];
  for (const [collection, { asked, ids }] of hidden) {
    const lost = ids.filter((id) => still.get(collection)!.has(id));
    if (lost.length > 0) found.push(named(NAME, describe(collection, asked, lost)));
  }
  if (found.length > 0) return found;
  const total = [...all.values()].reduce((sum, ids) => sum + Math.min(ids.size, MAX_ASKED), 0);
  return ok(
    `${total} objects that ${count} ports and the networks name were asked for; all are seen`,
  );
}

function describe(collection: Followed, asked: number, hidden: readonly string[]): Verdict {
  const { words } = COLLECTIONS[collection];
  return warning(
    `sees ${asked - hidden.length} of ${asked} ${words[1]} that ${
      collection === "subnets" ? "ports and networks name" : "ports name"
    }; not ${hidden[0]}`,
    "give the service user the rights of docs/openstack.md: until then nothing of what it sees in " +
      "part is deleted in etcd",
  );
}
