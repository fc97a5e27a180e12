/**
 * Everything: etcd's keys as they were before Neutron is asked, without their values; Neutron, page by page, first
 * what ports and groups show of other objects, then these; and for each page the values that are not known to be
 * right. Ports are compared and written while the next values and the next page are on their way; nothing is deleted
 * before the last page has come.
 *
 * So no more than a few pages of values and of Neutron's objects are in memory at a time, however big
 * the cloud is; what is kept of every key and port is packed (`cloud_index.ts`).
 *
 * @module
 */
import { abortable } from "../../base/abortable.ts";
import { joinLoops } from "../../base/join_loops.ts";
import { findCuts } from "../../openstack/find_cuts.ts";
import type { Patience } from "../../openstack/patience.ts";
import type { Port, SecurityGroup, Subnet, WholeNetwork } from "../../openstack/records.ts";
import type { Term } from "../../role/master_context.ts";
import { apply } from "../apply/apply.ts";
import { completeCluster } from "../apply/cluster_config.ts";
import type { Fate } from "../apply/gone.ts";
import type { Source } from "../apply/source.ts";
import { type ResyncDeps, type ResyncResult, type RunOptions, SyncRun } from "../apply/sync_run.ts";
import type { Scope } from "../index/backlog.ts";
import { CloudIndex } from "../index/cloud_index.ts";
import { Earlier } from "../index/earlier.ts";
import type { ObjectOf } from "../model/collections.ts";
import { COLLECTION_OF, type Keyed, type Kind } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";
import { cutsByKeys } from "./cuts.ts";
import { readRelated } from "./full_read.ts";
import { NamedSource } from "./named.ts";
import { PassedPorts } from "./passed_ports.ts";
import { ReadAhead } from "./read_ahead.ts";
import { readProjects } from "./read_related.ts";
import { References } from "./references.ts";
import { SeenKeys } from "./seen_keys.ts";
import { Translation } from "./translation.ts";

/** Objects that are compared together: the values of so many are in memory. */
const CHUNK = 500;

/** How a full resync may differ from the usual one. */
export interface ResyncOptions extends Pick<RunOptions, "sink" | "allowDeletions"> {
  /**
   * The index of an earlier full resync. A port of the same revision, whose keys are as they were
   * found right then and whose related objects are the same, is not translated and compared again.
   */
  readonly previous?: CloudIndex;
  /** The index that the new one takes the place of; the caller closes it then. */
  readonly beside?: CloudIndex;
  /** Etcd's keys are looked through after this, which never fails: others look before. @default at once */
  readonly keysAfter?: Promise<void>;
  /** Of groups and ports pages that fail are read again. @default a page that fails fails the run */
  readonly patience?: Patience;
}

/** Makes etcd equal to Neutron. @throws what any part threw; FenceLostError when another leads. */
export async function fullResync(
  deps: ResyncDeps,
  term: Term,
  options: ResyncOptions = {},
): Promise<ResyncResult & { index: CloudIndex }> {
  const { sink, allowDeletions, beside } = options;
  const index = new CloudIndex(deps.region, { beside });
  try {
    const run = new SyncRun(deps, term, index, { sink, allowDeletions });
    await apply(run, new FullSource(run, options));
    if (!sink) await completeCluster(run);
    return { ...run.result(), index };
  } catch (error) {
    index.close();
    throw error;
  }
}

/** Feeds a run with the whole cloud. */
class FullSource implements Source {
  readonly keys: SeenKeys;
  missed: readonly string[] = [];
  readonly #refused = new Set<string>();
  readonly #references: References;
  readonly #translation: Translation;
  /** Resolves when etcd's keys are known, or cannot be. */
  readonly #keysKnown = Promise.withResolvers<void>();
  /** Resolves when what ports and groups show of other objects is listed, or cannot be. */
  readonly #relatedListed = Promise.withResolvers<void>();
  /** See {@linkcode ResyncOptions.previous}; null: everything is compared. */
  #earlier: Earlier | null;
  /** Objects that Neutron listed, whether they are understood or not. */
  readonly #listed = { ports: 0, "security-groups": 0, subnets: 0, floatingips: 0 };

