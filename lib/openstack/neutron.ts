/**
 * Lists of Neutron's objects, page by page. A page that fails fails the whole list: a partial list must
 * never look like a smaller cloud. A record that cannot be understood is named in `refused`, so that
 * what it stands for is left alone. Extensions that are not loaded are worked around.
 *
 * @module
 */
import { z } from "zod";
import type { OpenstackConfig } from "../config_types.ts";
import { Inquiry, type Whereabouts } from "./confirm_gone.ts";
import { Extensions } from "./extensions.ts";
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

/**
 * Ids in one request: with fields and token that stays within the 4 KiB that uWSGI takes by default for
 * all of a request but its body; Neutron's own server refuses URLs above 8 KiB.
 */
const IDS_PER_REQUEST = 60;
/** Markers, from the last one back, that are tried before a walk starts from its beginning. */
const MARKERS = 5;
const MAX_RESTARTS = 2;
/** Only an admin sees it: without it every port would look unbound. */
const HOST_FIELD = "binding:host_id";

/** Reads Neutron. */
export class NeutronClient {
  #extensions = new Extensions(null);

  constructor(readonly config: OpenstackConfig, readonly auth: KeystoneAuth) {}

  /** What is loaded, as {@linkcode askExtensions} found it; until then everything. */
  get extensions(): Extensions {
    return this.#extensions;
  }

  /**
   * Asks which extensions are loaded; from then on what is missing is worked around.
   *
   * @throws {OpenstackError} Neutron does not tell.
   */
  async askExtensions(signal: AbortSignal): Promise<Extensions> {
    const url = `${this.config.neutronUrl}/v2.0/extensions`;
    const found = Extensions.parse(await this.auth.fetch(url, signal, readJson));
    if (!found) {
      throw new OpenstackError(`${url} sent no list of extensions: is neutron_url Neutron's?`, 200);
    }
    return this.#extensions = found;
  }

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
    if (!this.#extensions.offers(path)) return yield { items: [], refused: [] };
    const walk = new Walk();
    for (let more = true; more;) {
      let page: Page<T>;
      try {
        page = await this.#page(path, schema, signal, query, walk.marker);
      } catch (error) {
        const gone = error instanceof OpenstackError && error.status === 404;
        if (!gone || !walk.stepBack()) throw error;
        continue;
      }
      yield { items: walk.fresh(page.items), refused: page.refused };
      more = walk.advance(page, path);
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
    if (values.length === 0) return { items: [], refused: [] };
    const filtered = path !== "ports" || field !== "security_groups" ||
      this.#extensions.has("port-security-groups-filtering");
    if (!filtered) return await this.#portsOfGroups(schema, signal, values, fields);
    const all: Listing<T> = { items: [], refused: [] };
    for (let at = 0; at < values.length; at += IDS_PER_REQUEST) {
      const some = values.slice(at, at + IDS_PER_REQUEST);
      const { items, refused } = await this.#listSome(path, schema, signal, field, some, fields);
      all.items.push(...items);
      all.refused.push(...refused);
    }
    return all;
  }

  /**
   * Asks by id whether objects are gone. `gone` are only those that are missing in an answer that shows the
   * witness: an object of the collection that exists and is none of them. Without a witness, or without
   * the collection's extension, what is missing is `uncertain`.
   *
   * @throws {OpenstackError} Neutron does not answer.
   */
  async confirmGone(
    path: string,
    signal: AbortSignal,
    ids: Iterable<string>,
    witness: string | null,
  ): Promise<Whereabouts> {
    const inquiry = new Inquiry(this, path, signal, witness);
    await inquiry.ask(ids);
    return inquiry.found;
  }

  /** A proxy may allow shorter URLs than Neutron: then half as many at a time. */
  async #listSome<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    field: string,
    values: readonly string[],
    fields?: readonly string[],
  ): Promise<Listing<T>> {
    const where = values.map((value) => [field, value] as const);
    try {
      return await this.list(path, schema, signal, { fields, where });
    } catch (error) {
      const tooLong = error instanceof OpenstackError && [413, 414, 431].includes(error.status!);
      if (!tooLong || values.length < 2) throw error;
      const half = Math.ceil(values.length / 2);
      const all: Listing<T> = { items: [], refused: [] };
      for (const some of [values.slice(0, half), values.slice(half)]) {
        const part = await this.#listSome(path, schema, signal, field, some, fields);
        all.items.push(...part.items);
        all.refused.push(...part.refused);
      }
      return all;
    }
  }

