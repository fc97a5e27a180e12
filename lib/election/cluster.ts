/**
 * What the nodes of a cloud tell each other through etcd, for their pages: the terms of the last
 * while, and which nodes there are. Best effort with deadlines: the election never waits for it, and
 * nothing is decided by it.
 *
 * - `…/conductor/terms/<term, 20 digits>`: JSON of a `TermRecord`.
 * - `…/conductor/nodes/<name>`: JSON of a `NodeRecord`, under a lease of 30 s.
 *
 * How the history is written is said in `term_history.ts`.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import { conductorPrefix, electionKey } from "../calico/keys.ts";
import type { Clock } from "../base/clock.ts";
import type { Outage } from "../base/outage.ts";
import { FenceLostError } from "../etcd/client.ts";
import { keepLeaseAlive } from "../etcd/lease.ts";
import { etcdCause, etcdOutage } from "../etcd/outage.ts";
import type { Log } from "../base/log.ts";
import {
  type Cluster,
  type ConfigurationRecord,
  type NodeRecord,
  type Registration,
  registrationSchema,
} from "../state/records.ts";
import type { Watchdog } from "../role/heartbeat.ts";
import type { StateStore } from "../state/store.ts";
import { requestResync, type ResyncOptions } from "../state/resync_request.ts";
import { ClusterRecords, OwnRecord } from "./cluster_records.ts";
import { compareConfigurations } from "./compare_configurations.ts";
import type { TermObserver } from "./elector.ts";
import type { Leadership } from "./states.ts";
import { OWN_ACCOUNT_MS } from "./observed_terms.ts";
import { OtherRegions } from "./other_regions.ts";
import { OwnTerms } from "./own_terms.ts";
import type { TermEnd } from "./reasons.ts";
import { cutNode, cutTerm, fitting } from "./fitting.ts";
import { lookAtKey } from "./raw_key.ts";
import { Sightings } from "./sightings.ts";
import { MAX_TERMS, TermHistory } from "./term_history.ts";

const NODE_TTL_SECONDS = 30;
const INTERVAL_MS = 10_000;
const KEEP_ALIVE_MS = 2000;
const MAX_NODES = 50;
/** Of what is in the state file, bytes: a value there takes 64 KiB in all. */
const MAX_BYTES = { terms: 26_000, nodes: 16_000, seen: 6000, differing: 5000, names: 2500 };
/** A turn is so many calls to etcd at most. */
const CALLS_IN_TURN = 14;
/** What is asked for when etcd has gone back. */
const EVERYTHING: ResyncOptions = {
  by: "this node: etcd has gone back",
  networks: [],
  subnets: [],
  ports: [],
  groups: [],
  includeGroups: false,
  dryRun: false,
  allowDeletions: false,
};

/** What the registry needs. */
export interface ClusterOptions {
  readonly etcd: Etcd3;
  readonly region: string | null;
  readonly node: NodeRecord;
  /** This node's election value. */
  readonly id: string;
  readonly store: StateStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Calls back, perhaps more often than needed, when the election key changes. */
  watch?(onChange: () => void): { close(): void };
  /** Told of each turn of the registry's loop. */
  readonly watchdog?: Pick<Watchdog, "within" | "rest">;
  /** Deadline of one call to etcd, ms; a turn makes several. @default 60000 */
  readonly callTimeoutMs?: number;
  /** Of etcd, for all of this process. */
  readonly outage?: Outage;
}

/** Registers this node, keeps the history of terms, and copies both to the state store. */
export class ClusterRegistry implements TermObserver {
  readonly #prefix: string;
  readonly #records: ClusterRecords;
  readonly #registration: OwnRecord;
  #lease: string | null = null;
  readonly #outage: Outage;
  #failures = 0;
  #pending: Promise<void> = Promise.resolve();
  #wake = new AbortController();
  readonly #own: OwnTerms;
  readonly #terms: TermHistory;
  #sightings = new Sightings();
  /** This node's; undefined: the supervisor has not noted it. */
  #configuration: ConfigurationRecord | undefined;
  readonly #elsewhere: OtherRegions;
  /** What the state store holds, but for the sightings; null: nothing was read yet. */
  #known: Cluster | null = null;
  /** The election key's term when it was last looked at. */
  #termSeen: string | null = null;

