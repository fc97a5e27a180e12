/**
 * One full resync: etcd is read first, at one revision, then Neutron, so that a concurrent write can
 * only make our swap fail, never be overwritten. Ports are compared and written page by page, while
 * the next page is on its way; nothing is deleted before the last page has come.
 *
 * @module
 */
import { resourcePrefixes } from "../calico/keys.ts";
import { type KeyValue, readSnapshot } from "../etcd/snapshot.ts";
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
import { compare, removal } from "./compare.ts";
import { Memory, type VerifiedKey } from "./memory.ts";
import { type Desired, type Kind, KINDS, Translator } from "./objects.ts";
import { EtcdSink, Pass, type ResyncDeps, type ResyncResult, type Sink } from "./pass.ts";
import { PORT_FIELDS, retryConflicts } from "./reconcile.ts";

/** More endpoints than this do not vanish in one moment: no ports at all looks like an outage. */
const SUSPICIOUS_ENDPOINTS = 10;
/** Smaller than the default, so that decoding a page does not hold up the event loop. */
const ETCD_PAGE = 1000;

/** How a full resync may differ from the usual one. */
export interface ResyncOptions {
  /** Where changes go; by default to etcd. Elsewhere: nothing at all is written. */
  readonly sink?: Sink;
  /** A Neutron without ports is believed. */
  readonly allowEmpty?: boolean;
  /**
   * What an earlier full resync remembered. A port of the same revision, whose keys are as they were
   * found right then and whose surroundings are the same, is not translated and compared again.
   */
  readonly previous?: Memory;
}

/** Makes etcd equal to Neutron. @throws what any part threw; FenceLostError when another leads. */
export async function fullResync(
  deps: ResyncDeps,
  term: Term,
  options: ResyncOptions = {},
): Promise<ResyncResult & { memory: Memory }> {
  const pass = new Pass(deps, term, options.sink ?? new EtcdSink(deps, term));
  const memory = new Memory(deps.region);
  await new FullResync(pass, memory, options).run();
  await retryConflicts(pass, memory);
  if (!options.sink) {
    deps.progress("resync: cluster configuration");
    await ensureClusterConfig(deps.etcd, term, deps.clock);
    const legacy = await removeLegacy(deps.etcd, term, deps.region);
    if (legacy > 0) pass.warn(`${legacy} legacy objects removed`);
  }
  return { ...pass.result(), memory };
}

class FullResync {
  readonly #stored = {} as Record<Kind, Map<string, KeyValue>>;
  readonly #refused = new Set<string>();
  readonly #translator: Translator;
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;

  /** See {@linkcode ResyncOptions.previous}; null: everything is compared. */
  #previous: Memory | null = null;
  #portsSeen = 0;

  constructor(
    readonly pass: Pass,
    readonly memory: Memory,
    readonly options: Pick<ResyncOptions, "allowEmpty" | "previous">,
  ) {
    this.#translator = new Translator(pass.deps.region);
    this.#prefixes = resourcePrefixes(pass.deps.region);
  }

  async run(): Promise<void> {
    await this.#readEtcd();
    await this.#readAround();
    const { previous } = this.options;
    // The first ports are on their way while policies are written, unless whether they can be skipped
    // is only known then.
    const early = previous ? null : this.#openPorts();
    try {
      await this.#groups();
    } catch (error) {
      await early?.return(undefined);
      throw error;
    }
    this.memory.shown = this.memory.describeAround();
    if (previous && previous.shown === this.memory.shown) this.#previous = previous;
    const ports = await this.#ports(early ?? this.#openPorts());
    await this.#subnets();
    const endpoints = this.pass.kinds.WorkloadEndpoint.etcdItems;
    if (ports === 0 && endpoints > SUSPICIOUS_ENDPOINTS && !this.options.allowEmpty) {
      throw new Error(
        `Neutron shows no ports while etcd holds ${endpoints} endpoints: refused, because an ` +
          "outage or a policy that hides ports looks like an empty cloud; check the service " +
          "user's rights, or say resync --allow-empty",
      );
    }
    await this.#removeUnwanted();
  }

