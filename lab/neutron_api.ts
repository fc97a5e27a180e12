/**
 * A small Networking API v2.0: lists with paging, `fields` and filters, and the refusals that a real
 * Neutron gives; create, update and delete of what the tests and the scenario change.
 *
 * @module
 */
import { type Context, Hono } from "hono";
import type { Cloud, Collection, Item } from "./model.ts";
import type { Random } from "./random.ts";

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
  "floating_ip_address",
  "host",
]);
const PAGING = new Set(["limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir"]);
/** What uWSGI's default buffer takes. */
const MAX_IDS = 36;
/** Where an unknown marker is an error; elsewhere the list begins anew. */
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

function project(item: Item, fields: readonly string[]): Record<string, unknown> {
  if (fields.length === 0) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => fields.includes(name)));
}

/** There is always a way back; a way on while pages are full. */
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

/** A page of a collection with the link to the next one, or why there is none. */
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
    [collection]: shown.map((item) => project(item, query.getAll("fields"))),
  };
  if (limit > 0) answer[`${collection}_links`] = linksOf(url, shown, shown.length === limit);
  return answer;
}

/** What of Neutron's extensions the lab has. */
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
  "standard-attr-revisions",
];

/** The API below /v2.0. */
export function neutronApi(cloud: Cloud, random: Random): Hono {
  const app = new Hono();
  for (const [path, { collection, one }] of Object.entries(PATHS)) {
    app.get(`/${path}`, (c) => {
      const url = new URL(c.req.url);
      // A real one answers so when the URL grows too long, and not in JSON.
      if (url.searchParams.getAll("id").length > MAX_IDS) {
        return c.text("Request-URI Too Long", 414);
      }
      const answer = page(url, path, cloud);
      return "status" in answer ? refuse(c, answer as Refusal) : c.json(answer);
    });
    const missing = (c: Context) =>
      refuse(c, {
        status: 404,
        type: "HTTPNotFound",
        message: `${one} ${c.req.param("id")} could not be found.`,
      });
    app.get(`/${path}/:id`, (c) => {
      const item = cloud.get(collection, c.req.param("id"));
      return item ? c.json({ [one]: item }) : missing(c);
    });
    app.post(`/${path}`, async (c) => {
      const body = await c.req.json().catch(() => null);
      if (typeof body?.[one] !== "object") {
        const message = `the body needs an object ${one}`;
        return refuse(c, { status: 400, type: "HTTPBadRequest", message });
      }
      const item = cloud.add(collection, { ...body[one], id: random.uuid() });
      return c.json({ [one]: item }, 201);
    });
    app.put(`/${path}/:id`, async (c) => {
      const { id: _id, status: _status, ...fields } = (await c.req.json())[one] ?? {};
      const item = cloud.change(collection, c.req.param("id"), fields);
      return item ? c.json({ [one]: item }) : missing(c);
    });
    app.delete(`/${path}/:id`, (c) => {
      return cloud.remove(collection, c.req.param("id")) ? c.body(null, 204) : missing(c);
    });
  }
  app.post("/security-group-rules", async (c) => {
    const rule = { ...(await c.req.json()).security_group_rule, id: random.uuid() };
    const group = cloud.get("security_groups", rule.security_group_id);
    if (!group) {
      return refuse(c, { status: 404, type: "SecurityGroupNotFound", message: "no such group" });
    }
    const rules = [...group.security_group_rules as unknown[], rule];
    cloud.change("security_groups", group.id, { security_group_rules: rules });
    return c.json({ security_group_rule: rule }, 201);
  });
  app.get("/extensions", (c) =>
    c.json({
      extensions: EXTENSIONS.map((alias) => ({ alias, name: alias })),
    }));
  return app;
}
