/**
 * One full resync. etcd's keys are read first, at one revision and without their values, then Neutron,
 * page by page. For each page the values that are not known to be right are read; one that has changed
 * since its key was seen does not count, so that a concurrent write can only make our swap fail, never
 * be overwritten. Ports are compared and written while the next values and the next page are on their way;
 * nothing is deleted before the last page has come, and then only what is certainly gone (`gone.ts`).
 *
 * So no more than a few pages of values and of Neutron's objects are in memory at a time, however big
 * the cloud is; what is kept of every key and port is packed (`memory.ts`).
 *
 * @module
 */
import { readFenced } from "../etcd/fenced_write.ts";
import type { Term } from "../role/master_context.ts";
import type { Listing } from "../openstack/neutron.ts";
import {
  type Port,
  portSchema,
  type SecurityGroup,
  securityGroupSchema,
  type Subnet,
} from "../openstack/records.ts";
import { changeOf, isExpressed, translated } from "./apply.ts";
import { ensureClusterConfig, removeLegacy } from "./cluster_config.ts";
import type { Stored } from "./compare.ts";
import { Earlier } from "./earlier.ts";
import { removeEarlierNamespace } from "./earlier_namespace.ts";
import { confirmFloatingLosses } from "./floating_losses.ts";
import { type ForeignKey, readAround, readKeys } from "./full_read.ts";
import { COLLECTION_OF } from "./guard.ts";
import { Memory } from "./memory.ts";
import { type Desired, type Kind, Translator } from "./objects.ts";
import { EtcdSink, Pass, type ResyncDeps, type ResyncResult, type Sink } from "./pass.ts";
import { readAhead } from "./read_ahead.ts";
import { readProjects } from "./read_around.ts";
import { emptyScope, PORT_FIELDS, reconcile, retryConflicts } from "./reconcile.ts";
import { References } from "./references.ts";
import { removeUnwanted } from "./remove_unwanted.ts";

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
   * found right then and whose surroundings are the same, is not translated and compared again.
   */
  readonly previous?: Memory;
  /** The memory that the new one takes the place of; the caller closes it then. */
  readonly beside?: Memory;
}

/** Makes etcd equal to Neutron. @throws what any part threw; FenceLostError when another leads. */
export async function fullResync(
  deps: ResyncDeps,
  term: Term,
  options: ResyncOptions = {},
): Promise<ResyncResult & { memory: Memory }> {
  const { allowDeletions } = options;
  const pass = new Pass(deps, term, options.sink ?? new EtcdSink(deps, term), { allowDeletions });
  const memory = new Memory(deps.region, options.beside);
  try {
    const again = await new FullResync(pass, memory, options).run();
    await retryConflicts(pass, memory);
    await reconcileSome(pass, memory, again);
    if (!options.sink) {
      deps.progress("resync: cluster configuration");
      await ensureClusterConfig(deps.etcd, term, deps.clock);
      const legacy = await removeLegacy(deps.etcd, term, deps.region, deps.clock);
      if (legacy.removed > 0) pass.warn(`${legacy.removed} legacy objects removed`);
      if (legacy.kept) pass.warn(legacy.kept);
      const earlier = await removeEarlierNamespace(pass, memory);
      if (earlier > 0) pass.warn(`${earlier} objects of the region's earlier namespace removed`);
    }
  } catch (error) {
    memory.close();
    throw error;
  }
  return { ...pass.result(), memory };
}

/** Ports that have to be looked at once more, each with fresh data. */
async function reconcileSome(pass: Pass, memory: Memory, ports: ReadonlySet<string>) {
  const all = [...ports];
  for (let at = 0; at < all.length; at += CHUNK) {
    const scope = { ...emptyScope(), ports: new Set(all.slice(at, at + CHUNK)) };
    await reconcile(pass, memory, scope, { fresh: true });
  }
}

