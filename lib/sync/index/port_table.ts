/**
 * What is known of each port: its revision, its own QoS policy, its key in etcd, and whether that
 * was right. Some 100 bytes a port, the key included.
 *
 * @module
 */
import type { KeyTable } from "./key_table.ts";
import { Revisions } from "./revisions.ts";

/** Every key that the port wants was right, and none but its one endpoint. */
const VERIFIED = 4;

/** Ports by id. Rows of `endpoints` stand for their keys. */
export class PortTable extends Revisions {
  readonly #policies = this.index.column(Uint32Array);
  /** Row of its endpoint's key, plus 1. */
  readonly #keys = this.index.column(Uint32Array);
  readonly #policyIds = [""];
  readonly #policyNumbers = new Map([["", 0]]);
  /** Keys beyond that one: while it migrates, or what is left behind. */
  readonly #more = new Map<string, Set<string>>();

  constructor(readonly endpoints: KeyTable, beside?: PortTable) {
    super(beside);
  }

  /** A port as Neutron shows it now; its row, until the next call. */
  note(id: string, revision: number, policy: string | null): number {
    const row = this.set(id, revision);
    this.flags.values[row]! &= ~VERIFIED;
    this.#policies.values[row] = this.#policyNumber(policy ?? "");
    return row;
  }

  /** Neutron has it no more; its keys are kept. */
  override delete(id: string): void {
    const row = this.index.find(id);
    if (row < 0) return;
    this.flags.values[row] = 0;
    this.#policies.values[row] = 0;
    this.#forgetEmpty(id, row);
  }

  /** Ids of the ports with such a QoS policy of their own. */
  *withPolicy(policies: ReadonlySet<string>): Generator<string> {
    if (policies.size === 0) return;
    for (const row of this.index.rows()) {
      const number = this.#policies.values[row]!;
      if (number > 0 && policies.has(this.#policyIds[number]!)) yield this.index.text(row);
    }
  }

  /** Keys of endpoints and migrations that stand for the port. */
  keysOf(id: string): string[] {
    const row = this.index.find(id);
    const key = row < 0 ? 0 : this.#keys.values[row]!;
    const more = this.#more.get(id) ?? [];
    return key === 0 ? [...more] : [this.endpoints.index.text(key - 1), ...more];
  }

  /** All ports that have keys, each with them. */
  *keys(): Generator<[id: string, keys: string[]]> {
    for (const row of this.index.rows()) {
      const id = this.index.text(row);
      const keys = this.keysOf(id);
      if (keys.length > 0) yield [id, keys];
    }
  }

  /** Its endpoint's key, by the row in `endpoints`; a second one is kept beside it. */
  addEndpoint(id: string, key: number): void {
    const row = this.index.add(id);
    const other = this.#keys.values[row]!;
    if (other === 0) this.#keys.values[row] = key + 1;
    else if (other !== key + 1) this.addKey(id, this.endpoints.index.text(key));
  }

  /** A key of another sort. */
  addKey(id: string, key: string): void {
    this.index.add(id);
    const more = this.#more.get(id);
    if (more) more.add(key);
    else this.#more.set(id, new Set([key]));
  }

  dropKey(id: string, key: string): void {
    const more = this.#more.get(id);
    more?.delete(key);
    if (more?.size === 0) this.#more.delete(id);
    const row = this.index.find(id);
    const endpoint = this.endpoints.index.find(key);
    if (endpoint >= 0) {
      if (row >= 0 && this.#keys.values[row] === endpoint + 1) this.#keys.values[row] = 0;
      this.endpoints.index.remove(endpoint);
    }
    if (row >= 0) this.#forgetEmpty(id, row);
  }

  /** Nothing is left to know of it. */
  #forgetEmpty(id: string, row: number): void {
    const nothing = this.flags.values[row] === 0 && this.#keys.values[row] === 0;
    if (nothing && !this.#more.has(id)) this.index.remove(row);
  }

  /** Everything that it wants was right: that endpoint (a row there), or nothing (−1). */
  verify(id: string, endpoint: number, row = this.index.find(id)): void {
    const has = this.#keys.values[row]! - 1;
    if (endpoint !== has && endpoint >= 0) {
      // The one that is right is the one to keep here; the other is a left-over.
      this.#more.get(id)?.delete(this.endpoints.index.text(endpoint));
      if (has >= 0) this.addKey(id, this.endpoints.index.text(has));
      this.#keys.values[row] = endpoint + 1;
    }
    this.flags.values[row]! |= VERIFIED;
  }

  /**
   * When the port was verified at that revision, and its key is in `now` as it was: the row there of
   * that key (−1: it wants none), and its own policy. Null: it has to be looked at.
   */
  findUnchanged(
    id: string,
    revision: number,
    now: KeyTable,
  ): { endpoint: number; policy: string } | null {
    const row = this.index.find(id);
    if (row < 0 || (this.flags.values[row]! & VERIFIED) === 0) return null;
    if (this.revisionAt(row) !== revision) return null;
    const policy = this.#policyIds[this.#policies.values[row]!]!;
    const key = this.#keys.values[row]!;
    if (key === 0) return { endpoint: -1, policy };
    const endpoint = now.findUnchanged(this.endpoints, key - 1);
    return endpoint < 0 ? null : { endpoint, policy };
  }

  #policyNumber(policy: string): number {
    let number = this.#policyNumbers.get(policy);
    if (number === undefined) {
      number = this.#policyIds.push(policy) - 1;
      this.#policyNumbers.set(policy, number);
    }
    return number;
  }
}
