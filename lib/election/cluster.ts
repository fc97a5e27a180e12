/**
 * What the nodes of a cloud tell each other through etcd, for their pages: the terms of the last
 * while, and which nodes there are. Best effort with deadlines: the election never waits for it, and
 * nothing is decided by it.
 *
 * - `…/conductor/terms/<term, 20 digits>`: JSON of a `TermRecord`; the last {@linkcode MAX_TERMS} stay.
 * - `…/conductor/nodes/<name>`: JSON of a `NodeRecord`, under a lease of 30 s.
 *
 * The node that leads writes the start and the end of its term. All nodes watch the election key as well: they
 * write the terms of drivers that keep no history, and the end of a term whose node could not write it (killed,
 * cut off), which is when the key goes, or when the lease ended that was seen last. When that node comes back, its
 * own account replaces theirs. A leader's writes are fenced by its term, those of the others compare the key as
 * they saw it. The own account of a term's end can have no fence; it replaces only the record of that term.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp } from "etcd3";
import { conductorPrefix, electionKey } from "../calico/keys.ts";
import type { Clock } from "../base/clock.ts";
import type { Outage } from "../base/outage.ts";
import { FenceLostError } from "../etcd/client.ts";
import { fencedIf } from "../etcd/fence.ts";
import { keepLeaseAlive } from "../etcd/lease.ts";
import { etcdCause, etcdOutage } from "../etcd/outage.ts";
import type { Log } from "../base/log.ts";
import {
  type NodeRecord,
  type RawElectionKey,
  registrationSchema,
  type TermRecord,
  termSchema,
} from "../state/records.ts";
import type { Watchdog } from "../role/heartbeat.ts";
import type { StateStore } from "../state/store.ts";
import { requestResync, type ResyncOptions } from "../state/resync_request.ts";
import { ClusterRecords, OwnRecord } from "./cluster_records.ts";
import type { TermObserver } from "./elector.ts";
import type { Leadership } from "./states.ts";
import { OWN_ACCOUNT_MS, TermObservations } from "./observed_terms.ts";
import { describeTermEnd, type TermEnd } from "./reasons.ts";
import { readRawKey } from "./raw_key.ts";

/** Terms that are kept. */
export const MAX_TERMS = 100;
const NODE_TTL_SECONDS = 30;
const INTERVAL_MS = 10_000;
const KEEP_ALIVE_MS = 2000;
const MAX_NODES = 50;
/** Of the terms' and of the nodes' JSON; a value of the KV file takes 64 KiB. */
const MAX_CHARS = 14_000;
/** How often the end of a term is tried to be written. */
const ATTEMPTS = 3;
/** A turn is so many calls to etcd at most. */
const CALLS_IN_TURN = 10;
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

