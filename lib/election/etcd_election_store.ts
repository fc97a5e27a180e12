/**
 * The election key in etcd (data model, "The election value"). Beside it goes the legacy key of older
 * drivers, with the same value and lease, best effort: its failures are never the election's.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp, ITxnResponse } from "etcd3";
import { electionKey, LEGACY_ELECTION_KEY } from "../calico/keys.ts";
import { type Backoff, backoffMs } from "../base/backoff.ts";
import { systemClock } from "../base/clock.ts";
import { withoutUserInfo } from "../base/user_info.ts";
import type { Config } from "../config/config_types.ts";
import { isNoSpace } from "../etcd/call_errors.ts";
import { fence } from "../etcd/fence.ts";
import { keepLeaseAlive } from "../etcd/lease.ts";
import { MAX_UNATTACHED, unattachedError } from "../etcd/watch.ts";
import { WatchStream } from "../etcd/watch_stream.ts";
import type { ObservedKey } from "./key.ts";
import type { ElectionStore, HeldKey, OnTrouble } from "./election_store.ts";

/** Silence of the watch after which it is looked at whether its member serves, ms. */
const QUIET_MS = 5000;
/** Pause before a watch that ended is made anew. */
const RETRY: Backoff = { firstMs: 500, maxMs: 500, jitter: "around" };
const LEGACY_KEY = Buffer.from(LEGACY_ELECTION_KEY);

/** See {@linkcode ElectionStore}. The client stays its owner's to close. */
export class EtcdElectionStore implements ElectionStore {
  readonly key: string;
  readonly description: string;
  readonly #etcd: Etcd3;
  readonly #name: Buffer;

  constructor(etcd: Etcd3, config: Pick<Config, "etcd" | "region">) {
    this.#etcd = etcd;
    this.key = electionKey(config.region);
    this.#name = Buffer.from(this.key);
    this.description = withoutUserInfo(config.etcd.endpoints.join(", "));
  }

  async get(deadlineMs: number): Promise<ObservedKey | null> {
    const answer = await this.#etcd.kv.range({ key: this.#name }, within(deadlineMs));
    const found = answer.kvs[0];
    if (!found) return null;
    return {
      value: found.value.toString(),
      createRevision: found.create_revision,
      modRevision: found.mod_revision,
      lease: found.lease,
    };
  }

  async grant(ttlSeconds: number, deadlineMs: number): Promise<string> {
    const answer = await this.#etcd.leaseClient.leaseGrant({ TTL: ttlSeconds }, within(deadlineMs));
    return answer.ID;
  }

  keepAlive(lease: string, deadlineMs: number): Promise<boolean> {
    return keepLeaseAlive(this.#etcd, lease, deadlineMs);
  }

  async revoke(lease: string, deadlineMs: number): Promise<void> {
    await this.#etcd.leaseClient.leaseRevoke({ ID: lease }, within(deadlineMs));
  }

  async create(value: string, lease: string, deadlineMs: number): Promise<string | null> {
    const answer = await this.#txn(
      [{ key: this.#name, result: "Equal", target: "Create", create_revision: "0" }],
      put(this.#name, value, lease),
      deadlineMs,
    );
    if (!answer.succeeded) return null;
    const term = answer.header.revision;
    this.#writeLegacy({ value, lease, term }, deadlineMs);
    return term;
  }

  /** A full etcd takes no write: then it is read that the key is still as this term has left it. */
  async refresh(held: HeldKey, deadlineMs: number): Promise<boolean> {
    const write = put(this.#name, held.value, held.lease);
    const until = Date.now() + deadlineMs;
    const { succeeded } = await this.#txn(this.#fence(held), write, deadlineMs).catch((error) => {
      if (!isNoSpace(error)) throw error;
      const read = { request_range: { key: this.#name } };
      return this.#txn(this.#fence(held), read, until - Date.now());
    });
    if (succeeded) this.#writeLegacy(held, deadlineMs);
    return succeeded;
  }

  async release(held: HeldKey, deadlineMs: number): Promise<boolean> {
    this.#removeLegacy(held, deadlineMs);
    return (await this.#txn(this.#fence(held), remove(this.#name), deadlineMs)).succeeded;
  }

  async deleteAt(modRevision: string, deadlineMs: number): Promise<boolean> {
    const { succeeded } = await this.#txn(
      [{ key: this.#name, result: "Equal", target: "Mod", mod_revision: modRevision }],
      remove(this.#name),
      deadlineMs,
    );
    return succeeded;
  }

  #fence({ term, value: id }: HeldKey): ICompare[] {
    return fence({ electionKey: this.key, term, id });
  }

  #txn(compare: ICompare[], write: IRequestOp, deadlineMs: number): Promise<ITxnResponse> {
    return this.#etcd.kv.txn({ compare, success: [write], failure: [] }, within(deadlineMs));
  }

  /** Lands while the term lasts: a late one must not show a master that is none. */
  #writeLegacy(held: HeldKey, deadlineMs: number): void {
    this.#txn(this.#fence(held), put(LEGACY_KEY, held.value, held.lease), deadlineMs)
      .catch(() => {});
  }

  /** A legacy key under another lease is another's, though it has the same value. */
  #removeLegacy({ value, lease }: HeldKey, deadlineMs: number): void {
    const ours: ICompare[] = [
      { key: LEGACY_KEY, result: "Equal", target: "Value", value: Buffer.from(value) },
      { key: LEGACY_KEY, result: "Equal", target: "Lease", lease },
    ];
    this.#txn(ours, remove(LEGACY_KEY), deadlineMs).catch(() => {});
  }

  watch(onChange: () => void, onTrouble: OnTrouble = () => {}): { close(): void } {
    const stop = new AbortController();
    this.#follow(stop.signal, onChange, onTrouble);
    return { close: () => stop.abort() };
  }

  /** Calls back for each change, and when one may have been missed. */
  async #follow(signal: AbortSignal, onChange: () => void, onTrouble: OnTrouble): Promise<void> {
    let unattached = 0;
    const options = { signal, clusterId: null, wants: () => true };
    while (!signal.aborted) {
      await using stream = new WatchStream(this.#etcd, this.key, 0n, options);
      while (!signal.aborted) {
        const item = await stream.take(QUIET_MS);
        if (stream.attached) onTrouble(null);
        if (item === "quiet") continue;
        if (!signal.aborted) onChange();
        if (item === "broken" || item instanceof Error) break;
      }
      unattached = stream.attached ? 0 : unattached + 1;
      if (unattached >= MAX_UNATTACHED) onTrouble(unattachedError(stream.problem));
      await systemClock.sleep(backoffMs(RETRY, 0), signal).catch(() => {});
    }
  }
}

function put(key: Buffer, value: string, lease: string): IRequestOp {
  return { request_put: { key, value: Buffer.from(value), lease } };
}

function remove(key: Buffer): IRequestOp {
  return { request_delete_range: { key } };
}

function within(deadlineMs: number): { deadline: number } {
  return { deadline: Date.now() + Math.max(1, deadlineMs) };
}