  /** Where Neutron cannot filter by group, all ports are looked through. */
  #portsOfGroups<T extends { id: string }>(
    schema: z.ZodType<T>,
    signal: AbortSignal,
    groups: readonly string[],
    fields?: readonly string[],
  ): Promise<Listing<T>> {
    const wanted = new Set(groups);
    return this.list("ports", schema, signal, {
      fields: fields && [...new Set([...fields, "security_groups"])],
      known(record) {
        const { security_groups } = record as { security_groups?: unknown };
        return !Array.isArray(security_groups) || !security_groups.some((id) => wanted.has(id));
      },
    });
  }

  async #page<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { fields = [], where = [], known }: Query,
    marker: string | null,
  ): Promise<Page<T>> {
    const url = new URL(`${this.config.neutronUrl}/v2.0/${path}`);
    if (this.#extensions.has("pagination")) {
      url.searchParams.set("limit", String(this.config.pageSize));
    }
    const asked = this.#extensions.fieldsOf(path, fields);
    for (const field of asked) url.searchParams.append("fields", field);
    for (const [name, value] of where) url.searchParams.append(name, value);
    if (marker) url.searchParams.set("marker", marker);
    const body = await this.auth.fetch(url.href, signal, readJson);
    const needed = path === "ports" && asked.includes(HOST_FIELD) ? HOST_FIELD : null;
    return readPage(path, body, schema, url.href, { known, needed });
  }
}

interface Page<T> extends Listing<T> {
  /** Ids of all records, also of those that are not among the items. */
  readonly ids: readonly string[];
  readonly more: boolean;
}

/** How far a walk through the pages has come, by the ids that it has seen. */
class Walk {
  marker: string | null = null;
  /** The last ids that were seen, the newest at the end: markers to go back to. */
  #tail: string[] = [];
  #seen = "";
  #ordered = true;
  #restarts = 0;
  #repeats = false;

  /** Those that did not come before. */
  fresh<T extends { id: string }>(items: T[]): T[] {
    return this.#repeats ? items.filter(({ id }) => id > this.#seen) : items;
  }

  /** After a page; whether there is another one. */
  advance({ ids, more }: Page<unknown>, path: string): boolean {
    for (const id of ids) {
      this.#ordered &&= this.#repeats || id > this.#seen;
      if (id > this.#seen) this.#seen = id;
    }
    if (!more) return false;
    const next = ids.at(-1);
    if (next === undefined || next === this.marker) {
      throw new OpenstackError(`the pages of ${path} have no end`, 200);
    }
    this.#tail = ids.slice(-MARKERS);
    this.marker = next;
    return true;
  }

  /**
   * After the object of the marker was deleted: from one before it, at last from the beginning, past
   * what was seen. False: there is no way back.
   */
  stepBack(): boolean {
    // Only ids that come in order tell what was seen.
    if (this.marker === null || !this.#ordered) return false;
    this.#tail.pop();
    this.marker = this.#tail.at(-1) ?? null;
    this.#repeats = true;
    return this.marker !== null || this.#restarts++ < MAX_RESTARTS;
  }
}

const linkSchema = z.array(z.object({ rel: z.string() })).default([]);

function readPage<T extends { id: string }>(
  path: string,
  body: unknown,
  schema: z.ZodType<T>,
  url: string,
  { known, needed }: { known: Query["known"]; needed: string | null },
): Page<T> {
  const collection = path.split("/").at(-1)!.replaceAll("-", "_");
  const shown = url.split("?")[0];
  const records = (body as Record<string, unknown> | null)?.[collection];
  if (!Array.isArray(records)) {
    throw new OpenstackError(`${shown} sent no list of ${collection}`, 200);
  }
  const page = { items: [] as T[], refused: [] as Listing<T>["refused"], ids: [] as string[] };
  for (const record of records) {
    const id = String((record as { id?: unknown } | null)?.id ?? "");
    if (id) page.ids.push(id);
    if (needed !== null && typeof record === "object" && !(needed in record)) {
      throw new OpenstackError(
        `${shown} shows ports without ${needed}: only an admin sees it, so the service user needs ` +
          "the admin role in its project (or a policy that lets it read all of every port)",
        403,
      );
    }
    if (known?.(record)) continue;
    const parsed = schema.safeParse(record);
    if (parsed.success) page.items.push(parsed.data);
    else {
      const issue = parsed.error.issues[0];
      page.refused.push({ id, why: `${issue?.path.join(".")}: ${issue?.message}` });
    }
  }
  const links = linkSchema.safeParse((body as Record<string, unknown>)[`${collection}_links`]);
  return { ...page, more: links.success && links.data.some((link) => link.rel === "next") };
}
