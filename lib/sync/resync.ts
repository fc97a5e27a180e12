/**
 * One full resync. etcd's keys are read first, at one revision and without their values, then Neutron,
 * page by page. For each page the values that are not known to be right are read; one that has changed
 * since its key was seen does not count, so that a concurrent write can only make our swap fail, never
 * be overwritten. Ports are compared and written while the next values and the next page are on their way;
 * nothing is deleted before the last page has come.
 *
 * So no more than a few pages of values and of Neutron's objects are in memory at a time, however big
 * the cloud is; what is kept of every key and port is packed (`memory.ts`).
 *
 * @module
 */
import { resourcePrefixes } from "../calico/keys.ts";
import { readFenced } from "../etcd/fenced_write.ts";
import { snapshotPages } from "../etcd/snapshot.ts";
import type { Term } from "../master_context.ts";
import type { Listing } from "../openstack/neutron.ts";
import {
  floatingIpSchema,
  networkSchema,
  type Port,
  portSchema,
  qosPolicySchema,
  securityGroupSchema,
  subnetSchema,
} from "../openstack/records.ts";
import { ensureClusterConfig, removeLegacy } from "./cluster_config.ts";
import { compare, removal, type Stored, subjectOf } from "./compare.ts";
import { Earlier } from "./earlier.ts";
import { Memory } from "./memory.ts";
import { type Desired, type Kind, KINDS, Translator } from "./objects.ts";
import { EtcdSink, Pass, type ResyncDeps, type ResyncResult, type Sink } from "./pass.ts";
import { readAhead } from "./read_ahead.ts";
import { readProjects } from "./read_around.ts";
import { PORT_FIELDS, retryConflicts } from "./reconcile.ts";

/** More endpoints than this do not vanish in one moment: no ports at all looks like an outage. */
const SUSPICIOUS_ENDPOINTS = 10;
/** Keys alone are small: decoding so many does not hold up the event loop. */
const ETCD_PAGE = 2000;
/** Objects that are compared together: the values of so many are in memory. */
const CHUNK = 500;

/** How a full resync may differ from the usual one. */
export interface ResyncOptions {
  /** Where changes go; by default to etcd. Elsewhere: nothing at all is written. */
  readonly sink?: Sink;
  /** A Neutron without ports is believed. */
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
  const pass = new Pass(deps, term, options.sink ?? new EtcdSink(deps, term));
  const memory = new Memory(deps.region, options.beside);
  try {
    await new FullResync(pass, memory, options).run();
    await retryConflicts(pass, memory);
    if (!options.sink) {
      deps.progress("resync: cluster configuration");
      await ensureClusterConfig(deps.etcd, term, deps.clock);
      const legacy = await removeLegacy(deps.etcd, term, deps.region);
      if (legacy > 0) pass.warn(`${legacy} legacy objects removed`);
    }
  } catch (error) {
    memory.close();
    throw error;
  }
  return { ...pass.result(), memory };
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
  readonly #translator: Translator;
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;
  /** See {@linkcode ResyncOptions.previous}; null: everything is compared. */
  readonly #earlier: Earlier | null;
  #portsSeen = 0;

  constructor(
    readonly pass: Pass,
    readonly memory: Memory,
    readonly options: Pick<ResyncOptions, "allowDeletions" | "previous">,
  ) {
    this.#earlier = options.previous ? new Earlier(options.previous, memory) : null;
    this.#translator = new Translator(pass.deps.region, pass.deps.qos);
    this.#prefixes = resourcePrefixes(pass.deps.region);
  }

  async run(): Promise<void> {
    await this.#readKeys();
    await this.#readAround();
    const { allowDeletions } = this.options;
    // The first ports are on their way while policies are written, unless whether they can be skipped
    // is only known then.
    const early = this.#earlier ? null : this.#openPorts();
    try {
      await this.#groups();
    } catch (error) {
      await early?.return(undefined);
      throw error;
    }
    this.memory.around.compareFromNow();
    this.#earlier?.judgePorts();
    const ports = await this.#ports(early ?? this.#openPorts());
    await this.#subnets();
    const endpoints = this.pass.kinds.WorkloadEndpoint.etcdItems;
    if (ports === 0 && endpoints > SUSPICIOUS_ENDPOINTS && !allowDeletions) {
      throw new Error(
        `Neutron shows no ports while etcd holds ${endpoints} endpoints: refused, because an ` +
          "outage or a policy that hides ports looks like an empty cloud; check the service " +
          "user's rights, or say resync --allow-deletions",
      );
    }
    await this.#removeUnwanted();
  }

