/**
 * The history of terms in etcd, `…/conductor/terms/<term, 20 digits>`: JSON of a `TermRecord`; the last
 * {@linkcode MAX_TERMS} stay.
 *
 * The node that leads writes the start of its term, under its fence, and when and why it ended. All nodes watch the
 * election key as well: they write the terms of drivers that keep no history, when the key of a term was gone, and,
 * as long as the node that led has not told, that the term was over then. Its own word replaces theirs, whenever it
 * comes; theirs never replaces it. What others write compares the key as they saw it. The own account of a term's
 * end can have no fence; it replaces only the record of that term.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp } from "etcd3";
import type { Clock } from "../base/clock.ts";
import { conductorPrefix, electionKey } from "../calico/keys.ts";
import { FenceLostError } from "../etcd/client.ts";
import { fencedIf } from "../etcd/fence.ts";
import {
  type RawElectionKey,
  type TermAccount,
  type TermRecord,
  termSchema,
} from "../state/records.ts";
import type { ClusterRecords } from "./cluster_records.ts";
import { TermObservations } from "./observed_terms.ts";
import { type OwnTerms, withAccount } from "./own_terms.ts";

/** Terms that are kept. */
export const MAX_TERMS = 100;
/** How often an account is tried to be written while others write the same record. */
const ATTEMPTS = 3;

/** What it needs. */
export interface TermHistoryContext {
  readonly etcd: Etcd3;
  readonly region: string | null;
  /** Name of this node. */
  readonly node: string;
  /** This node's election value. */
  readonly id: string;
  readonly clock: Clock;
  /** Below {@linkcode conductorPrefix}. */
  readonly records: ClusterRecords;
}

/** Key of a term's record below the prefix: its digits sort as its number does. */
function termKey(term: string): string {
  return `terms/${term.padStart(20, "0")}`;
}

/** Writes it and reads it. Every call rejects when etcd does not answer. */
export class TermHistory {
  readonly observations: TermObservations;

  constructor(readonly own: OwnTerms, readonly context: TermHistoryContext) {
    this.observations = new TermObservations(context.node);
  }

  /** The terms, the newest first. */
  async read(): Promise<TermRecord[]> {
    const found = await this.context.records.read("terms/", termSchema);
    return found.map(({ record }) => record).reverse();
  }

  /** Writes what this node has to say of its own terms. @throws {FenceLostError} one of them did not begin. */
  async tell(): Promise<void> {
    for (const account of this.own.untold) {
      try {
        if (!await this.#tell(account)) continue; // the next turn tries again
      } catch (error) {
        if (error instanceof FenceLostError) await this.own.told(account);
        throw error;
      }
      await this.own.told(account);
    }
  }

  /** Resolves to whether etcd has it, or will never take it; false: others write the same record all the time. */
  async #tell(account: TermAccount): Promise<boolean> {
    const { records, node } = this.context;
    const key = termKey(account.term);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [found] = await records.read(key, termSchema);
      const record = withAccount(found?.record ?? null, account, node);
      if (record === null) return true;
      const asFound = found ? records.unchanged(found) : records.absent(key);
      if (account.end !== null) {
        if (await records.putIf([asFound], key, record)) return true;
      } else if (await this.#whileLeading(account.term, [asFound], records.putting(key, record))) {
        await this.#tidy(record);
        return true;
      }
      // Others have written that record meanwhile.
    }
    return false;
  }

  /**
   * Writes what the key says of the terms; what has changed meanwhile is looked at in the next turn.
   *
   * @param revision etcd's when the key was read, decimal
   */
  async observe(key: RawElectionKey | null, revision: string): Promise<void> {
    const { region, clock, records } = this.context;
    const found = await records.read("terms/", termSchema);
    const name = Buffer.from(electionKey(region));
    const create_revision = key?.createRevision ?? "0";
    const asSeen: ICompare = { key: name, result: "Equal", target: "Create", create_revision };
    const terms = found.map(({ record }) => record);
    for (const { does, record } of this.observations.look(key, terms, clock.now(), revision)) {
      const known = found.find(({ record: { term } }) => term === record.term);
      const at = known?.key ?? termKey(record.term);
      if (does !== "begin" && !known) continue;
      const asFound = known ? records.unchanged(known) : records.absent(at);
      await records.putIf([asSeen, asFound], at, record);
    }
  }

  /** Ends terms that nobody ended, and removes the oldest. */
  async #tidy(current: TermRecord): Promise<void> {
    const { etcd, region, records } = this.context;
    for (const found of await records.read("terms/", termSchema)) {
      const { record } = found;
      if (record.end !== null || record.term === current.term) continue;
      if (BigInt(record.term) > BigInt(current.term)) continue;
      const reason = `not ended in order; ${current.node} was elected`;
      const ended = { ...this.observations.endedBy(record, current.start), reason };
      const write = records.putting(found.key, ended);
      await this.#whileLeading(current.term, [records.unchanged(found)], write);
    }
    const keys = (await etcd.getAll().prefix(`${conductorPrefix(region)}terms/`).keys()).sort();
    for (const key of keys.slice(0, -MAX_TERMS)) {
      const write = { request_delete_range: { key: Buffer.from(key) } };
      await this.#whileLeading(current.term, [], write);
    }
  }

  /**
   * Writes for a term of this node; false: a conflict, something else that is compared has changed.
   *
   * @throws {FenceLostError} the term is over.
   */
  async #whileLeading(term: string, compare: ICompare[], write: IRequestOp): Promise<boolean> {
    const { etcd, region, id } = this.context;
    const led = { electionKey: electionKey(region), term, id };
    return await fencedIf(etcd, led, compare, [write]) !== null;
  }
}
