/**
 * The election key in etcd (data model, "The election value"). Beside it goes the legacy key of older
 * drivers, with the same value and lease, best effort: its failures are never the election's.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3, Watcher } from "etcd3";
import { electionKey } from "../calico/regions.ts";
import type { Config } from "../config_types.ts";
import { keepLeaseAlive } from "../etcd/lease.ts";
import type { ObservedKey } from "./key.ts";
import type { ElectionStore } from "./election_store.ts";

const LEGACY_KEY = "/calico/openstack/v1/neutron_election";

/** See {@linkcode ElectionStore}. The client stays its owner's to close. */
export class EtcdElectionStore implements ElectionStore {
  readonly key: string;
  readonly description: string;
  readonly #etcd: Etcd3;

  constructor(etcd: Etcd3, config: Pick<Config, "etcd" | "region">) {
    this.#etcd = etcd;
    this.key = electionKey(config.region);
    this.description = config.etcd.endpoints.join(", ");
  }

  async get(deadlineMs: number): Promise<ObservedKey | null> {
    const answer = await this.#etcd.kv.range({ key: Buffer.from(this.key) }, within(deadlineMs));
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
    const answer = await this.#etcd.if(this.key, "Create", "==", 0)
      .then(this.#etcd.put(this.key).value(value).lease(lease))
      .options(within(deadlineMs))
      .commit();
    if (!answer.succeeded) return null;
    this.#writeLegacy(value, lease, deadlineMs);
    return answer.header.revision;
  }

  async refresh(value: string, lease: string, term: string, deadlineMs: number): Promise<boolean> {
    const answer = await this.#etcd.if(this.key, "Create", "==", Number(term))
      .then(this.#etcd.put(this.key).value(value).lease(lease))
      .options(within(deadlineMs))
      .commit();
    if (answer.succeeded) this.#writeLegacy(value, lease, deadlineMs);
    return answer.succeeded;
  }

  async deleteIf(value: string, deadlineMs: number): Promise<boolean> {
    this.#etcd.if(LEGACY_KEY, "Value", "==", value).then(this.#etcd.delete().key(LEGACY_KEY))
      .options(within(deadlineMs)).commit().catch(() => {});
    const answer = await this.#etcd.if(this.key, "Value", "==", value)
      .then(this.#etcd.delete().key(this.key))
      .options(within(deadlineMs))
      .commit();
    return answer.succeeded;
  }

  #writeLegacy(value: string, lease: string, deadlineMs: number): void {
    this.#etcd.put(LEGACY_KEY).value(value).lease(lease).options(within(deadlineMs)).exec()
      .catch(() => {});
  }

  watch(onChange: () => void): { close(): void } {
    let closed = false;
    let watcher: Watcher | null = null;
    const cancel = () => watcher?.cancel().catch(() => {});
    this.#etcd.watch().key(this.key).create().then((created) => {
      watcher = created;
      created.on("data", onChange);
      created.on("error", onChange);
      created.on("disconnected", onChange);
      if (closed) cancel();
    }, onChange);
    return {
      close() {
        closed = true;
        cancel();
      },
    };
  }
}

function within(deadlineMs: number): { deadline: number } {
  return { deadline: Date.now() + Math.max(1, deadlineMs) };
}