  constructor(readonly run: SyncRun, readonly options: ResyncOptions) {
    const { index } = run;
    const { previous } = options;
    this.keys = new SeenKeys(run);
    this.#earlier = previous ? new Earlier(previous, index) : null;
    this.#translation = new Translation(run, this.#refused);
    this.#references = new References(run, this.#refused);
  }

  async *batches(): AsyncGenerator<readonly Desired[]> {
    await this.keys.pin(this.run.term.signal);
    // Groups and the first ports are on their way while all else is read and written, unless whether they can be
    // skipped is only known then.
    const early = this.#earlier ? null : { groups: this.#openGroups(), ports: this.#openPorts() };
    try {
      await this.#readKeysAndRelated();
      if (this.#earlier?.isOfAnotherHistory) this.#earlier = null;
      yield* this.#changedSubnets();
      yield* this.#changedGroups(early?.groups ?? this.#openGroups());
      this.run.index.related.compareFromNow();
      this.#earlier?.judgePorts();
      yield* this.#ports(early?.ports ?? this.#openPorts());
    } finally {
      await Promise.all([early?.groups.return(), early?.ports.return()]);
    }
    await this.#references.resolveUnlisted();
    this.missed = await this.#references.resolveFloatingIps();
    this.#references.report();
    this.keys.leaveUnknown();
  }

  fate(collection: Keyed, id: string): Fate | null {
    if (this.#refused.has(id)) return null;
    if (this.run.index.revisions[collection].get(id) === undefined) return "missing";
    return collection === "ports" && this.keys.hasWanted(id) ? "moved" : "shrunk";
  }

  listed(collection: Keyed | "floatingips"): number {
    return this.#listed[collection];
  }

  hidden(collection: Keyed): ReadonlySet<string> {
    return this.#references.hidden(collection);
  }

  giveUp(): void {
    this.options.patience?.stop();
  }

  named(scope: Scope): Source {
    return new NamedSource(this.run, scope, true);
  }

  /** Both at the same time: they wait for different servers. */
  async #readKeysAndRelated(): Promise<void> {
    const stop = new AbortController();
    const signal = AbortSignal.any([this.run.term.signal, stop.signal]);
    let networks: readonly WholeNetwork[] = [];
    const related = this.#readRelated(signal).then((listed) => {
      networks = listed;
      this.#relatedListed.resolve();
    });
    try {
      await joinLoops([this.#lookAtKeys(signal), related], stop);
    } finally {
      this.#keysKnown.resolve(); // nobody waits for what failed
      this.#relatedListed.resolve();
    }
    await this.#references.resolveRelated(networks);
  }

  async #lookAtKeys(signal: AbortSignal): Promise<void> {
    if (this.options.keysAfter) await abortable(this.options.keysAfter, signal);
    await this.keys.look(signal);
    this.#keysKnown.resolve();
  }

  async #readRelated(signal: AbortSignal): Promise<readonly WholeNetwork[]> {
    const lists = await readRelated(this.run, signal);
    for (const [collection, { refused }] of Object.entries(lists)) {
      this.run.leaveRefused(collection, refused, this.#refused);
    }
    const { subnets, floatingips } = lists;
    this.#listed.subnets = subnets.items.length + subnets.refused.length;
    this.#listed.floatingips = floatingips.items.length + floatingips.refused.length;
    return lists.networks.items;
  }