/** Key of a term's record below the prefix: its digits sort as its number does. */
function termKey(term: string): string {
  return `terms/${term.padStart(20, "0")}`;
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
  readonly #observations = new TermObservations();
  /** The election key's term when it was last looked at. */
  #termSeen: string | null = null;

  constructor(readonly options: ClusterOptions) {
    this.#prefix = conductorPrefix(options.region);
    this.#records = new ClusterRecords(options.etcd, this.#prefix, options.log);
    this.#outage = options.outage ?? etcdOutage(options);
    this.#registration = new OwnRecord(options.etcd, `${this.#prefix}nodes/${options.node.name}`);
  }

  began({ term, since }: Leadership): void {
    const { node, id } = this.options;
    const record: TermRecord = { term, node: node.name, id, start: since, end: null, reason: null };
    this.#pending = this.#attempt("the start of a term", async () => {
      await this.#whileLeading(term, [], this.#records.putting(termKey(term), record));
      await this.#tidy(record);
      this.#wake.abort();
    });
  }

  async ended({ term, since }: Leadership, end: TermEnd): Promise<void> {
    const { clock, id } = this.options;
    await this.#pending;
    await this.#attempt("the end of a term", async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const [found] = await this.#records.read(termKey(term), termSchema);
        if (found?.record.id !== id || found.record.start !== since) return;
        const record = { ...found.record, end: clock.now(), reason: describeTermEnd(end) };
        const unchanged = this.#records.unchanged(found);
        if (await this.#records.putIf([unchanged], found.key, record)) break;
        // The next leader has ended it meanwhile.
      }
      this.#wake.abort();
    });
  }

  /** Registers, refreshes and copies until `signal` aborts; then takes the registration back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, etcd, watchdog, callTimeoutMs = 60_000 } = this.options;
    const watch = this.options.watch?.(() => this.#keyChanged());
    while (!signal.aborted) {
      watchdog?.within(INTERVAL_MS + CALLS_IN_TURN * callTimeoutMs);
      this.#wake = new AbortController();
      const failuresBefore = this.#failures;
      await this.#attempt("this node's registration", () => this.#register());
      await this.#attempt("the cloud's nodes and terms", () => this.#copy());
      if (this.#failures === failuresBefore) this.#outage.succeeded("registry");
      const either = AbortSignal.any([signal, this.#wake.signal]);
      const waitMs = this.#observations.isPending ? OWN_ACCOUNT_MS : INTERVAL_MS;
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

  /**
   * Writes for a term of this node; false: a conflict, something else that is compared has changed.
   *
   * @throws {FenceLostError} the term is over.
   */
  async #whileLeading(term: string, compare: ICompare[], write: IRequestOp): Promise<boolean> {
    const { etcd, region, id } = this.options;
    const led = { electionKey: electionKey(region), term, id };
    return await fencedIf(etcd, led, compare, [write]) !== null;
  }

  async #putNode(lease: string): Promise<void> {
    const { node, log, store, clock } = this.options;
    if (!await this.#registration.put(node, lease)) return;
    const { key } = this.#registration;
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
    const { store, clock, etcd, region } = this.options;
    const key = await readRawKey(etcd, electionKey(region));
    this.#termSeen = key?.createRevision ?? null;
    await this.#observe(key);
    const terms = (await this.#records.read("terms/", termSchema)).map(({ record }) => record);
    const nodes = (await this.#records.read("nodes/", registrationSchema)).map(({ record }) =>
      record
    );
    await store.writeCluster({
      at: clock.now(),
      terms: fitting(terms.reverse().slice(0, MAX_TERMS), MAX_CHARS),
      nodes: fitting(nodes.slice(0, MAX_NODES), MAX_CHARS),
      electionKey: key,
    });
  }

  /** Wakes the loop when the key is another term's; its refreshes are no news. */
  #keyChanged(): void {
    const { etcd, region } = this.options;
    etcd.get(electionKey(region)).exec().then(({ kvs }) => {
      if ((kvs[0]?.create_revision ?? null) !== this.#termSeen) this.#wake.abort();
    }, () => {}); // the next turn looks
  }

  /** Writes what the key says of the terms; what has changed meanwhile is looked at in the next turn. */
  async #observe(key: RawElectionKey | null): Promise<void> {
    const { region, clock } = this.options;
    const found = await this.#records.read("terms/", termSchema);
    const name = Buffer.from(electionKey(region));
    const create_revision = key?.createRevision ?? "0";
    const asSeen: ICompare = { key: name, result: "Equal", target: "Create", create_revision };
    const terms = found.map(({ record }) => record);
    for (const { does, record } of this.#observations.look(key, terms, clock.now())) {
      const known = found.find(({ record: { term } }) => term === record.term);
      const at = known?.key ?? termKey(record.term);
      if (does !== "begin" && !known) continue;
      const asFound = known ? this.#records.unchanged(known) : this.#records.absent(at);
      await this.#records.putIf([asSeen, asFound], at, record);
    }
  }

  /** Ends terms that nobody ended, and removes the oldest. */
  async #tidy(current: TermRecord): Promise<void> {
    const { etcd } = this.options;
    for (const found of await this.#records.read("terms/", termSchema)) {
      const { record } = found;
      if (record.end !== null || record.term === current.term) continue;
      if (BigInt(record.term) > BigInt(current.term)) continue;
      const end = this.#observations.endOf(record, current.start);
      const reason = `not ended in order; ${current.node} was elected`;
      const write = this.#records.putting(found.key, { ...record, end, reason });
      await this.#whileLeading(current.term, [this.#records.unchanged(found)], write);
    }
    const keys = (await etcd.getAll().prefix(`${this.#prefix}terms/`).keys()).sort();
    for (const key of keys.slice(0, -MAX_TERMS)) {
      const write = { request_delete_range: { key: Buffer.from(key) } };
      await this.#whileLeading(current.term, [], write);
    }
  }
}

/** The first records, as long as their JSON has no more than `maxChars` characters. */
function fitting<T>(records: readonly T[], maxChars: number): T[] {
  let chars = 0;
  return records.filter((record) => (chars += JSON.stringify(record).length) <= maxChars);
}
