/**
 * What the nodes of a cloud tell each other through etcd, for their pages: the terms of the last
 * while, and which nodes there are. Best effort with deadlines: the election never waits for it, and
 * nothing is decided by it.
 *
 * - `…/conductor/terms/<term, 20 digits>`: JSON of a `TermRecord`; the last {@linkcode MAX_TERMS} stay.
 * - `…/conductor/nodes/<name>`: JSON of a `NodeRecord`, under a lease of 30 s.
 *
 * A term's end is written by the node that led. When it could not (killed, cut off), the next leader
 * ends it, and the node's own account replaces that when it comes back.
 *
 * @module
 */
import type { Etcd3 } from "etcd3";
import type { z } from "zod";
import { conductorPrefix, electionKey } from "../calico/regions.ts";
import type { Clock } from "../clock.ts";
import { keepLeaseAlive } from "../etcd/lease.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import type { Log } from "../log.ts";
import { type NodeRecord, nodeSchema, type TermRecord, termSchema } from "../state_records.ts";
import type { Deadman } from "../signs_of_life.ts";
import type { StateStore } from "../state_store.ts";
import type { TermObserver } from "./elector.ts";
import type { Leadership } from "./machine.ts";
import { readRawKey } from "./raw_key.ts";

/** Terms that are kept. */
export const MAX_TERMS = 100;
const NODE_TTL_SECONDS = 30;
const INTERVAL_MS = 10_000;
const KEEP_ALIVE_MS = 2000;
const MAX_NODES = 50;
/** Of the terms' and of the nodes' JSON; a value of the KV file takes 64 KiB. */
const MAX_CHARS = 14_000;
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
      await this.#put(termKey(term), record);
      await this.#tidy(record);
      this.#wake.abort();
    });
  }

  async ended({ term }: Leadership, reason: string): Promise<void> {
    await this.#pending;
    await this.#attempt("the end of a term", async () => {
      const key = termKey(term);
      const found = this.#parse(key, termSchema, await this.options.etcd.get(this.#prefix + key));
      if (!found) return;
      await this.#put(key, { ...found, end: this.options.clock.now(), reason });
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

  #put(key: string, value: TermRecord | NodeRecord, lease = "0"): Promise<unknown> {
    return this.options.etcd.put(this.#prefix + key).value(JSON.stringify(value)).lease(lease)
      .exec();
  }

  /** Writing under the lease also tells whether it still lives. */
  async #register(): Promise<void> {
    const { etcd, node } = this.options;
    const key = `nodes/${node.name}`;
    if (this.#lease !== null) {
      const lease = this.#lease;
      this.#lease = null;
      if (await keepLeaseAlive(etcd, lease, KEEP_ALIVE_MS).catch(() => false)) {
        await this.#put(key, node, lease);
        this.#lease = lease;
        return;
      }
    }
    this.#lease = (await etcd.leaseClient.leaseGrant({ TTL: NODE_TTL_SECONDS })).ID;
    await this.#put(key, node, this.#lease);
  }

  async #copy(): Promise<void> {
    const { store, clock, etcd, region } = this.options;
    const terms = await this.#read("terms/", termSchema);
    const nodes = await this.#read("nodes/", nodeSchema);
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
    const terms = await this.#read("terms/", termSchema);
    for (const record of terms) {
      if (record.end !== null || record.term === current.term) continue;
      if (BigInt(record.term) > BigInt(current.term)) continue;
      const reason = `not ended in order; ${current.node} was elected`;
      await this.#put(termKey(record.term), { ...record, end: current.start, reason });
    }
    const keys = (await etcd.getAll().prefix(`${this.#prefix}terms/`).keys()).sort();
    for (const key of keys.slice(0, -MAX_TERMS)) await etcd.delete().key(key);
  }

  /** Valid records in the order of their keys; others are named in the log, once. */
  async #read<T>(folder: string, schema: z.ZodType<T>): Promise<T[]> {
    const { items } = await readSnapshot(this.options.etcd, this.#prefix + folder);
    return items
      .map(({ key, value }) => this.#parse(key.slice(this.#prefix.length), schema, `${value}`))
      .filter((record) => record !== null);
  }

  #parse<T>(key: string, schema: z.ZodType<T>, text: string | Uint8Array | null): T | null {
    if (text === null) return null;
    try {
      return schema.parse(JSON.parse(String(text)));
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
