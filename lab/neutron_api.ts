/**
 * A small Networking API v2.0: lists with paging, `fields` and filters; create, update and delete of what
 * the tests and the scenario change; refusals as a real Neutron gives them.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Cloud, Collection, Item } from "./model.ts";
import type { Random } from "./random.ts";
import { makeRule } from "./seed.ts";

/** Path below /v2.0 → collection and the name of one object. */
const PATHS: Record<string, { collection: Collection; one: string }> = {
  "networks": { collection: "networks", one: "network" },
  "subnets": { collection: "subnets", one: "subnet" },
  "ports": { collection: "ports", one: "port" },
  "security-groups": { collection: "security_groups", one: "security_group" },
  "floatingips": { collection: "floatingips", one: "floatingip" },
  "qos/policies": { collection: "policies", one: "policy" },
  "address-groups": { collection: "address_groups", one: "address_group" },
  "agents": { collection: "agents", one: "agent" },
};
const FILTERS = new Set([
  "id",
  "name",
  "network_id",
  "device_id",
  "device_owner",
  "project_id",
  "tenant_id",
  "binding:host_id",
  "security_groups",
  "fixed_ips",
  "floating_ip_address",
  "revision_number",
  "status",
  "port_id",
  "host",
  "agent_type",
]);
const PAGING = new Set(["limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir"]);
/** Ids in one request, as many as fit into uWSGI's default buffer. */
const MAX_IDS = 36;
/** Collections in which an unknown marker is an error; the others begin their list anew. */
const KNOWS_MARKERS: readonly Collection[] = ["ports", "networks"];

type Refusal = { status: 400 | 404; type: string; message: string };

function refuse(c: Context, { status, type, message }: Refusal): Response {
  return c.json({ NeutronError: { type, message, detail: "" } }, status);
}

function matches(item: Item, name: string, wanted: readonly string[]): boolean {
  const value = item[name];
  if (name === "security_groups") return (value as string[]).some((id) => wanted.includes(id));
  if (name === "fixed_ips") {
    const ips = value as Record<string, string>[];
    return wanted.every((want) => {
      const [field, content] = want.split("=");
      return ips.some((ip) => ip[field!] === content);
    });
  }
  return wanted.includes(String(value));
}

/** An object with what is not kept with it. */
function whole(cloud: Cloud, collection: Collection, item: Item): Item {
  return collection === "networks" ? { ...item, subnets: cloud.subnetsOf(item.id) } : item;
}

function project(item: Item, fields: readonly string[]): Record<string, unknown> {
  if (fields.length === 0) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => fields.includes(name)));
}

/** Links to the pages beside this one: always to the previous one, and to the next while pages are full. */
function linksOf(url: URL, shown: readonly Item[], full: boolean) {
  const link = (rel: string, marker: Item | undefined, reverse: boolean) => {
    const href = new URL(url);
    href.searchParams.delete("marker");
    href.searchParams.delete("page_reverse");
    if (marker) href.searchParams.set("marker", marker.id);
    if (reverse) href.searchParams.set("page_reverse", "True");
    return { rel, href: href.href };
  };
  const previous = link("previous", shown[0], true);
  return full ? [link("next", shown.at(-1), false), previous] : [previous];
}

/** A page of a collection with its links, or why there is none. */
function page(url: URL, path: string, cloud: Cloud): Record<string, unknown> | Refusal {
  const { collection } = PATHS[path]!;
  const query = url.searchParams;
  for (const name of new Set(query.keys())) {
    if (FILTERS.has(name) || PAGING.has(name)) continue;
    return { status: 400, type: "HTTPBadRequest", message: `Invalid filters: ${name}.` };
  }
  let items = cloud.list(collection);
  for (const name of new Set(query.keys())) {
    if (FILTERS.has(name)) items = items.filter((item) => matches(item, name, query.getAll(name)));
  }
  const reverse = query.get("page_reverse") === "True";
  if (reverse) items.reverse();
  const marker = query.get("marker");
  if (marker && cloud.get(collection, marker)) {
    items = items.filter(({ id }) => reverse ? id < marker : id > marker);
  } else if (marker && KNOWS_MARKERS.includes(collection)) {
    const message = `The resource could not be found: marker ${marker}`;
    return { status: 404, type: "HTTPNotFound", message };
  }
  const limit = Number(query.get("limit") ?? 0);
  const shown = limit > 0 ? items.slice(0, limit) : items;
  const answer: Record<string, unknown> = {
    [collection]: shown.map((item) =>
      project(whole(cloud, collection, item), query.getAll("fields"))
    ),
  };
  if (limit > 0) answer[`${collection}_links`] = linksOf(url, shown, shown.length === limit);
  return answer;
}

