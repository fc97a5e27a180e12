/**
 * What the nodes of a cloud tell each other through etcd, for their pages: the terms of the last
 * while, and which nodes there are. Best effort with deadlines: the election never waits for it, and
 * nothing is decided by it.
 *
 * - `…/conductor/terms/<term, 20 digits>`: JSON of a `TermRecord`; the last {@linkcode MAX_TERMS} stay.
 * - `…/conductor/nodes/<name>`: JSON of a `NodeRecord`, under a lease of 30 s.
 *
 * A term's end is written by the node that led. When it could not (killed, cut off), the next leader
 * ends it, and the node's own account replaces that when it comes back. What a leader writes is fenced by
 * its term; the account of a term's own end cannot be, and replaces only the record of that very term.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp } from "etcd3";
import type { z } from "zod";
import { conductorPrefix, electionKey } from "../calico/regions.ts";
import type { Clock } from "../base/clock.ts";
import { fence, readFence, throwIfFenceLost } from "../etcd/fence.ts";
import { keepLeaseAlive } from "../etcd/lease.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import type { Log } from "../base/log.ts";
import { type NodeRecord, nodeSchema, type TermRecord, termSchema } from "../state/records.ts";
import type { Deadman } from "../role/heartbeat.ts";
import type { StateStore } from "../state/store.ts";
import type { TermObserver } from "./elector.ts";
import type { Leadership } from "./states.ts";
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
  /** Told of each turn of the registry's loop. */
  readonly deadman?: Pick<Deadman, "within" | "rest">;
  /** etcd's deadline of one call, ms, of which a turn is made. @default 60000 */
  readonly callTimeoutMs?: number;
}

/** Key of a term's record below the prefix: its digits sort as its number does. */
function termKey(term: string): string {
  return `terms/${term.padStart(20, "0")}`;
}

/** A record in etcd. */
interface Found<T> {
  /** Below the prefix. */
  readonly key: string;
  readonly record: T;
  readonly modRevision: string;
}

/** Registers this node, keeps the history of terms, and copies both to the state store. */
export class ClusterRegistry implements TermObserver {
  readonly #prefix: string;
  #lease: string | null = null;
  #warned = new Set<string>();
  #pending: Promise<void> = Promise.resolve();
  #wake = new AbortController();

  constructor(readonly options: ClusterOptions) {
    this.#prefix = conductorPrefix(options.region);
  }

