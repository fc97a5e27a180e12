/**
 * Lists of Neutron's objects. A list is complete or an error: a partial one must never look like a smaller
 * cloud. A record that cannot be understood is named in `refused`, so that what it stands for is left
 * alone. Extensions that are not loaded are worked around.
 *
 * @module
 */
import { z } from "zod";
import type { Log } from "../base/log.ts";
import type { OpenstackConfig } from "./config.ts";
import { Inquiry, type Whereabouts } from "./confirm_gone.ts";
import { Extensions } from "./extensions.ts";
import { OpenstackError, readJson, readList } from "./http.ts";
import type { KeystoneAuth } from "./keystone.ts";
import { filterCheck, listInBatches } from "./list_by.ts";
import { ListWalk } from "./list_walk.ts";
import { type Listing, RecordReader } from "./listing.ts";
import { type Page, readPage } from "./page.ts";
import type { Patience } from "./patience.ts";
import { RequestGate } from "./request_gate.ts";
import { Walk } from "./walk.ts";
import { fetchWarm } from "./warm_up.ts";

/** What to ask for. */
export interface Query {
  /** By default all; each of those asked for must be in every record. */
  readonly fields?: readonly string[];
  /**
   * Called with each new record that has an id, as it came, before it is validated; true: it is dealt
   * with, and is not among the items.
   */
  readonly known?: (record: unknown) => boolean;
  /** Has pages that failed read again. @default a page that fails fails the list */
  readonly patience?: Patience;
  /** Filters; a name may be repeated, which means "or" (but for `fixed_ips`, where it is "and"). */
  readonly where?: readonly (readonly [name: string, value: string])[];
}

/** A query by the values of one field. */
interface Filtered extends Query {
  readonly by: { readonly field: string; readonly asked: (record: unknown) => boolean };
}

/** What the views of one client have in common. */
interface Shared {
  extensions: Extensions;
  readonly gate: RequestGate;
}

/** Reads Neutron. */
export class NeutronClient {
  /**
   * @param log is told when a list is asked for again after another one.
   * @param shared what all views of one client have in common.
   */
  constructor(
    readonly config: OpenstackConfig,
    readonly auth: Pick<KeystoneAuth, "fetch">,
    readonly log?: Pick<Log, "info">,
    readonly shared: Shared = { extensions: new Extensions(null), gate: new RequestGate(2) },
    readonly isUrgent = false,
  ) {}

  /** The same client, whose requests go before those of others: for what people wait for. */
  get urgent(): NeutronClient {
    return new NeutronClient(this.config, this.auth, this.log, this.shared, true);
  }

  /** For how long requests of this client and its views were under way, all added up, ms. */
  get busyMs(): number {
    return this.shared.gate.busyMs;
  }

  /** What is loaded, as {@linkcode askExtensions} found it; until then everything. */
  get extensions(): Extensions {
    return this.shared.extensions;
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
    return this.shared.extensions = found;
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
    query: Query | Filtered = {},
  ): AsyncGenerator<Listing<T>> {
    if (!this.shared.extensions.offers(path)) return yield { items: [], refused: [] };
    const walk = this.walk(path, schema, query);
    for (let page; (page = await walk.next(signal)) !== null;) yield page;
  }

