/**
 * All keys of the cloud in etcd, as they were before a full resync asks Neutron: at one revision and
 * without their values, which are read when their turn comes. A value that has changed since its key was seen
 * does not count.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { resourcePrefixes } from "../../calico/keys.ts";
import { snapshotPages } from "../../etcd/snapshot.ts";
import { isExpressed } from "../apply/change_of.ts";
import { COLLECTION_OF, type Kind, type Subject } from "../model/kinds.ts";
import { readStored } from "../apply/read_stored.ts";
import type { StoredKeys } from "../apply/source.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { type Change, removal, type Stored } from "../model/compare.ts";
import type { Desired } from "../model/translate.ts";
import { type FoundKey, readAllKeys } from "./all_keys.ts";

/** A key whose bytes are no UTF-8, as other programs may have written it: it never is what it should be. */
interface ForeignKey {
  readonly kind: Kind;
  readonly bytes: Buffer;
  readonly modRevision: string;
  /** Read as Latin-1: whose key it is; null: nobody's that we know. */
  readonly owner: Subject | null;
}

/** Notes what is seen and found in an index. */
export class SeenKeys implements StoredKeys {
  /** Ids of ports that migrate, which change soon: they are compared each time. */
  readonly migrating = new Set<string>();
  readonly #foreign: ForeignKey[] = [];
  /** Of keys whose values were asked for and that are not compared yet: finding one is dear. */
  readonly #rows = new Map<string, number>();
  readonly #prefixes: ReturnType<typeof resourcePrefixes>;
  #revision: string | undefined;

  constructor(readonly run: SyncRun) {
    this.#prefixes = resourcePrefixes(run.deps.region);
  }

  /**
   * Fixes the revision at which keys are seen: what Neutron tells from now on is newer than all of them, so that it
   * can be asked while they are still read.
   */
  async pin(signal: AbortSignal): Promise<void> {
    const options = { pageSize: 1, keysOnly: true, signal };
    const first = await snapshotPages(this.run.deps.etcd, this.#prefixes.Subnet, options).next();
    this.#revision = first.value!.revision;
  }

  /** Notes every key with its mod revision, all at one revision. */
  async look(signal = this.run.term.signal): Promise<void> {
    const found = (kind: Kind, key: FoundKey) => this.#note(kind, key);
    await readAllKeys(this.run, { found }, { signal, revision: this.#revision });
    this.run.index.hasAllKeys = true;
  }

  #note(kind: Kind, { key, modRevision, notText, owner }: FoundKey): void {
    this.run.kinds[kind].etcdItems++;
    if (notText) this.#foreign.push({ kind, bytes: notText, modRevision, owner });
    else if (owner) this.run.index.seen(kind, key, modRevision, owner.id); // else somebody else's
  }

  /** Reads the values of those that were seen. */
  read(wants: readonly Desired[]): Promise<ReadonlyMap<string, Stored>> {
    const { kind } = wants[0]!;
    const keys = this.run.index.keys[kind];
    const seen: string[] = [];
    for (const { key } of wants) {
      const row = keys.find(key);
      this.#rows.set(key, row);
      if (row >= 0) seen.push(key);
    }
    return readStored(this.run, kind, seen);
  }

  compared(want: Desired, stored: Stored | undefined, change: Change | null): Change | null {
    // What it lacks is said each time, so it is translated each time.
    const isRight = change === null && isExpressed(want);
    const { kind, key, subject: { id } } = want;
    const row = this.#rows.get(key) ?? this.run.index.keys[kind].find(key);
    this.#rows.delete(key);
    const isAll = kind === "WorkloadEndpoint" && !this.migrating.has(id) &&
      !this.run.doubtfulAddresses.has(id);
    const seenAt = this.run.index.compared(want, row, isRight ? stored!.modRevision : null, isAll);
    // A value that is newer than its key was tells of a newer Neutron: the swap has to fail.
    return change && seenAt !== null ? { ...change, modRevision: seenAt } : change;
  }

  /** Whether some endpoint stands rightly for the port. */
  hasWanted(port: string): boolean {
    const { WorkloadEndpoint } = this.run.index.keys;
    for (const key of this.run.index.keysOf(port)) {
      if (!key.startsWith(this.#prefixes.WorkloadEndpoint)) continue;
      if (WorkloadEndpoint.isWanted(key)) return true;
    }
    return false;
  }

  *unwanted(kind: Kind): Generator<Change> {
    for (const [key, modRevision] of this.run.index.keys[kind].unwanted()) {
      const change = removal(kind, this.#prefixes[kind], key, modRevision);
      if (change) yield change;
    }
    for (const { kind: its, bytes, modRevision, owner } of this.#foreign) {
      if (its !== kind || owner === null) continue;
      const change = { kind, subject: owner, key: shown(bytes), keyBytes: bytes, modRevision };
      yield { ...change, action: "delete", value: null, group: "" };
    }
  }

  async readUnwanted(
    kind: Kind,
    changes: readonly Change[],
  ): Promise<ReadonlyMap<string, Stored>> {
    if (!this.run.sink.wantsDeleted) return new Map();
    const texts = changes.filter(({ keyBytes }) => !keyBytes);
    return await readStored(this.run, kind, texts.map(({ key }) => key));
  }

  count(kind: Kind): number {
    return this.run.kinds[kind].etcdItems;
  }

  /** Names the keys that stand for nothing known: they stay. */
  leaveUnknown(): void {
    for (const { kind, bytes, owner } of this.#foreign) {
      if (owner !== null) continue;
      this.run.leave("bad-key", COLLECTION_OF[kind], unknownKey(bytes));
    }
  }
}

/** How a key that stands for nothing known is named. */
export function unknownKey(bytes: Buffer): string {
  return `${shown(bytes)}: nobody's that is known`;
}

/** A key for people: bytes that are no ASCII as \xNN. */
function shown(bytes: Buffer): string {
  return bytes.toString("latin1").replaceAll(
    /[^\x20-\x7e]/g,
    (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