  /** The collection of that kind page by page, in no order, without what is as it was. */
  #open<K extends "NetworkPolicy" | "WorkloadEndpoint">(
    kind: K,
    keysOf: (earlier: Earlier, record: unknown) => number | null,
  ): ReadAhead<ObjectOf<typeof COLLECTION_OF[K]>> {
    const { run } = this;
    const collection = COLLECTION_OF[kind];
    const { schema, fields } = run.index.table[collection];
    const passed = kind === "WorkloadEndpoint" ? new PassedPorts(run.deps) : null;
    const known = (record: unknown, askedAt: number) => {
      passed?.note(record, askedAt);
      const keys = this.#earlier && keysOf(this.#earlier, record);
      if (keys === null) return false;
      this.#countRight(kind, keys);
      this.#listed[collection]++;
      return true;
    };
    const { run: { deps: { neutron } }, options: { patience } } = this;
    const cut = (signal: AbortSignal) => this.#cutsOf(kind, signal);
    return new ReadAhead(run, {
      kind,
      async *open(signal) {
        const cuts = await cut(signal);
        const query = { fields, optional: passed?.fields, known, cuts, patience };
        const pages = neutron.pages(collection, schema, signal, query);
        yield* passed ? passed.follow(pages) : pages;
      },
      onPage: ({ items, refused }) => {
        run.leaveRefused(collection, refused, this.#refused);
        this.#listed[collection] += items.length + refused.length;
      },
    });
  }

  /**
   * Where the list is cut: at keys that another index knows already, or that this run sees; or as Neutron shows. What
   * its objects name was listed before them, but for groups, which come beside ports: what is deleted with all that
   * named it between two lists costs a few requests more (`references.ts`).
   */
  async #cutsOf(kind: "NetworkPolicy" | "WorkloadEndpoint", signal: AbortSignal) {
    const { run, options: { beside, keysAfter } } = this;
    await this.#relatedListed.promise;
    if (keysAfter) await abortable(keysAfter, signal);
    signal.throwIfAborted();
    const known = beside && cutsByKeys(run, beside, kind);
    if (known) return known;
    await this.#keysKnown.promise;
    signal.throwIfAborted();
    const seen = cutsByKeys(run, run.index, kind);
    if (seen || kind === "NetworkPolicy") return seen ?? [];
    return await findCuts(run.deps.neutron, signal);
  }

  *#changedSubnets(): Generator<readonly Desired[]> {
    const changed = [...this.run.index.related.subnets.values()].filter((subnet) => {
      const isSame = this.#earlier?.subnet(subnet) ?? false;
      if (isSame) this.#countRight("Subnet");
      return !isSame;
    });
    yield* this.#wantSubnets(changed);
  }

  *#wantSubnets(subnets: readonly Subnet[]): Generator<readonly Desired[]> {
    for (let at = 0; at < subnets.length; at += CHUNK) {
      yield this.#translation.subnets(subnets.slice(at, at + CHUNK));
    }
  }

  #openGroups(): ReadAhead<SecurityGroup> {
    return this.#open("NetworkPolicy", (earlier, record) => earlier.group(record));
  }

  async *#changedGroups(pages: ReadAhead<SecurityGroup>): AsyncGenerator<readonly Desired[]> {
    for await (const page of pages) {
      for (const group of page) this.run.index.note("security-groups", group);
      await this.#references.resolveGroups(page);
      yield this.#translation.groups(page);
    }
  }

  #openPorts(): ReadAhead<Port> {
    return this.#open("WorkloadEndpoint", (earlier, record) => earlier.port(record));
  }

  async *#ports(pages: ReadAhead<Port>): AsyncGenerator<readonly Desired[]> {
    for await (const page of pages) {
      for (let at = 0; at < page.length; at += CHUNK) {
        yield* this.#wantPorts(page.slice(at, at + CHUNK));
      }
    }
  }

  /** What these ports want, after what they name and no list has shown; migrations before endpoints. */
  async *#wantPorts(ports: readonly Port[]): AsyncGenerator<readonly Desired[]> {
    const { run } = this;
    const { index } = run;
    for (const port of ports) index.notePort(port);
    if (run.deps.keystone.projects.truncated) await readProjects(run, ports);
    const { groups, subnets } = await this.#references.resolvePorts(ports);
    yield* this.#wantSubnets(subnets);
    yield this.#translation.groups(groups);
    const wanted = this.#translation.ports(ports);
    for (const [i, { id }] of ports.entries()) {
      const { length } = wanted[i]!;
      if (length > 1) this.keys.migrating.add(id);
      else if (length === 0 && !this.#refused.has(id)) index.ports.verify(id, -1);
    }
    const all = wanted.flat();
    yield all.filter(({ kind }) => kind === "LiveMigration");
    yield all.filter(({ kind }) => kind === "WorkloadEndpoint");
  }

  /** Counts keys that are right without a look. */
  #countRight(kind: Kind, count = 1): void {
    this.run.kinds[kind].correct += count;
    this.run.kinds[kind].neutronItems += count;
  }
}
