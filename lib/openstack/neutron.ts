/**
 * Lists of Neutron's objects, page by page (`neutron.md`: "Paging"). A page that fails fails the whole
 * list: a partial list must never look like a smaller cloud. A record that cannot be understood is
 * named in `refused`, so that what it stands for is left alone.
 *
 * @module
 */
import { z } from "zod";
import type { OpenstackConfig } from "../config_types.ts";
import { OpenstackError, readJson } from "./http.ts";
import type { KeystoneAuth } from "./keystone.ts";

/** A list and the ids of its records that could not be understood. */
export interface Listing<T> {
  readonly items: T[];
  readonly refused: { readonly id: string; readonly why: string }[];
}

/** What to ask for. */
export interface Query {
  readonly fields?: readonly string[];
  /**
   * Called with each record as it came, before it is validated; true: it is dealt with, and is not
   * among the items.
   */
  readonly known?: (record: unknown) => boolean;
  /** Filters; a name may be repeated, which means "or". */
  readonly where?: readonly (readonly [name: string, value: string])[];
}

const linkSchema = z.array(z.object({ rel: z.string() })).default([]);
/** Ids in one request; longer URLs are refused. */
const IDS_PER_REQUEST = 100;
const MAX_RESTARTS = 2;

/** Reads Neutron. */
export class NeutronClient {
  constructor(readonly config: OpenstackConfig, readonly auth: KeystoneAuth) {}

  /**
   * The pages of a collection, such as `security-groups`, in the order of ids, each object once.
   *
   * @throws {OpenstackError} a page failed, or the walk could not be completed.
   */
  async *pages<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    query: Query = {},
  ): AsyncGenerator<Listing<T>> {
    let marker: string | null = null;
    let seen = "";
    for (let restarts = 0;;) {
      let page: { listing: Listing<T>; next: string | null };
      try {
        page = await this.#page(path, schema, signal, query, marker);
      } catch (error) {
        // The marker's object was deleted between two pages: the walk starts again, past what was seen.
        const gone = error instanceof OpenstackError && error.status === 404 && marker !== null;
        if (!gone || restarts++ >= MAX_RESTARTS) throw error;
        marker = null;
        continue;
      }
      const { items, refused } = page.listing;
      const fresh = restarts === 0 ? items : items.filter(({ id }) => id > seen);
      yield { items: fresh, refused };
      seen = items.at(-1)?.id ?? seen;
      marker = page.next;
      if (marker === null) return;
    }
  }

  /** All objects of a collection. @throws {OpenstackError} as {@linkcode pages}. */
  async list<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { onPage, ...query }: Query & { onPage?: () => void } = {},
  ): Promise<Listing<T>> {
    const all: Listing<T> = { items: [], refused: [] };
    for await (const { items, refused } of this.pages(path, schema, signal, query)) {
      for (const item of items) all.items.push(item);
      all.refused.push(...refused);
      onPage?.();
    }
    return all;
  }

  /** Objects whose field has one of the values, such as those with one of many ids. */
  async listBy<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    field: string,
    values: readonly string[],
    fields?: readonly string[],
  ): Promise<Listing<T>> {
    const all: Listing<T> = { items: [], refused: [] };
    for (let at = 0; at < values.length; at += IDS_PER_REQUEST) {
      const where = values.slice(at, at + IDS_PER_REQUEST).map((value) => [field, value] as const);
      const { items, refused } = await this.list(path, schema, signal, { fields, where });
      all.items.push(...items);
      all.refused.push(...refused);
    }
    return all;
  }

  async #page<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { fields = [], where = [], known }: Query,
    marker: string | null,
  ): Promise<{ listing: Listing<T>; next: string | null }> {
    const collection = path.split("/").at(-1)!.replaceAll("-", "_");
    const url = new URL(`${this.config.neutronUrl}/v2.0/${path}`);
    url.searchParams.set("limit", String(this.config.pageSize));
    for (const field of fields) url.searchParams.append("fields", field);
    for (const [name, value] of where) url.searchParams.append(name, value);
    if (marker) url.searchParams.set("marker", marker);
    const body = await this.auth.fetch(url.href, signal, readJson);
    const listing: Listing<T> = { items: [], refused: [] };
    return { listing, next: take(collection, body, schema, listing, url.href, known) };
  }
}

/** Adds a page to the listing; the marker of the next one, or null. */
function take<T>(
  collection: string,
  body: unknown,
  schema: z.ZodType<T>,
  listing: Listing<T>,
  url: string,
  known: Query["known"],
): string | null {
  const records = (body as Record<string, unknown> | null)?.[collection];
  if (!Array.isArray(records)) {
    throw new OpenstackError(`${url.split("?")[0]} sent no list of ${collection}`, 200);
  }
  let last: string | null = null;
  for (const record of records) {
    const id = String((record as { id?: unknown } | null)?.id ?? "");
    if (id) last = id;
    if (known?.(record)) continue;
    const parsed = schema.safeParse(record);
    if (parsed.success) listing.items.push(parsed.data);
    else {
      const issue = parsed.error.issues[0];
      listing.refused.push({ id, why: `${issue?.path.join(".")}: ${issue?.message}` });
    }
  }
  const links = linkSchema.safeParse((body as Record<string, unknown>)[`${collection}_links`]);
  const more = links.success && links.data.some((link) => link.rel === "next");
  return more ? last : null;
}
