/**
 * Neutron and Keystone over HTTP as the lab has them, with somebody in between who can make the day a
 * bad one: what was asked for is recognised, and the answer changed or replaced.
 *
 * @module
 */
import type { Hono } from "hono";
import { keystoneApi, Tokens } from "../../lab/keystone_api.ts";
import { Cloud, type Collection, type Item } from "../../lab/model.ts";
import { neutronApi } from "../../lab/neutron_api.ts";
import { Random } from "../../lab/random.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { type CollectionName, COLLECTIONS } from "./records.ts";

/** A request that reads. */
export interface Asked {
  /** The collection; null: something else, such as the extensions or a token. */
  readonly collection: CollectionName | null;
  /** All of it, objects by their ids, those that another field names, or one object by its path. */
  readonly how: "list" | "ids" | "filter" | "one";
  readonly url: URL;
  readonly cloud: Cloud;
  /** What a good day answers, for this or another URL, of this or another cloud. */
  truth(url?: URL, cloud?: Cloud): Promise<Response>;
}

/** What a bad day answers; null: as on a good one. */
export type BadAnswer = (asked: Asked) => Promise<Response | null> | Response | null;

/** Parameters of lists that are no filters. */
const NO_FILTERS = new Set(["limit", "marker", "page_reverse", "fields", "sort_key", "sort_dir"]);

/** Objects of a part of a list: more than a page of them. */
const CUT_EVERY = 22;

const IDENTITY = "/identity/v3";
const NETWORK = "/v2.0";

/** Keys of a cloud's own collections. */
export function inCloud(collection: Exclude<CollectionName, "projects">): Collection {
  return collection === "qos/policies"
    ? "policies"
    : collection.replaceAll("-", "_") as Exclude<Collection, "agents">;
}

/** All objects of a collection. */
export function listOf(cloud: Cloud, collection: CollectionName): readonly { id: string }[] {
  return collection === "projects" ? cloud.projects : cloud.list(inCloud(collection));
}

/** Ids to cut a list at: every so many of its own, and such as it never had. */
export function cutsIn({ cloud }: StandIn, path: string): string[] {
  const collection = COLLECTIONS.find((name) => name === path);
  if (collection === undefined) return [];
  const ids = listOf(cloud, collection).map(({ id }) => id).sort();
  const own = ids.filter((_, i) => i % CUT_EVERY === CUT_EVERY - 1);
  return own.flatMap((id, i) => i % 3 === 2 ? [id.slice(0, -1) + "-"] : [id]);
}

/** Under which key an answer has its records. */
export function keyOf(collection: CollectionName): string {
  return collection === "projects" ? collection : inCloud(collection);
}

/** A cloud of which some objects of one collection are not shown. */
export class PartialCloud extends Cloud {
  readonly #of: Cloud;
  readonly #collection: CollectionName;
  readonly #hidden: ReadonlySet<string>;

  constructor(of: Cloud, collection: CollectionName, hidden: ReadonlySet<string>) {
    super();
    this.#of = of;
    this.#collection = collection;
    this.#hidden = hidden;
    const all = collection === "projects"
      ? of.projects.filter(({ id }) => !hidden.has(id))
      : of.projects;
    this.projects.push(...all);
  }

  override list(collection: Collection): Item[] {
    const items = this.#of.list(collection);
    return this.#hides(collection) ? items.filter(({ id }) => !this.#hidden.has(id)) : items;
  }

  override get(collection: Collection, id: string): Item | undefined {
    if (this.#hides(collection) && this.#hidden.has(id)) return undefined;
    return this.#of.get(collection, id);
  }

  override subnetsOf(network: string): string[] {
    return this.#of.subnetsOf(network);
  }

  #hides(collection: Collection): boolean {
    return this.#collection !== "projects" && inCloud(this.#collection) === collection;
  }
}

/** See the module. */
export class StandIn implements AsyncDisposable {
  /** What it shows. */
  cloud: Cloud;
  /** Null: it answers as it should. */
  badDay: BadAnswer | null = null;
  readonly url: string;
  readonly #apis = new WeakMap<Cloud, Record<"keystone" | "neutron", Hono>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(cloud: Cloud) {
    this.cloud = cloud;
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {}, onError: failed },
      (request) => this.#answer(request),
    );
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const truth = async (of = url, cloud = this.cloud) =>
      await this.#app(of, cloud, new Request(of, request));
    if (request.method !== "GET" || this.badDay === null) return await truth();
    const collection = collectionOf(url.pathname);
    const asked = { collection, how: howAsked(url, collection), url, cloud: this.cloud, truth };
    return await this.badDay(asked) ?? await truth();
  }

  #app(url: URL, cloud: Cloud, request: Request): Response | Promise<Response> {
    const identity = url.pathname.startsWith(IDENTITY);
    const path = new URL(url);
    path.pathname = url.pathname.slice((identity ? IDENTITY : NETWORK).length);
    let apis = this.#apis.get(cloud);
    if (!apis) {
      const keystone = keystoneApi(cloud, new Tokens(systemClock), this.url);
      this.#apis.set(cloud, apis = { keystone, neutron: neutronApi(cloud, new Random(1)) });
    }
    return apis[identity ? "keystone" : "neutron"].fetch(new Request(path, request));
  }
}

/** What the day itself got wrong must be seen, not looked like Neutron's doing. */
function failed(error: unknown): Response {
  const meant = error instanceof Error && error.name === "BrokenOff";
  const text = `the stand-in failed: ${error}\n`;
  if (!meant) Deno.stderr.writeSync(new TextEncoder().encode(text));
  return new Response("the stand-in failed", { status: 418 });
}

function collectionOf(path: string): CollectionName | null {
  const rest = path.replace(/^\/(?:v2\.0|identity\/v3)\//, "");
  return COLLECTIONS.find((name) => rest === name || rest.startsWith(`${name}/`)) ?? null;
}

function howAsked(
  { pathname, searchParams }: URL,
  collection: CollectionName | null,
): Asked["how"] {
  if (collection !== null && !pathname.endsWith(`/${collection}`)) return "one";
  const filters = [...searchParams.keys()].filter((name) => !NO_FILTERS.has(name));
  if (filters.includes("id")) return "ids";
  return filters.length > 0 ? "filter" : "list";
}
