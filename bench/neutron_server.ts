/**
 * A Neutron that costs next to nothing: its pages are made once, and again after a change, and served as
 * bytes. Ports are changed with `POST /change?count=N`, which answers with their ids; `GET /bytes` tells
 * how many bytes of bodies it has sent.
 *
 * Argument: how many ports. Prints its port number.
 *
 * @module
 */
import { Random } from "../lab/random.ts";
import { USES } from "../lib/openstack/extensions.ts";

const PORTS_PER_HOST = 20;
const PORTS_PER_NETWORK = 100;
const PORTS_PER_GROUP = 50;
const FILTERS = ["port_id", "network_id", "project_id", "device_id", "security_groups"];

const count = Number(Deno.args[0]);
const random = new Random(1);
const encoder = new TextEncoder();
const ids = (n: number) => Array.from({ length: n }, () => random.uuid()).sort();

const networkIds = ids(Math.max(1, Math.ceil(count / PORTS_PER_NETWORK)));
const groupIds = ids(Math.max(1, Math.ceil(count / PORTS_PER_GROUP)));
const subnetIds = ids(networkIds.length);
const project = random.hex(32);

type Item = Record<string, unknown> & { id: string; revision_number: number };
const collections: Record<string, Item[]> = {
  networks: networkIds.map((id, i) => ({
    id,
    revision_number: 1,
    name: `net-${i}`,
    qos_policy_id: null,
    subnets: [subnetIds[i]!],
  })),
  subnets: subnetIds.map((id, i) => ({
    id,
    revision_number: 1,
    network_id: networkIds[i]!,
    cidr: `10.${i >> 8 & 255}.${i & 255}.0/24`,
    enable_dhcp: true,
    gateway_ip: `10.${i >> 8 & 255}.${i & 255}.1`,
    host_routes: [],
    dns_nameservers: [],
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
  })),
  security_groups: groupIds.map((id, i) => ({
    id,
    revision_number: 1,
    name: `group-${i}`,
    security_group_rules: [22, 80, 443].map((port) => ({
      id: random.uuid(),
      direction: "ingress",
      ethertype: "IPv4",
      protocol: "tcp",
      port_range_min: port,
      port_range_max: port,
      remote_ip_prefix: null,
      remote_group_id: id,
    })),
  })),
  floatingips: [],
  policies: [],
  ports: ids(count).map((id, i) => ({
    id,
    revision_number: 1,
    name: `port-${i}`,
    description: "",
    network_id: networkIds[i % networkIds.length]!,
    device_id: random.uuid(),
    device_owner: "compute:nova",
    mac_address: `fa:16:3e:${(i >> 16 & 255).toString(16).padStart(2, "0")}:00:01`,
    project_id: project,
    tenant_id: project,
    admin_state_up: true,
    status: "ACTIVE",
    fixed_ips: [{
      ip_address: `10.${i % networkIds.length >> 8 & 255}.${i % networkIds.length & 255}.${
        2 + Math.floor(i / networkIds.length) % 250
      }`,
      subnet_id: subnetIds[i % networkIds.length]!,
    }],
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    security_groups: [groupIds[i % groupIds.length]!, groupIds[(i * 7 + 1) % groupIds.length]!],
    "binding:host_id": `host-${i % Math.max(1, Math.ceil(count / PORTS_PER_HOST))}`,
    "binding:vif_type": "tap",
    "binding:vnic_type": "normal",
    "binding:profile": {},
    "binding:vif_details": { port_filter: true, mac_address: "00:61:fe:ed:ca:fe" },
    dns_name: `vm-${i}`,
    dns_assignment: [{ ip_address: "10.0.0.1", hostname: `vm-${i}`, fqdn: `vm-${i}.example.` }],
    qos_policy_id: null,
    created_at: "2026-01-01T00:00:00Z",
    updated_at: "2026-01-01T00:00:00Z",
  })),
};

const cache = new Map<string, Uint8Array<ArrayBuffer>>();
let bytes = 0;

const indexes = new Map<string, Map<string, Item>>();

function indexOf(name: string): Map<string, Item> {
  let index = indexes.get(name);
  if (!index) {
    index = new Map((collections[name] ?? []).map((item) => [item.id, item]));
    indexes.set(name, index);
  }
  return index;
}

/** The place of an id in a list that is ordered by it. */
function placeOf(items: readonly Item[], id: string): number {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function page(url: URL): Uint8Array<ArrayBuffer> {
  const cached = cache.get(url.href);
  if (cached) return cached;
  const name = url.pathname.split("/").at(-1)!.replaceAll("-", "_");
  let items = collections[name] ?? [];
  const query = url.searchParams;
  const wanted = query.getAll("id");
  if (wanted.length > 0) {
    // Found as in a database, not by going through all of them.
    const index = indexOf(name);
    items = wanted.flatMap((id) => index.get(id) ?? []).sort((a, b) => a.id < b.id ? -1 : 1);
  }
  for (const filter of FILTERS) {
    const values = new Set(query.getAll(filter));
    if (values.size === 0) continue;
    items = items.filter(({ [filter]: held }) =>
      Array.isArray(held) ? held.some((one) => values.has(one)) : values.has(String(held))
    );
  }
  const marker = query.get("marker");
  let from = 0;
  if (marker) from = placeOf(items, marker) + 1;
  const limit = Number(query.get("limit"));
  const fields = query.getAll("fields");
  const shown = items.slice(from, from + limit).map((item) =>
    fields.length === 0
      ? item
      : Object.fromEntries(fields.filter((f) => f in item).map((f) => [f, item[f]]))
  );
  const links = [{ rel: "previous", href: "http://previous" }];
  if (shown.length === limit) links.push({ rel: "next", href: "http://next" });
  const body = encoder.encode(JSON.stringify({ [name]: shown, [`${name}_links`]: links }));
  if (wanted.length === 0) cache.set(url.href, body);
  return body;
}

Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => Deno.stdout.writeSync(encoder.encode(`${port}\n`)),
}, (request) => {
  const url = new URL(request.url);
  if (url.pathname === "/bytes") return Response.json(bytes);
  if (url.pathname === "/change") {
    const changed = new Set<Item>();
    while (changed.size < Math.min(count, Number(url.searchParams.get("count")))) {
      changed.add(random.pick(collections.ports!));
    }
    for (const port of changed) {
      port.revision_number++;
      port.mac_address = `fa:16:3f:00:00:${random.hex(2)}`;
    }
    // Made again at once: making a page is no part of what is measured.
    const urls = [...cache.keys()];
    cache.clear();
    for (const href of urls) page(new URL(href));
    return Response.json([...changed].map(({ id }) => id));
  }
  if (url.pathname.endsWith("/extensions")) {
    return Response.json({ extensions: USES.map(({ alias }) => ({ alias })) });
  }
  const body = page(url);
  bytes += body.length;
  return new Response(body, { headers: { "content-type": "application/json" } });
});