  async #readEtcd(): Promise<void> {
    const { pass } = this;
    const { etcd, progress } = pass.deps;
    let revision: string | undefined;
    for (const kind of KINDS) {
      await pass.timed(kind, "etcdReadMs", async () => {
        const snapshot = await readSnapshot(etcd, this.#prefixes[kind], {
          revision,
          pageSize: ETCD_PAGE,
          signal: pass.term.signal,
          onPage: () => progress("resync: reading etcd"),
        });
        revision ??= snapshot.revision;
        const stored = this.#stored[kind] = new Map<string, KeyValue>();
        for (const item of snapshot.items) {
          stored.set(item.key, item);
          await pass.breathe();
        }
        pass.kinds[kind].etcdItems = snapshot.items.length;
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
      memory.floatingIps([], fips.items);
      memory.projects(projects, clock.monotonic());
    });
  }

  #note({ refused }: Listing<unknown>): void {
    for (const { id, why } of refused) {
      this.#refused.add(id);
      this.pass.warn(`record ${id} is not understood: ${why}`);
    }
  }

  async #groups(): Promise<void> {
    const { neutron } = this.pass.deps;
    const pages = neutron.pages("security-groups", securityGroupSchema, this.pass.term.signal);
    for await (const page of this.#readAhead("NetworkPolicy", pages)) {
      for (const group of page) {
        this.memory.group(group);
        await this.#want(this.#translator.group(group));
      }
    }
    await this.pass.settle("NetworkPolicy");
  }

  #openPorts(): AsyncGenerator<Port[]> {
    const { neutron } = this.pass.deps;
    const pages = neutron.pages("ports", portSchema, this.pass.term.signal, {
      fields: PORT_FIELDS,
      known: (record) => {
        this.#portsSeen++;
        return this.#previous !== null && this.#isUnchanged(record, this.#previous);
      },
    });
    return this.#readAhead("WorkloadEndpoint", pages);
  }

  /** Compares and writes all ports; how many there are. */
  async #ports(pages: AsyncGenerator<Port[]>): Promise<number> {
    for await (const page of pages) {
      for (const port of page) this.memory.port(port);
      await this.#portPage(page);
    }
    await this.pass.settle("WorkloadEndpoint");
    return this.#portsSeen;
  }

  /** Whether nothing can have changed for that port; if so, it is accounted for. */
  #isUnchanged(record: unknown, previous: Memory): boolean {
    const { id, revision_number } = record as { id?: unknown; revision_number?: unknown };
    if (typeof id !== "string" || previous.revisions.ports.get(id) !== revision_number) {
      return false;
    }
    const keys = previous.verified.get(id);
    const same = keys?.every(({ key, kind, modRevision }) =>
      this.#stored[kind].get(key)?.modRevision === modRevision
    );
    if (!keys || !same) return false;
    for (const { key, kind } of keys) {
      this.#stored[kind].delete(key);
      this.pass.kinds[kind].correct++;
      this.pass.kinds[kind].neutronItems++;
    }
    this.memory.carryOver(id, previous);
    return true;
  }

  /** Migrations of a page land before its endpoints. */
  async #portPage(ports: readonly Port[]): Promise<void> {
    const { pass, memory } = this;
    const migrating = ports.filter((port) => port["binding:profile"]);
    for (const port of migrating) {
      for (const want of this.#translator.port(port, memory.around)) {
        if (want.kind === "LiveMigration") await this.#want(want);
      }
    }
    if (migrating.length > 0) await pass.settle("LiveMigration");
    for (const port of ports) {
      const verified: VerifiedKey[] = [];
      const wanted = this.#translator.port(port, memory.around);
      for (const want of wanted) {
        if (want.kind !== "WorkloadEndpoint") continue;
        const modRevision = await this.#want(want);
        if (modRevision !== null) verified.push({ key: want.key, kind: want.kind, modRevision });
      }
      // A migrating port changes soon; it is compared each time.
      if (verified.length === wanted.length) memory.verified.set(port.id, verified);
    }
  }

  async #subnets(): Promise<void> {
    for (const subnet of this.memory.around.subnets.values()) {
      const want = this.#translator.subnet(subnet);
      if (want) await this.#want(want);
    }
    await this.pass.settle("Subnet");
  }

  /** Compares, and writes what differs; the mod revision of a key that was right, else null. */
  async #want(want: Desired): Promise<string | null> {
    const { pass, memory } = this;
    const { kind, key, subject } = want;
    const stored = this.#stored[kind].get(key);
    this.#stored[kind].delete(key);
    pass.kinds[kind].neutronItems++;
    if (subject.type === "port") memory.addKey(subject.id, key);
    const from = pass.deps.clock.monotonic();
    const change = compare(want, stored, pass.stamps);
    pass.kinds[kind].compareMs += pass.deps.clock.monotonic() - from;
    await pass.change(kind, change, stored);
    await pass.breathe();
    return change === null ? stored!.modRevision : null;
  }

  /** Deletes what nothing stands behind, in the reverse order of KINDS. */
  async #removeUnwanted(): Promise<void> {
    const { pass, memory } = this;
    for (const kind of KINDS.toReversed()) {
      for (const [key, stored] of this.#stored[kind]) {
        const change = removal(kind, this.#prefixes[kind], key, stored);
        if (!change) continue;
        const { type, id } = change.subject;
        if (this.#refused.has(id)) {
          if (type === "port") memory.addKey(id, key);
        } else await pass.change(kind, change, stored);
        await pass.breathe();
      }
      await pass.settle(kind);
    }
  }

  /** The items of each page, with the next page on its way. */
  #readAhead<T>(kind: Kind, pages: AsyncGenerator<Listing<T>>): AsyncGenerator<T[]> {
    const first = pages.next();
    first.catch(() => {}); // it is awaited in its turn, if that comes
    return this.#follow(kind, pages, first);
  }

  async *#follow<T>(
    kind: Kind,
    pages: AsyncGenerator<Listing<T>>,
    first: Promise<IteratorResult<Listing<T>>>,
  ): AsyncGenerator<T[]> {
    const { pass } = this;
    let next = first;
    try {
      while (true) {
        const { value, done } = await pass.timed(kind, "neutronReadMs", () => next);
        if (done) return;
        pass.deps.progress("resync: reading Neutron");
        this.#note(value);
        next = pages.next();
        next.catch(() => {});
        yield value.items;
      }
    } finally {
      await pages.return(undefined).catch(() => {});
    }
  }
}
