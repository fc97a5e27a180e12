/** A Neutron over HTTP that pages, filters and links as real ones do (measured with 21, 26 and 29). @module */
import { systemClock } from "../../lib/base/clock.ts";
import { USES } from "../../lib/openstack/extensions.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import { testConfig } from "../support/test_config.ts";

export const ALL_EXTENSIONS = [
  ...USES.map(({ alias }) => alias),
  "filter-validation",
  "sorting",
];

export type FakeRecord = { id: string; [field: string]: unknown };

/** What a test works with. */
export interface FakeNeutron {
  readonly neutron: NeutronClient;
  readonly requests: URL[];
  /** The clients' ports, of each request. */
  readonly cameFrom: number[];
  /** Records by collection, in the order of their ids. */
  readonly cloud: Record<string, FakeRecord[]>;
  /** Called before each answer with the number of requests so far; what it gives is the answer. */
  meddle: (url: URL, count: number) => Response | void | Promise<Response | void>;
  /** What becomes of a page's records and links before they are sent. */
  spoil: (page: SentPage, url: URL) => SentPage;
}

export interface SentPage {
  readonly records: unknown[];
  /** Undefined: the answer has none. */
  readonly links: unknown;
}

export interface FakeOptions {
  readonly aliases?: readonly string[];
  /** Neutron's `pagination_max_limit`. */
  readonly cap?: number;
  readonly pageSize?: number;
  readonly timeoutMs?: number;
  /** Requests under way at a time, at most. */
  readonly parallel?: number;
}

const NOT_FILTERS = new Set(["fields", "limit", "marker", "sort_key", "sort_dir"]);
/** The others begin anew after a marker that is not there. */
const KNOWS_MARKERS = ["ports", "networks"];

function fits(record: FakeRecord, name: string, wanted: readonly string[]): boolean {
  const value = record[name];
  if (name === "fixed_ips") {
    return wanted.every((want) => {
      const [field, content] = want.split("=");
      return (value as Record<string, string>[]).some((ip) => ip[field!] === content);
    });
  }
  if (Array.isArray(value)) return value.some((one) => wanted.includes(one));
  return wanted.includes(String(value));
}

function notFound(what: string): Response {
  const NeutronError = { type: "NotFound", message: what, detail: "" };
  return Response.json({ NeutronError }, { status: 404 });
}

/** The answer to a request for a list. */
function answer(scene: FakeNeutron, url: URL, cap: number): Response {
  const name = url.pathname.split("/").at(-1)!.replaceAll("-", "_");
  const query = url.searchParams;
  let found = scene.cloud[name];
  if (!found) return notFound("no such collection");
  const marker = query.get("marker");
  const known = marker !== null && found.some(({ id }) => id === marker);
  for (const filter of new Set(query.keys())) {
    if (NOT_FILTERS.has(filter)) continue;
    found = found.filter((record) => fits(record, filter, query.getAll(filter)));
  }
  if (known) found = found.slice(found.findIndex(({ id }) => id === marker) + 1);
  else if (marker !== null && KNOWS_MARKERS.includes(name)) {
    return notFound(`${marker} could not be found`);
  }
  const limit = Math.min(Number(query.get("limit") ?? Infinity), cap);
  const page = found.slice(0, limit);
  const fields = query.getAll("fields");
  const shown = page.map((record) =>
    fields.length === 0
      ? record
      : Object.fromEntries(Object.entries(record).filter(([field]) => fields.includes(field)))
  );
  const previous = { rel: "previous", href: "x" };
  // Also after an exactly full last page.
  const links = page.length === limit ? [{ rel: "next", href: "x" }, previous] : [previous];
  const sent = scene.spoil({ records: shown, links }, url);
  return Response.json({ [name]: sent.records, [`${name}_links`]: sent.links });
}

/** Runs a test beside one. */
export async function withNeutron(
  play: (scene: FakeNeutron) => Promise<void>,
  { aliases = ALL_EXTENSIONS, cap = 1000, pageSize = 3, timeoutMs = 5000, parallel = 2 }:
    FakeOptions = {},
): Promise<void> {
  const scene: Omit<FakeNeutron, "neutron"> & { neutron?: NeutronClient } = {
    cloud: {
      ports: [],
      networks: [],
      subnets: [],
      floatingips: [],
      policies: [],
      security_groups: [],
    },
    requests: [],
    cameFrom: [],
    meddle: () => {},
    spoil: (page) => page,
  };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request, { remoteAddr }) => {
      const url = new URL(request.url);
      scene.requests.push(url);
      scene.cameFrom.push(remoteAddr.port);
      const special = await scene.meddle(url, scene.requests.length);
      if (special) return special;
      if (url.pathname === "/v2.0/extensions") {
        return Response.json({ extensions: aliases.map((alias) => ({ alias, name: alias })) });
      }
      return answer(scene as FakeNeutron, url, cap);
    },
  );
  const openstack = {
    ...testConfig().openstack,
    neutronUrl: `http://127.0.0.1:${server.addr.port}`,
    authUrl: null,
    requestTimeoutMs: timeoutMs,
    pageSize,
    neutronParallel: parallel,
  };
  using auth = new KeystoneAuth(openstack, systemClock);
  scene.neutron = new NeutronClient(openstack, auth);
  await play(scene as FakeNeutron);
}

/** Ports with their revision, groups and host: every second one is in `even`. */
export function somePorts(count: number): FakeRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `p-${String(i).padStart(3, "0")}`,
    revision_number: 1,
    security_groups: [i % 2 ? "odd" : "even"],
    "binding:host_id": "h",
  }));
}

/** The error's message. */
export function failure(promise: Promise<unknown>): Promise<string> {
  return promise.then(() => "it succeeded", (error) => String(error.message));
}