/** What etcd holds of some keys: their rows in the table of keys (−1: not there), and their values. */
interface StoredValues {
  readonly rows: readonly number[];
  readonly values: Promise<ReadonlyMap<string, Stored>>;
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
    readonly pass: Pass,
    readonly memory: Memory,
    options: Pick<ResyncOptions, "previous">,
  ) {
    this.#earlier = options.previous ? new Earlier(options.previous, memory) : null;
    this.#translator = new Translator(pass.deps.region, pass.deps);
    this.#references = new References(pass, memory, this.#refused);
  }

  /** Resolves to the ports that have to be looked at once more. */
  async run(): Promise<ReadonlySet<string>> {
    const { pass, memory } = this;
    const foreign = await readKeys(pass, memory);
    await this.#readAround();
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
    memory.around.compareFromNow();
    this.#earlier?.judgePorts();
    await this.#ports(early ?? this.#openPorts());
    const again = new Set(await this.#references.resolveFloatingIps());
    this.#references.report();
    await this.#remove(foreign);
    const { floatingips } = this.#listed;
    for (const port of await confirmFloatingLosses(pass, memory, floatingips)) again.add(port);
    return again;
  }

  async #readAround(): Promise<void> {
    const lists = await readAround(this.pass, this.memory);
    for (const [collection, listing] of Object.entries(lists)) this.#note(collection, listing);
    const { subnets, floatingips } = lists;
    this.#listed.subnets = subnets.items.length + subnets.refused.length;
    this.#listed.floatingips = floatingips.items.length + floatingips.refused.length;
    await this.#references.resolveAround();
  }

  #pages<T>(kind: Kind, pages: AsyncGenerator<Listing<T>>): AsyncGenerator<T[]> {
    return readAhead(this.pass, kind, pages, (page) => {
      this.#note(COLLECTION_OF[kind], page);
      this.#listed[COLLECTION_OF[kind]] += page.items.length + page.refused.length;
    });
  }

  #note(collection: string, { refused }: Listing<unknown>): void {
    for (const { id, why } of refused) {
      this.#refused.add(id);
      this.pass.leave("not-understood", collection, id === "" ? why : `${id}: ${why}`);
    }
  }

  async #groups(): Promise<void> {
    const { neutron } = this.pass.deps;
    const pages = neutron.pages("security-groups", securityGroupSchema, this.pass.term.signal, {
      known: (record) => {
        const isKnown = this.#accountFor("NetworkPolicy", this.#earlier?.group(record) ?? -1);
        if (isKnown) this.#listed["security-groups"]++;
        return isKnown;
      },
    });
    for await (const page of this.#pages("NetworkPolicy", pages)) {
      for (const group of page) this.memory.group(group);
      await this.#references.resolveGroups(page);
      await this.#wantGroups(page);
    }
    await this.pass.settle("NetworkPolicy");
  }

  async #wantGroups(groups: readonly SecurityGroup[]): Promise<void> {
    await this.#want(
      this.#translate("NetworkPolicy", groups, (group) => [
        this.#translator.group(group, this.memory.around.addressGroups),
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
    const wants = translated(this.pass, kind, object.id, () => translate(object));
    if (wants === null) this.#refused.add(object.id);
    return wants ?? [];
  }

  /** Counts a key that is right without a look; false: there is none (−1). */
  #accountFor(kind: Kind, row: number): boolean {
    if (row < 0) return false;
    this.memory.keys[kind].right(row);
    this.pass.kinds[kind].correct++;
    this.pass.kinds[kind].neutronItems++;
    return true;
  }

  #openPorts(): AsyncGenerator<Port[]> {
    const { neutron } = this.pass.deps;
    const pages = neutron.pages("ports", portSchema, this.pass.term.signal, {
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
    await this.pass.settle("WorkloadEndpoint");
  }

  async #translatePorts(ports: readonly Port[]): Promise<TranslatedPorts> {
    const { pass, memory } = this;
    for (const port of ports) memory.port(port);
    if (pass.deps.keystone.projects.truncated) await readProjects(pass, memory, ports);
    const { groups, subnets } = await this.#references.resolvePorts(ports);
    if (subnets.length > 0) await this.#wantSubnets(subnets);
    if (groups.length > 0) {
      await this.#wantGroups(groups);
      await this.pass.settle("NetworkPolicy");
    }
    const wanted = ports.map((port) =>
      this.#translateOne("WorkloadEndpoint", port, () => this.#translator.port(port, memory.around))
    );
    const endpoints = wanted.flat().filter(({ kind }) => kind === "WorkloadEndpoint");
    return { ports, wanted, endpoints, stored: this.#stored(endpoints) };
  }

  /** Migrations of some ports land before their endpoints. */
  async #portsOf({ ports, wanted, endpoints, stored }: TranslatedPorts): Promise<void> {
    const { pass, memory } = this;
    const migrations = wanted.flat().filter(({ kind }) => kind === "LiveMigration");
    if (migrations.length > 0) {
      await this.#want(migrations);
      await pass.settle("LiveMigration");
    }
    const right = await this.#want(endpoints, stored);
    for (const [i, wants] of wanted.entries()) {
      const { id } = ports[i]!;
      const [only, ...more] = wants;
      // It migrates, and changes soon: it is compared each time. So is one that is not understood.
      if (more.length > 0 || this.#refused.has(id)) continue;
      const row = only ? right.get(only) : -1;
      if (row !== undefined && !pass.doubtfulAddresses.has(id)) memory.ports.verify(id, row);
    }
  }

  async #subnets(): Promise<void> {
    const changed = [...this.memory.around.subnets.values()].filter((subnet) =>
      !this.#accountFor("Subnet", this.#earlier?.subnet(subnet) ?? -1)
    );
    await this.#wantSubnets(changed);
  }

  async #wantSubnets(subnets: readonly Subnet[]): Promise<void> {
    const wanted = this.#translate("Subnet", subnets, (subnet) => this.#translator.subnets(subnet));
    for (let at = 0; at < wanted.length; at += CHUNK) {
      await this.#want(wanted.slice(at, at + CHUNK));
    }
    await this.pass.settle("Subnet");
  }

  /**
   * Compares objects of one kind with what etcd holds, and writes what differs; resolves to the rows of
   * those keys that were right.
   */
  async #want(
    wants: readonly Desired[],
    asked = this.#stored(wants),
  ): Promise<ReadonlyMap<Desired, number>> {
    const { pass, memory } = this;
    const right = new Map<Desired, number>();
    const kind = wants[0]?.kind;
    if (!kind) return right;
    const counts = pass.kinds[kind];
    const keys = memory.keys[kind];
    const { rows } = asked;
    const values = await asked.values;
    for (const [i, want] of wants.entries()) {
      const row = rows[i]!;
      const stored = values.get(want.key);
      counts.neutronItems++;
      if (row < 0 && want.subject.type === "port") {
        memory.addKey(want.subject.id, want.key);
        keys.want(keys.index.find(want.key));
      }
      const from = pass.deps.clock.monotonic();
      let change = await changeOf(pass, memory, want, stored);
      counts.compareMs += pass.deps.clock.monotonic() - from;
      if (row >= 0 && change === null && isExpressed(want)) {
        keys.right(row, stored!.modRevision);
        right.set(want, row);
      } else if (row >= 0 && change === null) {
        keys.want(row); // it is translated each time, so that what it lacks is said each time
      } else if (row >= 0 && change !== null) {
        keys.want(row);
        // A value that is newer than its key was tells of a newer Neutron: the swap has to fail.
        change = { ...change, modRevision: keys.modRevision(row) };
      }
      await pass.change(kind, change, stored);
      await pass.breathe();
    }
    return right;
  }

  /** Asks for the values of those, all of one kind, that were seen in etcd. */
  #stored(wants: readonly Desired[]): StoredValues {
    const kind = wants[0]?.kind;
    if (!kind) return { rows: [], values: Promise.resolve(new Map()) };
    const rows = wants.map(({ key }) => this.memory.keys[kind].index.find(key));
    const there = wants.filter((_, i) => rows[i]! >= 0).map(({ key }) => key);
    const values = this.#read(kind, there);
    values.catch(() => {}); // it is awaited in its turn, if that comes
    return { rows, values };
  }

  async #read(kind: Kind, keys: readonly string[]): Promise<Map<string, Stored>> {
    const { pass } = this;
    pass.deps.progress("resync: reading etcd");
    return await pass.timed(
      kind,
      "etcdReadMs",
      () => readFenced(pass.deps.etcd, pass.term, keys),
    );
  }

  #remove(foreign: readonly ForeignKey[]): Promise<void> {
    return removeUnwanted(this.pass, this.memory, {
      foreign,
      refused: this.#refused,
      listed: this.#listed,
      hidden: (collection) => this.#references.hidden(collection),
      read: (kind, keys) => this.#read(kind, keys),
    });
  }
}