  constructor(readonly options: ClusterOptions) {
    this.#prefix = conductorPrefix(options.region);
    this.#records = new ClusterRecords(options.etcd, this.#prefix, options.log);
    this.#outage = options.outage ?? etcdOutage(options);
    const { store, id, node, etcd, region, clock } = options;
    this.#elsewhere = new OtherRegions(etcd, region, clock);
    this.#own = new OwnTerms(id, store);
    const history = { ...options, node: node.name, records: this.#records };
    this.#terms = new TermHistory(this.#own, history);
    this.#registration = new OwnRecord(options.etcd, `${this.#prefix}nodes/${options.node.name}`);
  }

  began(leadership: Leadership): void {
    this.#own.began(leadership);
    this.#pending = this.#attempt("the start of a term", async () => {
      await this.#terms.tell();
      this.#wake.abort();
    });
  }

  async ended(leadership: Leadership, end: TermEnd): Promise<void> {
    const at = this.options.clock.now();
    await this.#pending;
    const kept = this.#own.ended(leadership, end, at);
    await this.#attempt("the end of a term", () => this.#terms.tell());
    await kept;
    this.#wake.abort();
  }

  /** Registers, refreshes and copies until `signal` aborts; then takes the registration back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, etcd, store, watchdog, callTimeoutMs = 60_000 } = this.options;
    await this.#own.load();
    this.#known = await store.readCluster().catch(() => null);
    this.#sightings = new Sightings(this.#known?.seen);
    const watch = this.options.watch?.(() => this.#keyChanged());
    while (!signal.aborted) {
      watchdog?.within(INTERVAL_MS + CALLS_IN_TURN * callTimeoutMs);
      this.#wake = new AbortController();
      const failuresBefore = this.#failures;
      await this.#attempt("this node's registration", () => this.#register());
      await this.#attempt("what this node has to say of its terms", () => this.#terms.tell());
      await this.#attempt("the cloud's nodes and terms", () => this.#copy());
      await this.#show();
      if (this.#failures === failuresBefore) this.#outage.succeeded("registry");
      const either = AbortSignal.any([signal, this.#wake.signal]);
      const waitMs = this.#terms.observations.isPending ? OWN_ACCOUNT_MS : INTERVAL_MS;
      await clock.sleep(waitMs, either).catch(() => {});
    }
    watch?.close();
    watchdog?.rest();
    const lease = this.#lease;
    if (lease !== null) {
      await this.#attempt(
        "the end of this node's registration",
        () => etcd.leaseClient.leaseRevoke({ ID: lease }, { deadline: Date.now() + 1000 }),
      );
    }
  }

  async #attempt(what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      const message = `etcd does not take or give ${what}; the election goes on`;
      if (error instanceof FenceLostError) this.options.log.warn(message, { error });
      else {
        this.#failures++;
        const failure = { message, fields: { error }, cause: etcdCause(error) };
        this.#outage.failed("registry", failure);
      }
    }
  }

  async #putNode(lease: string): Promise<void> {
    const { node, log, store, clock } = this.options;
    // The supervisor notes it; it may change while this process runs.
    this.#configuration = await store.readConfiguration().catch(() => null) ?? undefined;
    const registration: Registration = { ...node, configuration: this.#configuration };
    if (!await this.#registration.put(registration, lease)) return;
    const { key } = this.#registration;
    this.#sightings.restored(clock.now());
    log.error("etcd has gone back: a backup was restored, or another etcd answers", { key });
    // What the syncer remembers is of a history that is lost; when another leads, that one's node asks.
    await requestResync(store, clock, EVERYTHING)
      .catch((error) => log.info("this node asks for no resync of what was restored", { error }));
  }

  /** Writing under the lease also tells whether it still lives. */
  async #register(): Promise<void> {
    const { etcd } = this.options;
    if (this.#lease !== null) {
      const lease = this.#lease;
      this.#lease = null;
      if (await keepLeaseAlive(etcd, lease, KEEP_ALIVE_MS).catch(() => false)) {
        await this.#putNode(lease);
        this.#lease = lease;
        return;
      }
    }
    this.#lease = (await etcd.leaseClient.leaseGrant({ TTL: NODE_TTL_SECONDS })).ID;
    await this.#putNode(this.#lease);
  }

  async #copy(): Promise<void> {
    const { clock } = this.options;
    const { key, revision } = await this.#look();
    await this.#terms.observe(key, revision);
    const terms = await this.#terms.read();
    const registered = (await this.#records.read("nodes/", registrationSchema))
      .map(({ record }) => record);
    const nodes = registered.map(({ configuration: _, ...node }) => node);
    this.#known = {
      at: clock.now(),
      terms: fitting(terms.slice(0, MAX_TERMS).map(cutTerm), MAX_BYTES.terms),
      nodes: fitting(nodes.slice(0, MAX_NODES).map(cutNode), MAX_BYTES.nodes),
      electionKey: key,
      ...await this.#compared(registered),
    };
  }

  async #compared(registered: readonly Registration[]): Promise<Pick<Cluster, "configurations">> {
    const { name, version } = this.options.node;
    const configuration = this.#configuration;
    if (configuration === undefined) return {};
    const elsewhere = await this.#elsewhere.read();
    const own = { name, version, configuration };
    const { same, unknown, differing } = compareConfigurations(own, registered, elsewhere);
    return {
      configurations: {
        same: fitting(same.slice(0, MAX_NODES), MAX_BYTES.names),
        unknown: fitting(unknown.slice(0, MAX_NODES), MAX_BYTES.names),
        differing: fitting(differing, MAX_BYTES.differing),
      },
    };
  }

  /** Looks at the election key, and remembers what it saw. */
  async #look() {
    const { clock, etcd, region } = this.options;
    const asked = clock.now();
    try {
      const seen = await lookAtKey(etcd, electionKey(region));
      this.#termSeen = seen.key?.createRevision ?? null;
      this.#sightings.saw(seen.key, clock.now());
      return seen;
    } catch (error) {
      this.#sightings.unread(etcdCause(error), asked, clock.now());
      throw error;
    }
  }

  /** What is known, for the page; what this node did and saw goes on while etcd does not answer. */
  async #show(): Promise<void> {
    const { store, log, node } = this.options;
    if (this.#known === null) return;
    const terms = this.#known.terms.map((record) => this.#own.applied(record, node.name));
    const seen = fitting(this.#sightings.all, MAX_BYTES.seen);
    await store.writeCluster({ ...this.#known, terms, seen })
      .catch((error) => log.warn("the page is not told of nodes and terms", { error }));
  }

  /** Wakes the loop when the key is another term's; its refreshes are no news. */
  #keyChanged(): void {
    const { etcd, region } = this.options;
    etcd.get(electionKey(region)).exec().then(({ kvs }) => {
      if ((kvs[0]?.create_revision ?? null) !== this.#termSeen) this.#wake.abort();
    }, () => {}); // the next turn looks
  }
}
