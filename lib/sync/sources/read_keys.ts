/** The keys of some objects in etcd, all read with their values before Neutron is asked. @module */
import { policyOrSubnetKey, resourcePrefixes } from "../../calico/keys.ts";
import { readStored } from "../apply/read_stored.ts";
import type { StoredKeys } from "../apply/source.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import type { Scope } from "../index/backlog.ts";
import { type Change, removal, type Stored } from "../model/compare.ts";
import type { Kind } from "../model/kinds.ts";
import type { Desired } from "../model/translate.ts";

/** Keys of ports are those that an index knows of. */
export class ReadKeys implements StoredKeys {
  readonly #kinds = new Map<string, Kind>();
  readonly #wanted = new Set<string>();
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;
  #values: ReadonlyMap<string, Stored> = new Map();

  constructor(readonly run: SyncRun, scope: Scope) {
    const prefixes = this.#prefixes = resourcePrefixes(run.deps.region);
    for (const id of scope.groups) {
      this.#kinds.set(policyOrSubnetKey(prefixes, "NetworkPolicy", id), "NetworkPolicy");
    }
    for (const id of scope.subnets) {
      this.#kinds.set(policyOrSubnetKey(prefixes, "Subnet", id), "Subnet");
    }
    for (const id of scope.ports) {
      for (const key of run.index.keysOf(id)) {
        const migration = key.startsWith(prefixes.LiveMigration);
        this.#kinds.set(key, migration ? "LiveMigration" : "WorkloadEndpoint");
      }
    }
  }

  /** Reads them. */
  async look(): Promise<void> {
    const { run } = this;
    this.#values = await readStored(run, "WorkloadEndpoint", [...this.#kinds.keys()]);
    for (const key of this.#values.keys()) run.kinds[this.#kinds.get(key)!].etcdItems++;
  }

  read(): Promise<ReadonlyMap<string, Stored>> {
    return Promise.resolve(this.#values);
  }

  compared({ subject, key }: Desired, _: Stored | undefined, change: Change | null): Change | null {
    this.#wanted.add(key);
    if (subject.type === "port") this.run.index.addKey(subject.id, key);
    return change;
  }

  *unwanted(kind: Kind): Generator<Change> {
    for (const [key, { modRevision }] of this.#values) {
      if (this.#kinds.get(key) !== kind || this.#wanted.has(key)) continue;
      const change = removal(kind, this.#prefixes[kind], key, modRevision);
      if (change) yield change;
    }
  }

  readUnwanted(): Promise<ReadonlyMap<string, Stored>> {
    return Promise.resolve(this.#values);
  }

  count(kind: Kind): number {
    return this.run.index.keyCount(kind);
  }
}