  began({ term, since }: Leadership): void {
    const { node, id } = this.options;
    const record: TermRecord = {
      term,
      node: node.name,
      id,
      start: since,
      end: null,
      reason: null,
    };
    this.#pending = this.#attempt("the start of a term", async () => {
      await this.#whileLeading(term, [], this.#putting(termKey(term), record));
      await this.#tidy(record);
      this.#wake.abort();
    });
  }

  async ended({ term, since }: Leadership, reason: string): Promise<void> {
    const { etcd, clock, id } = this.options;
    await this.#pending;
    await this.#attempt("the end of a term", async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const [found] = await this.#read(termKey(term), termSchema);
        if (found?.record.id !== id || found.record.start !== since) return;
        const write = this.#putting(found.key, { ...found.record, end: clock.now(), reason });
        const { succeeded } = await etcd.kv.txn({
          compare: [this.#unchanged(found)],
          success: [write],
          failure: [],
        });
        if (succeeded) break; // else the next leader has ended it meanwhile
      }
      this.#wake.abort();
    });
  }

  /** Registers, refreshes and copies until `signal` aborts; then takes the registration back. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, etcd, deadman, callTimeoutMs = 60_000 } = this.options;
    while (!signal.aborted) {
      deadman?.within(INTERVAL_MS + CALLS_IN_TURN * callTimeoutMs);
      this.#wake = new AbortController();
      await this.#attempt("this node's registration", () => this.#register());
      await this.#attempt("the cloud's nodes and terms", () => this.#copy());
      const either = AbortSignal.any([signal, this.#wake.signal]);
      await clock.sleep(INTERVAL_MS, either).catch(() => {});
    }
    deadman?.rest();
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
      this.#warned.delete(what);
    } catch (error) {
      const level = this.#warned.has(what) ? "debug" : "warn";
      this.#warned.add(what);
      this.options.log[level](`etcd does not take or give ${what}; the election goes on`, {
        error,
      });
    }
  }

  #putting(key: string, record: TermRecord): IRequestOp {
    const value = Buffer.from(JSON.stringify(record));
    return { request_put: { key: Buffer.from(this.#prefix + key), value } };
  }

  #unchanged({ key, modRevision }: Found<unknown>): ICompare {
    const name = Buffer.from(this.#prefix + key);
    return { key: name, result: "Equal", target: "Mod", mod_revision: modRevision };
  }

  /**
   * Writes for a term of this node; false when what else is compared has changed.
   *
   * @throws {FenceLostError} the term is over.
   */
  async #whileLeading(term: string, compare: ICompare[], write: IRequestOp): Promise<boolean> {
    const { etcd, region, id } = this.options;
    const led = { electionKey: electionKey(region), term, id };
    const answer = await etcd.kv.txn({
      compare: [...fence(led), ...compare],
      success: [write],
      failure: [readFence(led)],
    });
    if (!answer.succeeded) throwIfFenceLost(led, answer);
    return answer.succeeded;
  }

  #putNode(lease: string): Promise<unknown> {
    const { etcd, node } = this.options;
    return etcd.put(`${this.#prefix}nodes/${node.name}`).value(JSON.stringify(node)).lease(lease)
      .exec();
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
    const terms = (await this.#read("terms/", termSchema)).map(({ record }) => record);
    const nodes = (await this.#read("nodes/", nodeSchema)).map(({ record }) => record);
    await store.writeCluster({
      at: clock.now(),
      terms: fitting(terms.reverse().slice(0, MAX_TERMS), MAX_CHARS),
      nodes: fitting(nodes.slice(0, MAX_NODES), MAX_CHARS),
      electionKey: await readRawKey(etcd, electionKey(region)),
    });
  }

  /** Ends terms that nobody ended, and removes the oldest. */
  async #tidy(current: TermRecord): Promise<void> {
    const { etcd } = this.options;
    for (const found of await this.#read("terms/", termSchema)) {
      const { record } = found;
      if (record.end !== null || record.term === current.term) continue;
      if (BigInt(record.term) > BigInt(current.term)) continue;
      const reason = `not ended in order; ${current.node} was elected`;
      const write = this.#putting(found.key, { ...record, end: current.start, reason });
      await this.#whileLeading(current.term, [this.#unchanged(found)], write);
    }
    const keys = (await etcd.getAll().prefix(`${this.#prefix}terms/`).keys()).sort();
    for (const key of keys.slice(0, -MAX_TERMS)) {
      const write = { request_delete_range: { key: Buffer.from(key) } };
      await this.#whileLeading(current.term, [], write);
    }
  }

  /** Valid records in the order of their keys; others are named in the log, once. */
  async #read<T>(prefix: string, schema: z.ZodType<T>): Promise<Found<T>[]> {
    const { items } = await readSnapshot(this.options.etcd, this.#prefix + prefix);
    return items.flatMap(({ key: name, value, modRevision }) => {
      const key = name.slice(this.#prefix.length);
      const record = this.#parse(key, schema, String(value));
      return record === null ? [] : [{ key, record, modRevision }];
    });
  }

  #parse<T>(key: string, schema: z.ZodType<T>, text: string): T | null {
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      if (!this.#warned.has(key)) {
        this.options.log.warn("a record in etcd is not of its shape, ignored", {
          key: this.#prefix + key,
        });
      }
      this.#warned.add(key);
      return null;
    }
  }
}

/** The first records, as long as their JSON has no more than `maxChars` characters. */
function fitting<T>(records: readonly T[], maxChars: number): T[] {
  let chars = 0;
  return records.filter((record) => (chars += JSON.stringify(record).length) <= maxChars);
}
