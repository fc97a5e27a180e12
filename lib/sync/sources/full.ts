/**
 * One full resync. etcd's keys are read first, at one revision and without their values, then Neutron,
 * page by page. For each page the values that are not known to be right are read; one that has changed
 * since its key was seen does not count, so that a concurrent write can only make our swap fail, never
 * be overwritten. Ports are compared and written while the next values and the next page are on their way;
 * nothing is deleted before the last page has come, and then only what is certainly gone (`gone.ts`).
 *
 * So no more than a few pages of values and of Neutron's objects are in memory at a time, however big
 * the cloud is; what is kept of every key and port is packed (`cloud_index.ts`).
 *
 * @module
 */
import type { Term } from "../../role/master_context.ts";
import type { Listing } from "../../openstack/neutron.ts";
import {
  type Port,
  portSchema,
  type SecurityGroup,
  securityGroupSchema,
  type Subnet,
} from "../../openstack/records.ts";
import { translated } from "../apply/change_of.ts";
import { ensureClusterConfig, removeLegacy } from "../apply/cluster_config.ts";
import { askStored, compareStored, type StoredValues } from "../apply/compare_stored.ts";
import { Earlier } from "../index/earlier.ts";
import { removeEarlierNamespace } from "../apply/earlier_namespace.ts";
import { confirmFloatingLosses } from "../apply/floating_losses.ts";
import { type ForeignKey, readKeys, readRelated } from "./full_read.ts";
import { COLLECTION_OF } from "../apply/guard.ts";
import { CloudIndex } from "../index/cloud_index.ts";
import { type Desired, type Kind, Translator } from "../model/translate.ts";
import {
  EtcdSink,
  type ResyncDeps,
  type ResyncResult,
  type Sink,
  SyncRun,
} from "../apply/sync_run.ts";
import { readAhead } from "./read_ahead.ts";
import { readProjects } from "./read_related.ts";
import { emptyScope } from "../index/backlog.ts";
import { PORT_FIELDS, reconcile, retryConflicts } from "./named.ts";
import { References } from "./references.ts";
import { removeUnwanted } from "../apply/remove_unwanted.ts";

/** Objects that are compared together: the values of so many are in memory. */
const CHUNK = 500;

/** How a full resync may differ from the usual one. */
export interface ResyncOptions {
  /** Where changes go; by default to etcd. Elsewhere: nothing at all is written. */
  readonly sink?: Sink;
  /** What the guards would hold back is let through. */
  readonly allowDeletions?: boolean;
  /**
   * What an earlier full resync remembered. A port of the same revision, whose keys are as they were
   * found right then and whose related objects are the same, is not translated and compared again.
   */
  readonly previous?: CloudIndex;
  /** The index that the new one takes the place of; the caller closes it then. */
  readonly beside?: CloudIndex;
}

/** Makes etcd equal to Neutron. @throws what any part threw; FenceLostError when another leads. */
export async function fullResync(
  deps: ResyncDeps,
  term: Term,
  options: ResyncOptions = {},
): Promise<ResyncResult & { index: CloudIndex }> {
  const { allowDeletions } = options;
  const run = new SyncRun(deps, term, options.sink ?? new EtcdSink(deps, term), {
    allowDeletions,
  });
  const index = new CloudIndex(deps.region, options.beside);
  try {
    const again = await new FullResync(run, index, options).start();
    await retryConflicts(run, index);
    await reconcileSome(run, index, again);
    if (!options.sink) {
      deps.progress("resync: cluster configuration");
      await ensureClusterConfig(deps.etcd, term, deps.clock);
      const legacy = await removeLegacy(deps.etcd, term, deps.region, deps.clock);
      if (legacy.removed > 0) run.warn(`${legacy.removed} legacy objects removed`);
      if (legacy.kept) run.warn(legacy.kept);
      const earlier = await removeEarlierNamespace(run, index);
      if (earlier > 0) run.warn(`${earlier} objects of the region's earlier namespace removed`);
    }
  } catch (error) {
    index.close();
    throw error;
  }
  return { ...run.result(), index };
}

/** Ports that have to be looked at once more, each with fresh data. */
async function reconcileSome(run: SyncRun, index: CloudIndex, ports: ReadonlySet<string>) {
  const all = [...ports];
  for (let at = 0; at < all.length; at += CHUNK) {
    const scope = { ...emptyScope(), ports: new Set(all.slice(at, at + CHUNK)) };
    await reconcile(run, index, scope, { fresh: true });
  }
}