/** The extensions that the lab has. */
const EXTENSIONS = [
  "address-group",
  "agent",
  "allowed-address-pairs",
  "binding",
  "data-plane-status",
  "dns-integration",
  "filter-validation",
  "pagination",
  "port-security-groups-filtering",
  "qos",
  "router",
  "security-group",
  "sorting",
  "standard-attr-revisions",
];

/** What Neutron fills in when an object is created without it. */
const DEFAULTS: Partial<Record<Collection, Record<string, unknown>>> = {
  networks: {
    name: "",
    admin_state_up: true,
    status: "ACTIVE",
    shared: false,
    qos_policy_id: null,
  },
  subnets: {
    name: "",
    enable_dhcp: true,
    gateway_ip: null,
    host_routes: [],
    dns_nameservers: [],
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
  },
  ports: {
    name: "",
    admin_state_up: true,
    status: "DOWN",
    mac_address: "fa:16:3e:00:00:03",
    device_id: "",
    device_owner: "",
    project_id: "",
    fixed_ips: [],
    allowed_address_pairs: [],
    security_groups: [],
    "binding:vnic_type": "normal",
    "binding:host_id": "",
    "binding:vif_type": "unbound",
    "binding:profile": {},
    qos_policy_id: null,
    dns_name: "",
    dns_assignment: [],
  },
  security_groups: { name: "", description: "", security_group_rules: [] },
  floatingips: { port_id: null, fixed_ip_address: null },
  policies: { name: "", rules: [] },
};

/** The API below /v2.0. */
export function neutronApi(cloud: Cloud, random: Random): Hono {
  const app = new Hono();
  for (const path of Object.keys(PATHS)) addCollection(app, path, cloud, random);
  app.post("/security-group-rules", async (c) => {
    const fields = (await c.req.json()).security_group_rule;
    const group = cloud.get("security_groups", fields.security_group_id);
    if (!group) {
      return refuse(c, { status: 404, type: "SecurityGroupNotFound", message: "no such group" });
    }
    const rule = makeRule(random, group, fields);
    const rules = [...group.security_group_rules as unknown[], rule];
    cloud.change("security_groups", group.id, { security_group_rules: rules });
    return c.json({ security_group_rule: rule }, 201);
  });
  app.get("/extensions", (c) => {
    return c.json({ extensions: EXTENSIONS.map((alias) => ({ alias, name: alias })) });
  });
  return app;
}

/** The routes of one collection. */
function addCollection(app: Hono, path: string, cloud: Cloud, random: Random): void {
  const { collection, one } = PATHS[path]!;
  const shown = (c: Context, item: Item | undefined) => {
    if (item) return c.json({ [one]: whole(cloud, collection, item) });
    const message = `${one} ${c.req.param("id")} could not be found.`;
    return refuse(c, { status: 404, type: "HTTPNotFound", message });
  };
  app.get(`/${path}`, (c) => {
    const url = new URL(c.req.url);
    // A real one answers like this when the URL grows too long, and not in JSON.
    if (url.searchParams.getAll("id").length > MAX_IDS) return c.text("Request-URI Too Long", 414);
    const answer = page(url, path, cloud);
    return "status" in answer ? refuse(c, answer as Refusal) : c.json(answer);
  });
  app.get(`/${path}/:id`, (c) => shown(c, cloud.get(collection, c.req.param("id"))));
  app.post(`/${path}`, async (c) => {
    const body = await c.req.json().catch(() => null);
    if (typeof body?.[one] !== "object") {
      const message = `the body needs an object ${one}`;
      return refuse(c, { status: 400, type: "HTTPBadRequest", message });
    }
    const fields = { ...structuredClone(DEFAULTS[collection]), ...body[one] };
    const item = cloud.add(collection, { ...fields, id: random.uuid() });
    return c.json({ [one]: whole(cloud, collection, item) }, 201);
  });
  app.put(`/${path}/:id`, async (c) => {
    const { id: _id, status: _status, ...fields } = (await c.req.json())[one] ?? {};
    return shown(c, cloud.change(collection, c.req.param("id"), fields));
  });
  app.delete(`/${path}/:id`, (c) => {
    return cloud.remove(collection, c.req.param("id")) ? c.body(null, 204) : shown(c, undefined);
  });
}