  /** Every key with its mod revision, all at one revision. */
  async #readKeys(): Promise<void> {
    const { pass, memory } = this;
    const { etcd, progress } = pass.deps;
    let revision: string | undefined;
    for (const kind of KINDS) {
      const prefix = this.#prefixes[kind];
      const options = {
        revision,
        pageSize: ETCD_PAGE,
        keysOnly: true,
        signal: pass.term.signal,
      };
      await pass.timed(kind, "etcdReadMs", async () => {
        for await (const page of snapshotPages(etcd, prefix, options)) {
          progress("resync: reading etcd");
          revision ??= page.revision;
          pass.kinds[kind].etcdItems += page.items.length;
          for (const { key, modRevision } of page.items) {
            const owner = subjectOf(kind, key.slice(prefix.length));
            if (!owner) continue; // somebody else's
            const row = memory.keys[kind].seen(key, modRevision);
            if (kind === "WorkloadEndpoint") memory.ports.addEndpoint(owner.id, row);
            else if (kind === "LiveMigration") memory.ports.addKey(owner.id, key);
          }
          await pass.breathe();
        }
      });
    }
  }

  /** What endpoints show of other objects. */
  async #readAround(): Promise<void> {
    const { memory, pass } = this;
    const { neutron, keystone, clock, progress } = pass.deps;
    const { signal } = pass.term;
    const onPage = () => progress("resync: reading Neutron");
    await pass.timed("WorkloadEndpoint", "neutronReadMs", async () => {
      const [networks, subnets, fips, policies, projects] = await Promise.all([
        neutron.list("networks", networkSchema, signal, { onPage }),
        neutron.list("subnets", subnetSchema, signal, { onPage }),
        neutron.list("floatingips", floatingIpSchema, signal, { onPage }),
        neutron.list("qos/policies", qosPolicySchema, signal, { onPage }),
        keystone.listProjects(signal),
      ]);
      for (const listing of [networks, subnets, fips, policies]) this.#note(listing);
      for (const network of networks.items) memory.network(network);
      for (const subnet of subnets.items) memory.subnet(subnet);
      for (const policy of policies.items) memory.policy(policy);
      for (const fip of fips.items) memory.floatingIp(fip);
      memory.projects(projects, clock.monotonic());
    });
  }

  #pages<T>(kind: Kind, pages: AsyncGenerator<Listing<T>>): AsyncGenerator<T[]> {
    return readAhead(this.pass, kind, pages, (page) => this.#note(page));
  }

  #note({ refused }: Listing<unknown>): void {
    for (const { id, why } of refused) {
      this.#refused.add(id);
      this.pass.warn(`record ${id} is not understood: ${why}`);
    }
  }

  async #groups(): Promise<void> {
    const { neutron } = this.pass.deps;
    const pages = neutron.pages("security-groups", securityGroupSchema, this.pass.term.signal, {
      known: (record) => this.#accountFor("NetworkPolicy", this.#earlier?.group(record) ?? -1),
    });
    for await (const page of this.#pages("NetworkPolicy", pages)) {
      for (const group of page) this.memory.group(group);
      await this.#want(page.map((group) => this.#translator.group(group)));
    }
    await this.pass.settle("NetworkPolicy");
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
        this.#portsSeen++;
        const row = this.#earlier?.port(record) ?? null;
        if (row !== null) this.#accountFor("WorkloadEndpoint", row);
        return row !== null;
      },
    });
    return this.#pages("WorkloadEndpoint", pages);
  }

  /** Compares and writes all ports; how many there are. */
  async #ports(pages: AsyncGenerator<Port[]>): Promise<number> {
    let last: TranslatedPorts | null = null;
    for await (const page of pages) {
      for (let at = 0; at < page.length; at += CHUNK) {
        // Their values are on their way while those before them are compared.
        const next = await this.#translate(page.slice(at, at + CHUNK));
        if (last) await this.#portsOf(last);
        last = next;
      }
    }
    if (last) await this.#portsOf(last);
    await this.pass.settle("WorkloadEndpoint");
    return this.#portsSeen;
  }

  async #translate(ports: readonly Port[]): Promise<TranslatedPorts> {
    const { pass, memory } = this;
    for (const port of ports) memory.port(port);
    if (pass.deps.keystone.projects.truncated) await readProjects(pass, memory, ports);
    const wanted = ports.map((port) => this.#translator.port(port, memory.around));
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
      const [only, ...more] = wants;
      if (more.length > 0) continue; // it migrates, and changes soon: it is compared each time
      const row = only ? right.get(only) : -1;
      if (row !== undefined) memory.ports.verify(ports[i]!.id, row);
    }
  }

  async #subnets(): Promise<void> {
    const wanted: Desired[] = [];
    for (const subnet of this.memory.around.subnets.values()) {
      if (this.#accountFor("Subnet", this.#earlier?.subnet(subnet) ?? -1)) continue;
      const want = this.#translator.subnet(subnet);
      if (want) wanted.push(want);
    }
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
      if (row < 0 && want.subject.type === "port") memory.addKey(want.subject.id, want.key);
      const from = pass.deps.clock.monotonic();
      let change = compare(want, stored, pass.stamps);
      counts.compareMs += pass.deps.clock.monotonic() - from;
      if (row >= 0 && change === null) {
        keys.right(row, stored!.modRevision);
        right.set(want, row);
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

  /** Deletes what nothing stands behind, in the reverse order of KINDS. */
  async #removeUnwanted(): Promise<void> {
    const { pass, memory } = this;
    for (const kind of KINDS.toReversed()) {
      const { index } = memory.keys[kind];
      const rows = [...memory.keys[kind].unwanted()];
      for (let at = 0; at < rows.length; at += CHUNK) {
        const keys = rows.slice(at, at + CHUNK).map((row) => index.text(row));
        const values = pass.sink.wantsDeleted ? await this.#read(kind, keys) : new Map();
        for (const [i, key] of keys.entries()) {
          const modRevision = memory.keys[kind].modRevision(rows[at + i]!);
          await this.#remove(kind, key, modRevision, values.get(key));
        }
      }
      await pass.settle(kind);
    }
  }

  async #remove(kind: Kind, key: string, modRevision: string, stored?: Stored): Promise<void> {
    const { pass, memory } = this;
    const change = removal(kind, this.#prefixes[kind], key, modRevision);
    if (!change || this.#refused.has(change.subject.id)) return;
    await pass.change(kind, change, stored);
    const { type, id } = change.subject;
    if (type === "port") memory.dropKey(id, key);
    await pass.breathe();
  }
}
