/**
 * Lists of Neutron's objects. A list is complete or an error: a partial one must never look like a smaller
 * cloud. A record that cannot be understood is named in `refused`, so that what it stands for is left
 * alone. Extensions that are not loaded are worked around.
 *
 * @module
 */
import { z } from "zod";
import { systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { OpenstackConfig } from "./config.ts";
import { Inquiry, type Whereabouts } from "./confirm_gone.ts";
import { Extensions } from "./extensions.ts";
import { OpenstackError, readJson, readList } from "./http.ts";
import type { KeystoneAuth, SentInit } from "./keystone.ts";
import { listInBatches } from "./list_by.ts";
import { ListWalk } from "./list_walk.ts";
import { collect, type Listing, RecordReader } from "./listing.ts";
import { type Page, readPage } from "./page.ts";
import {
  fieldsIn,
  type Filtered,
  filteredQuery,
  kindOf,
  pageAddress,
  type Query,
} from "./query.ts";
import type { BusyTime, RequestGate, Size, UnderWay } from "./request_gate.ts";
import { newShared, type Shared } from "./shared.ts";
import { rangesBetween, SideBySide } from "./side_by_side.ts";
import { type Range, Walk } from "./walk.ts";
import { fetchWarm } from "./warm_up.ts";

export type { Query } from "./query.ts";

/**
 * Neutron's workers share a socket, and a connection that is kept stays with the worker that it came to. So parts
 * that are walked side by side come over connections of their own, each to a worker that has nothing to do.
 */
const ON_ITS_OWN: RequestInit = { headers: { Connection: "close" } };

/** Reads Neutron. */
export class NeutronClient {
  /**
   * @param log is told when a list is asked for again after another one.
   * @param shared what all views of one client have in common.
   * @param account where the time of this view's own requests is added up.
   */
  constructor(
    readonly config: OpenstackConfig,
    readonly auth: Pick<KeystoneAuth, "fetch"> & Partial<Pick<KeystoneAuth, "clock">>,
    readonly log?: Pick<Log, "info">,
    readonly shared: Shared = newShared(config),
    readonly isUrgent = false,
    readonly account?: BusyTime,
  ) {}

  /** The same client, whose requests go before those of others: for what people wait for. */
  get urgent(): NeutronClient {
    return new NeutronClient(this.config, this.auth, this.log, this.shared, true, this.account);
  }

  /** The same client, whose own requests are added up there as well: what others ask beside it does not count. */
  countedIn(account: BusyTime): NeutronClient {
    return new NeutronClient(this.config, this.auth, this.log, this.shared, this.isUrgent, account);
  }

  /** The same client, telling how many requests may be under way and are. */
  get gate(): RequestGate {
    return this.shared.gate;
  }

  /** How long Neutron took for what it answered to this client and its views, all added up, ms. */
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
    const found = Extensions.parse(await this.fetch(url, signal, readJson));
    if (!found) {
      throw new OpenstackError(`${url} sent no list of extensions: is neutron_url Neutron's?`, 200);
    }
    return this.shared.extensions = found;
  }

  /**
   * The pages of a collection, such as `security-groups`, each object once; in the order of ids, unless the
   * query has {@linkcode Query.cuts}.
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
    const isCut = query.cuts !== undefined && this.canCut;
    const lists = rangesBetween(isCut ? query.cuts : [])
      .map((range) => this.walk(path, schema, query, range));
    if (lists.length > 1) return yield* new SideBySide(lists, this.gate.most).pages(signal);
    for (let page; (page = await lists[0]!.next(signal)) !== null;) yield page;
  }

  /** Whether lists can be cut: they come in pages, in the order of ids, and several requests may be under way. */
  get canCut(): boolean {
    const { extensions, gate } = this.shared;
    return gate.most > 1 && extensions.has("pagination") && extensions.has("sorting");
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
    range?: Range,
  ): ListWalk<T> {
    this.#demandBinding(path);
    const url = `${this.config.neutronUrl}/v2.0/${path}`;
    const required = this.shared.extensions.fieldsOf(path, fieldsIn(schema, query));
    const { known, pageSize = Infinity } = query;
    const reader = new RecordReader({ schema, url, required, from: range?.from });
    const paged = this.shared.extensions.has("pagination");
    const limit = paged ? Math.min(pageSize, this.config.pageSize) : Infinity;
    const walk = new Walk(path, limit, range);
    const by = "by" in query ? query.by : undefined;
    const { patience } = query;
    const page = (walk: Walk, signal: AbortSignal) => this.#page(path, signal, query, walk);
    const read = patience
      ? (walk: Walk, signal: AbortSignal) => patience.run((either) => page(walk, either), signal)
      : page;
    const { clock = systemClock } = this.auth;
    const now = () => clock.now();
    return new ListWalk({ walk, reader, by, known, now, read });
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
    optional?: readonly string[],
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
      (some) => {
        const query = { ...filteredQuery(field, some, asked), optional };
        return collect(this.pages(path, schema, signal, query));
      },
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

  #page(path: string, signal: AbortSignal, query: Query, walk: Walk): Promise<Page> {
    const url = this.addressOf(path, query, walk);
    const read = async (response: Response) =>
      readPage(path, await readList(response), url.split("?")[0]!);
    const kind = kindOf(path, query);
    const sizeOf = ({ records }: Page) => ({ kind, records: records.length });
    const init = walk.isPart ? ON_ITS_OWN : {};
    return this.#send(url, signal, read, init, sizeOf);
  }

  /** What `read` makes of an answer of Neutron's; see {@linkcode fetchWarm}. */
  fetch<T>(
    url: string,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
    init?: RequestInit,
  ): Promise<T> {
    return this.#send(url, signal, read, init);
  }

  #send<T>(
    url: string,
    signal: AbortSignal,
    read: (response: Response) => Promise<T>,
    init: RequestInit | undefined,
    sizeOf?: (answer: T) => Size,
  ): Promise<T> {
    const { neutronUrl } = this.config;
    const onWarmUp = (error: OpenstackError) =>
      this.log?.info("Neutron answered 500: other lists are read before it is asked again", {
        error,
      });
    const send = (turn: UnderWay) => {
      const attempts: SentInit = {
        onAttempt: () => turn.sent(),
        onFailure: ({ status }) => turn.refused(status),
      };
      const heard = (response: Response) => {
        turn.heard();
        return read(response);
      };
      const all = { ...init, ...attempts };
      return fetchWarm(this.auth, { neutronUrl, onWarmUp }, url, signal, heard, all);
    };
    const { isUrgent: urgent, account } = this;
    return this.gate.run({ urgent, signal, send, sizeOf, account });
  }

  /** The address of a page of what is asked for. */
  addressOf(path: string, query: Query, walk: Pick<Walk, "limit" | "marker">): string {
    const { extensions } = this.shared;
    return pageAddress({ url: this.config.neutronUrl, extensions, path, query, walk });
  }
}