  /**
   * A walk through a collection that is there, for whoever reads it at a pace of its own.
   *
   * @throws {OpenstackError} it is not to be understood without an extension that is not loaded.
   */
  walk<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    query: Query | Filtered = {},
  ): ListWalk<T> {
    this.#demandBinding(path);
    const url = `${this.config.neutronUrl}/v2.0/${path}`;
    const required = this.#requiredFields(path, schema, query);
    const reader = new RecordReader({ schema, url, required, known: query.known });
    const paged = this.shared.extensions.has("pagination");
    const walk = new Walk(path, paged ? this.config.pageSize : Infinity);
    const by = "by" in query ? query.by : undefined;
    const { patience } = query;
    const page = (walk: Walk, signal: AbortSignal) => this.#page(path, signal, query, walk);
    const read = patience
      ? (walk: Walk, signal: AbortSignal) => patience.run(() => page(walk, signal), signal)
      : page;
    return new ListWalk({ walk, reader, by, read });
  }

  /** All objects of a collection. @throws {OpenstackError} as {@linkcode pages}. */
  async list<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    { onPage, ...query }: Query & { onPage?: () => void } = {},
  ): Promise<Listing<T>> {
    return await collect(this.pages(path, schema, signal, query), onPage);
  }

  /**
   * Objects whose field has one of the values, such as those with one of many ids. A filter that the server
   * does not apply is noticed.
   *
   * @throws {OpenstackError} as {@linkcode pages}, or the filter was not applied.
   */
  async listBy<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    field: string,
    values: readonly string[],
    fields?: readonly string[],
  ): Promise<Listing<T>> {
    if (values.length === 0) return { items: [], refused: [] };
    const asked = fields && [...new Set([...fields, field])];
    // What no object has.
    if (this.shared.extensions.fieldsOf(path, [field]).length === 0) {
      return { items: [], refused: [] };
    }
    const filtered = path !== "ports" || field !== "security_groups" ||
      this.shared.extensions.has("port-security-groups-filtering");
    if (!filtered) return await this.#portsOfGroups(schema, signal, values, asked);
    return await listInBatches(
      field,
      values,
      (some) => collect(this.pages(path, schema, signal, filteredQuery(field, some, asked))),
    );
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
    const idSchema = z.object({ id: z.string() });
    const inquiry = new Inquiry(
      (asked) => this.pages(path, idSchema, signal, filteredQuery("id", asked, ["id"])),
      witness,
    );
    await inquiry.ask(ids);
    return inquiry.found;
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
      fields,
      known(record) {
        const { security_groups } = record as { security_groups?: unknown };
        return Array.isArray(security_groups) && !security_groups.some((id) => wanted.has(id));
      },
    });
  }

  /** Without it every port looks unbound, and no endpoint would be left. */
  #demandBinding(path: string): void {
    if (path !== "ports" || this.shared.extensions.has("binding")) return;
    throw new OpenstackError(
      `${this.config.neutronUrl} does not have the extension binding loaded, so that nothing tells ` +
        "where a port is bound: use the ML2 plugin",
      null,
    );
  }

  /** Those that were asked for, or else all that the schema knows; without those of missing extensions. */
  #requiredFields(path: string, schema: z.ZodType, query: Query | Filtered): string[] {
    const ofSchema = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    const by = "by" in query ? [query.by.field] : [];
    const fields = query.fields ?? [...new Set([...ofSchema, ...by])];
    return this.shared.extensions.fieldsOf(path, fields);
  }

  async #page(path: string, signal: AbortSignal, query: Query, walk: Walk): Promise<Page> {
    const url = this.addressOf(path, query, walk);
    const body = await this.fetch(url, signal, readList);
    return readPage(path, body, url.split("?")[0]!);
  }

  /** What `read` makes of an answer of Neutron's; see {@linkcode fetchWarm}. */
  fetch<T>(
    url: string,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
    init?: RequestInit,
  ): Promise<T> {
    const { neutronUrl } = this.config;
    const onWarmUp = (error: OpenstackError) =>
      this.log?.info("Neutron answered 500: other lists are read before it is asked again", {
        error,
      });
    const request = () => fetchWarm(this.auth, { neutronUrl, onWarmUp }, url, signal, read, init);
    return this.shared.gate.run(this.isUrgent, signal, request);
  }

  /** The address of a page of what is asked for. */
  addressOf(path: string, query: Query, walk: Pick<Walk, "limit" | "marker">): string {
    const { fields = [], where = [] } = query;
    const url = new URL(`${this.config.neutronUrl}/v2.0/${path}`);
    if (walk.limit !== Infinity) {
      url.searchParams.set("limit", String(walk.limit));
      // Plugins without paging of their own give pages of whatever order the database has.
      if (this.shared.extensions.has("sorting")) {
        url.searchParams.set("sort_key", "id");
        url.searchParams.set("sort_dir", "asc");
      }
    }
    for (const field of this.shared.extensions.fieldsOf(path, fields)) {
      url.searchParams.append("fields", field);
    }
    for (const [name, value] of where) url.searchParams.append(name, value);
    if (walk.marker) url.searchParams.set("marker", walk.marker);
    return url.href;
  }
}

function filteredQuery(
  field: string,
  values: readonly string[],
  fields: readonly string[] | undefined,
): Filtered {
  const where = values.map((value) => [field, value] as const);
  return { fields, where, by: { field, asked: filterCheck(field, values) } };
}

async function collect<T>(
  pages: AsyncGenerator<Listing<T>>,
  onPage?: () => void,
): Promise<Listing<T>> {
  const all: Listing<T> = { items: [], refused: [] };
  for await (const { items, refused } of pages) {
    for (const item of items) all.items.push(item);
    for (const one of refused) all.refused.push(one);
    onPage?.();
  }
  return all;
}
