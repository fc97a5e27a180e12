/**
 * A Neutron of so many ports. It costs next to nothing: pages are made once, and again after a change, and
 * served as bytes. With `--costs` pages are made for each request, so that no cloud is too large for its memory,
 * and it costs what Neutron costs (`neutron_workers.ts`) from `POST /workers?count=N` on.
 *
 * - `POST /workers?count=N` has so many workers serve; 0: whatever comes is served at once, for nothing
 * - `POST /change?count=N` changes some ports, or `?id=…` those; answers with their ids
 * - `POST /status?id=…&status=DOWN`, `POST /delete?id=…`
 * - `GET /load` what the workers did; `?forget` begins peaks and times anew
 * - `GET /bytes` how many bytes of bodies it has sent
 *
 * Arguments: how many ports; `--costs`. Prints its port number, and ends with its standard input.
 *
 * @module
 */
import { Random } from "../lab/random.ts";
import { USES } from "../lib/openstack/extensions.ts";
import { type Collection, type Item, NeutronCloud } from "./neutron_cloud.ts";
import { CLIENT_HEADER, costOf, Workers } from "./neutron_workers.ts";

const FILTERS = [
  "id",
  "port_id",
  "network_id",
  "project_id",
  "device_id",
  "device_owner",
  "security_groups",
  "binding:host_id",
];
/** What Neutron has loaded: all that is used, and lists in the order that is asked for, which here is always that of ids. */
const EXTENSIONS = [...USES.map(({ alias }) => alias), "sorting"];
/** A marker that is unknown: those answer 404, all others with their first page. */
const STRICT = ["ports", "networks"];

const count = Number(Deno.args[0]);
const costs = Deno.args.includes("--costs");
const random = new Random(1);
const encoder = new TextEncoder();
const cloud = new NeutronCloud(count);
const workers = new Workers(0);
const cache = new Map<string, Made>();
let bytes = 0;

/** An answer, and what it costs. */
interface Made {
  readonly status: number;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly costMs: number;
}

/** Numbers of the objects that a query wants, in order; null: all of them. */
function wanted(collection: Collection, query: URLSearchParams): readonly number[] | null {
  let found: readonly number[] | null = null;
  for (const name of FILTERS) {
    const values = query.getAll(name);
    if (values.length === 0) continue;
    const numbers = collection.where(name, values) ?? [];
    if (found === null) found = numbers;
    else {
      const both = new Set(numbers);
      found = found.filter((number) => both.has(number));
    }
  }
  return found;
}

/** The objects of a page, one more than asked for left out; null: its marker is unknown. */
function itemsOf(
  name: string,
  query: URLSearchParams,
): { items: Item[]; filtered: boolean } | null {
  const collection = cloud.collections[name];
  if (!collection) return { items: [], filtered: false };
  const chosen = wanted(collection, query);
  const limit = Number(query.get("limit") ?? 0) || Infinity;
  const marker = query.get("marker");
  let from = 0;
  if (marker) {
    const number = collection.find(marker);
    const known = number >= 0 && collection.make(number) !== null;
    if (!known && STRICT.includes(name)) return null;
    if (known) from = chosen ? chosen.findIndex((one) => one > number) : number + 1;
    if (from < 0) return { items: [], filtered: true };
  }
  const items: Item[] = [];
  const size = chosen?.length ?? collection.size;
  for (let at = from; at < size && items.length < limit; at++) {
    const item = collection.make(chosen ? chosen[at]! : at);
    if (item) items.push(item);
  }
  return { items, filtered: chosen !== null };
}

function page(url: URL): Made {
  const cached = cache.get(url.href);
  if (cached) return cached;
  const name = url.pathname.split("/").at(-1)!.replaceAll("-", "_");
  const query = url.searchParams;
  const found = itemsOf(name, query);
  if (!found) {
    const NeutronError = { type: "NotFound", message: "the marker is unknown", detail: "" };
    const body = encoder.encode(JSON.stringify({ NeutronError }));
    return { status: 404, body, costMs: costOf({ fields: 1, filtered: true, objects: 0 }) };
  }
  const { items, filtered } = found;
  const fields = query.getAll("fields");
  const shown = fields.length === 0 ? items : items.map((item) =>
    Object.fromEntries(
      fields.filter((field) => field in item).map((field) => [field, item[field]]),
    )
  );
  const links = [{ rel: "previous", href: "http://previous" }];
  if (items.length === Number(query.get("limit"))) links.push({ rel: "next", href: "http://next" });
  const body = encoder.encode(JSON.stringify({ [name]: shown, [`${name}_links`]: links }));
  const costMs = costOf({ fields: fields.length, filtered, objects: items.length });
  const made = { status: 200, body, costMs };
  if (!filtered && !costs) cache.set(url.href, made);
  return made;
}

/** What is done to the cloud. */
function act(url: URL): Response | null {
  const query = url.searchParams;
  const ids = query.getAll("id");
  switch (url.pathname) {
    case "/bytes":
      return Response.json(bytes);
    case "/load":
      return Response.json(workers.load(query.has("forget")));
    case "/workers":
      workers.resize(Number(query.get("count")));
      return Response.json(workers.count);
    case "/change": {
      const changed = new Set(ids);
      while (changed.size < Math.min(count, Number(query.get("count")))) {
        changed.add(cloud.portId(random.below(count)));
      }
      for (const id of changed) cloud.change(id);
      remake();
      return Response.json([...changed]);
    }
    case "/status":
      for (const id of ids) cloud.setStatus(id, query.get("status")!);
      remake();
      return Response.json(ids);
    case "/delete":
      for (const id of ids) cloud.delete(id);
      remake();
      return Response.json(ids);
  }
  return null;
}

/** Made again at once: making a page is no part of what is measured. */
function remake(): void {
  const urls = [...cache.keys()];
  cache.clear();
  for (const href of urls) page(new URL(href));
}

/** What a request is for, in the counts. */
function kindOf(url: URL): string {
  const name = url.pathname.split("/").at(-1)!;
  const query = url.searchParams;
  const filter = FILTERS.find((filter) => query.has(filter));
  return filter ? `${name} by ${filter}` : name;
}

async function answer(request: Request): Promise<Response> {
  const url = new URL(request.url);
  const done = act(url);
  if (done) return done;
  const client = request.headers.get(CLIENT_HEADER) ?? "conductor";
  const { status, body } = await workers.serve({ client, kind: kindOf(url) }, () => {
    const made = url.pathname.endsWith("/extensions") ? extensions() : page(url);
    return { answer: made, costMs: made.costMs };
  });
  bytes += body.length;
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

function extensions(): Made {
  const body = encoder.encode(
    JSON.stringify({ extensions: EXTENSIONS.map((alias) => ({ alias })) }),
  );
  return { status: 200, body, costMs: costOf({ fields: 1, filtered: true, objects: 0 }) };
}

if (import.meta.main) {
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => Deno.stdout.writeSync(encoder.encode(`${port}\n`)),
  }, answer);
  for await (const _ of Deno.stdin.readable) { /* nothing is asked there */ }
  Deno.exit(0);
}
