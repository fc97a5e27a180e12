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

const linkSchema = z.array(z.object({ rel: z.string() })).default([]);

/** Reads Neutron. */
export class NeutronClient {
  constructor(readonly config: OpenstackConfig, readonly auth: KeystoneAuth) {}

  /**
   * All objects of a collection, such as `security-groups`; the answer's field is its name with
   * underscores, or `collection` when that differs.
   *
   * @throws {OpenstackError} a page failed, or the walk could not be completed.
   */
  async list<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    options: { fields?: readonly string[]; onPage?: () => void } = {},
  ): Promise<Listing<T>> {
    for (let restarts = 0;; restarts++) {
      try {
        return await this.#walk(path, schema, signal, options);
      } catch (error) {
        // The marker's object was deleted between two pages: the walk starts again.
        const gone = error instanceof OpenstackError && error.status === 404;
        if (!gone || restarts >= 2) throw error;
      }
    }
  }

  async #walk<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { fields = [], onPage }: { fields?: readonly string[]; onPage?: () => void },
  ): Promise<Listing<T>> {
    const collection = path.split("/").at(-1)!.replaceAll("-", "_");
    const listing: Listing<T> = { items: [], refused: [] };
    let marker: string | null = null;
    do {
      const url = new URL(`${this.config.neutronUrl}/v2.0/${path}`);
      url.searchParams.set("limit", String(this.config.pageSize));
      for (const field of fields) url.searchParams.append("fields", field);
      if (marker) url.searchParams.set("marker", marker);
      const body = await readJson(await this.auth.fetch(url.href, signal));
      marker = take(collection, body, schema, listing, url.href);
      onPage?.();
    } while (marker);
    return listing;
  }
}

/** Adds a page to the listing; the marker of the next one, or null. */
function take<T>(
  collection: string,
  body: unknown,
  schema: z.ZodType<T>,
  listing: Listing<T>,
  url: string,
): string | null {
  const page = z.object({ [collection]: z.array(z.unknown()) }).loose().safeParse(body);
  if (!page.success) {
    throw new OpenstackError(`${url.split("?")[0]} sent no list of ${collection}`, 200);
  }
  const records = (page.data as Record<string, unknown[]>)[collection]!;
  let last: string | null = null;
  for (const record of records) {
    const parsed = schema.safeParse(record);
    const id = String((record as { id?: unknown } | null)?.id ?? "");
    if (id) last = id;
    if (parsed.success) listing.items.push(parsed.data);
    else {
      const issue = parsed.error.issues[0];
      listing.refused.push({ id, why: `${issue?.path.join(".")}: ${issue?.message}` });
    }
  }
  const links = linkSchema.safeParse((page.data as Record<string, unknown>)[`${collection}_links`]);
  const more = links.success && links.data.some((link) => link.rel === "next");
  return more ? last : null;
}