/** Ports, what each wants, and what etcd holds of their endpoints. */
interface TranslatedPorts {
  readonly ports: readonly Port[];
  readonly wanted: readonly Desired[][];
  readonly endpoints: readonly Desired[];
  readonly stored: StoredValues;
}

class FullResync {
  readonly #refused = new Set<string>();
  readonly #references: References;
  readonly #translator: Translator;
  /** See {@linkcode ResyncOptions.previous}; null: everything is compared. */
  readonly #earlier: Earlier | null;
  /** Objects that Neutron listed, whether they are understood or not. */
  readonly #listed = { ports: 0, "security-groups": 0, subnets: 0, floatingips: 0 };

  constructor(
    readonly run: SyncRun,
    readonly index: CloudIndex,
    options: Pick<ResyncOptions, "previous">,
  ) {
    this.#earlier = options.previous ? new Earlier(options.previous, index) : null;
    this.#translator = new Translator(run.deps.region, run.deps);
    this.#references = new References(run, index, this.#refused);
  }

  /** Resolves to the ports that have to be looked at once more. */
  async start(): Promise<ReadonlySet<string>> {
    const { run, index } = this;
    const foreign = await readKeys(run, index);
    await this.#readRelated();
    // The first ports are on their way while subnets and policies are written, unless whether they can be
    // skipped is only known then.
    const early = this.#earlier ? null : this.#openPorts();
    try {
      await this.#subnets();
      await this.#groups();
    } catch (error) {
      await early?.return(undefined);
      throw error;
    }
    index.related.compareFromNow();
    this.#earlier?.judgePorts();
    await this.#ports(early ?? this.#openPorts());
    const again = new Set(await this.#references.resolveFloatingIps());
    this.#references.report();
    await this.#remove(foreign);
    const { floatingips } = this.#listed;
    for (const port of await confirmFloatingLosses(run, index, floatingips)) again.add(port);
    return again;
  }

  async #readRelated(): Promise<void> {
    const lists = await readRelated(this.run, this.index);
    for (const [collection, listing] of Object.entries(lists)) this.#note(collection, listing);
    const { subnets, floatingips } = lists;
    this.#listed.subnets = subnets.items.length + subnets.refused.length;
    this.#listed.floatingips = floatingips.items.length + floatingips.refused.length;
    await this.#references.resolveRelated();
  }

  #pages<T>(kind: Kind, pages: AsyncGenerator<Listing<T>>): AsyncGenerator<T[]> {
    return readAhead(this.run, kind, pages, (page) => {
      this.#note(COLLECTION_OF[kind], page);
      this.#listed[COLLECTION_OF[kind]] += page.items.length + page.refused.length;
    });
  }

  #note(collection: string, { refused }: Listing<unknown>): void {
    for (const { id, why } of refused) {
      this.#refused.add(id);
      this.run.leave("not-understood", collection, id === "" ? why : `${id}: ${why}`);
    }
  }

  async #groups(): Promise<void> {
    const { neutron } = this.run.deps;
    const pages = neutron.pages("security-groups", securityGroupSchema, this.run.term.signal, {
      known: (record) => {
        const isKnown = this.#accountFor("NetworkPolicy", this.#earlier?.group(record) ?? -1);
        if (isKnown) this.#listed["security-groups"]++;
        return isKnown;
      },
    });
    for await (const page of this.#pages("NetworkPolicy", pages)) {
      for (const group of page) this.index.group(group);
      await this.#references.resolveGroups(page);
      await this.#wantGroups(page);
    }
    await this.run.settle("NetworkPolicy");
  }

  async #wantGroups(groups: readonly SecurityGroup[]): Promise<void> {
    await compareStored(
      this.run,
      this.index,
      this.#translate("NetworkPolicy", groups, (group) => [
        this.#translator.group(group, this.index.related.addressGroups),
      ]),
    );
  }

  /** What the objects want; one that cannot be translated is left as it is. */
  #translate<T extends { id: string }>(
    kind: Kind,
    objects: readonly T[],
    translate: (object: T) => Desired[],
  ): Desired[] {
    return objects.flatMap((object) => this.#translateOne(kind, object, translate));
  }

  #translateOne<T extends { id: string }>(
    kind: Kind,
    object: T,
    translate: (object: T) => Desired[],
  ): Desired[] {
    const wants = translated(this.run, kind, object.id, () => translate(object));
    if (wants === null) this.#refused.add(object.id);
    return wants ?? [];
  }

  /** Counts a key that is right without a look; false: there is none (−1). */
  #accountFor(kind: Kind, row: number): boolean {
    if (row < 0) return false;
    this.index.keys[kind].right(row);
    this.run.kinds[kind].correct++;
    this.run.kinds[kind].neutronItems++;
    return true;
  }

  #openPorts(): AsyncGenerator<Port[]> {
    const { neutron } = this.run.deps;
    const pages = neutron.pages("ports", portSchema, this.run.term.signal, {
      fields: PORT_FIELDS,
      known: (record) => {
        const row = this.#earlier?.port(record) ?? null;
        if (row === null) return false;
        this.#accountFor("WorkloadEndpoint", row);
        this.#listed.ports++;
        return true;
      },
    });
    return this.#pages("WorkloadEndpoint", pages);
  }

  /** Compares and writes all ports. */
  async #ports(pages: AsyncGenerator<Port[]>): Promise<void> {
    let last: TranslatedPorts | null = null;
    for await (const page of pages) {
      for (let at = 0; at < page.length; at += CHUNK) {
        // Their values are on their way while those before them are compared.
        const next = await this.#translatePorts(page.slice(at, at + CHUNK));
        if (last) await this.#portsOf(last);
        last = next;
      }
    }
    if (last) await this.#portsOf(last);
    await this.run.settle("WorkloadEndpoint");
  }

  async #translatePorts(ports: readonly Port[]): Promise<TranslatedPorts> {
    const { run, index } = this;
    for (const port of ports) index.port(port);
    if (run.deps.keystone.projects.truncated) await readProjects(run, index, ports);
    const { groups, subnets } = await this.#references.resolvePorts(ports);
    if (subnets.length > 0) await this.#wantSubnets(subnets);
    if (groups.length > 0) {
      await this.#wantGroups(groups);
      await this.run.settle("NetworkPolicy");
    }
    const wanted = ports.map((port) =>
      this.#translateOne("WorkloadEndpoint", port, () => this.#translator.port(port, index.related))
    );
    const endpoints = wanted.flat().filter(({ kind }) => kind === "WorkloadEndpoint");
    return { ports, wanted, endpoints, stored: askStored(run, index, endpoints) };
  }

  /** Migrations of some ports land before their endpoints. */
  async #portsOf({ ports, wanted, endpoints, stored }: TranslatedPorts): Promise<void> {
    const { run, index } = this;
    const migrations = wanted.flat().filter(({ kind }) => kind === "LiveMigration");
    if (migrations.length > 0) {
      await compareStored(this.run, this.index, migrations);
      await run.settle("LiveMigration");
    }
    const right = await compareStored(this.run, this.index, endpoints, stored);
    for (const [i, wants] of wanted.entries()) {
      const { id } = ports[i]!;
      const [only, ...more] = wants;
      // It migrates, and changes soon: it is compared each time. So is one that is not understood.
      if (more.length > 0 || this.#refused.has(id)) continue;
      const row = only ? right.get(only) : -1;
      if (row !== undefined && !run.doubtfulAddresses.has(id)) index.ports.verify(id, row);
    }
  }

  async #subnets(): Promise<void> {
    const changed = [...this.index.related.subnets.values()].filter((subnet) =>
      !this.#accountFor("Subnet", this.#earlier?.subnet(subnet) ?? -1)
    );
    await this.#wantSubnets(changed);
  }

  async #wantSubnets(subnets: readonly Subnet[]): Promise<void> {
    const wanted = this.#translate("Subnet", subnets, (subnet) => this.#translator.subnets(subnet));
    for (let at = 0; at < wanted.length; at += CHUNK) {
      await compareStored(this.run, this.index, wanted.slice(at, at + CHUNK));
    }
    await this.run.settle("Subnet");
  }

  #remove(foreign: readonly ForeignKey[]): Promise<void> {
    return removeUnwanted(this.run, this.index, {
      foreign,
      refused: this.#refused,
      listed: this.#listed,
      hidden: (collection) => this.#references.hidden(collection),
    });
  }
}
