/** An etcd with one key, whose requests a test can hold back, deliver late or lose the answer of. @module */
import type { ElectionStore, HeldKey } from "../../lib/election/election_store.ts";
import type { ObservedKey } from "../../lib/election/key.ts";
import type { Clock } from "../../lib/base/clock.ts";

/** The calls that can be held back. */
export type Call = Exclude<keyof ElectionStore, "key" | "description" | "watch">;

/** Transactions are atomic, leases expire by its own clock, revisions only grow. */
export class ScriptedEtcd {
  revision = 1;
  key: ObservedKey | null = null;
  readonly #leases = new Map<string, { ttlMs: number; endsAt: number }>();
  readonly #watchers = new Set<() => void>();
  #lastLease = 0;

  constructor(readonly clock: Clock) {}

  /** The key now; what is under a lease that has run out is gone. */
  read(): ObservedKey | null {
    for (const [id, { endsAt }] of this.#leases) {
      if (endsAt <= this.clock.monotonic()) this.revoke(id);
    }
    return this.key;
  }

  grant(ttlSeconds: number): string {
    const id = String(++this.#lastLease);
    this.#leases.set(id, {
      ttlMs: ttlSeconds * 1000,
      endsAt: this.clock.monotonic() + ttlSeconds * 1000,
    });
    return id;
  }

  keepAlive(id: string): boolean {
    this.read();
    const lease = this.#leases.get(id);
    if (lease) lease.endsAt = this.clock.monotonic() + lease.ttlMs;
    return lease !== undefined;
  }

  revoke(id: string): void {
    this.#leases.delete(id);
    if (this.key?.lease === id) this.#change(null);
  }

  /** Writes while `holds` says so of the key. @throws for a lease that is gone, as etcd does. */
  put(holds: (key: ObservedKey | null) => boolean, value: string, lease: string): string | null {
    const before = this.read();
    if (!holds(before)) return null;
    if (lease !== "0" && !this.#leases.has(lease)) throw new Error("requested lease not found");
    const modRevision = String(++this.revision);
    this.#change({
      value,
      lease,
      modRevision,
      createRevision: before?.createRevision ?? modRevision,
    });
    return modRevision;
  }

  delete(holds: (key: ObservedKey) => boolean): boolean {
    const key = this.read();
    if (key === null || !holds(key)) return false;
    this.revision++;
    this.#change(null);
    return true;
  }

  watch(onChange: () => void): { close(): void } {
    this.#watchers.add(onChange);
    return { close: () => this.#watchers.delete(onChange) };
  }

  #change(key: ObservedKey | null): void {
    this.key = key;
    for (const tell of [...this.#watchers]) tell();
  }
}

/** One process's way to etcd. */
export class ScriptedWay implements ElectionStore {
  readonly key = "/election";
  readonly description = "a scripted etcd";
  /** Requests that do not arrive until they are delivered; who sent them gives up at their deadline. */
  readonly held = new Set<Call>();
  readonly #late: (() => void)[] = [];

  /** @param clock of the machine that calls */
  constructor(readonly etcd: ScriptedEtcd, readonly clock: Clock) {}

  /** What was held back arrives, in its order; nobody waits for the answers any more. */
  deliver(): number {
    const late = this.#late.splice(0);
    for (const request of late) {
      try {
        request();
      } catch { /* refused, and nobody hears of it */ }
    }
    return late.length;
  }

  async #call<T>(call: Call, deadlineMs: number, request: () => T): Promise<T> {
    if (!this.held.has(call)) return request();
    this.#late.push(request);
    await this.clock.sleep(deadlineMs);
    throw new Error("DEADLINE_EXCEEDED");
  }

  get(deadlineMs: number) {
    return this.#call("get", deadlineMs, () => this.etcd.read());
  }
  grant(ttlSeconds: number, deadlineMs: number) {
    return this.#call("grant", deadlineMs, () => this.etcd.grant(ttlSeconds));
  }
  keepAlive(lease: string, deadlineMs: number) {
    return this.#call("keepAlive", deadlineMs, () => this.etcd.keepAlive(lease));
  }
  revoke(lease: string, deadlineMs: number) {
    return this.#call("revoke", deadlineMs, () => this.etcd.revoke(lease));
  }
  create(value: string, lease: string, deadlineMs: number) {
    return this.#call("create", deadlineMs, () => {
      return this.etcd.put((key) => key === null, value, lease);
    });
  }
  refresh({ value, lease, term }: HeldKey, deadlineMs: number) {
    return this.#call("refresh", deadlineMs, () => {
      return this.etcd.put((key) => isHeld(key, value, term), value, lease) !== null;
    });
  }
  release({ value, term }: HeldKey, deadlineMs: number) {
    return this.#call("release", deadlineMs, () => {
      return this.etcd.delete((key) => isHeld(key, value, term));
    });
  }
  deleteAt(modRevision: string, deadlineMs: number) {
    return this.#call("deleteAt", deadlineMs, () => {
      return this.etcd.delete((key) => key.modRevision === modRevision);
    });
  }
  watch(onChange: () => void) {
    return this.etcd.watch(onChange);
  }
}

function isHeld(key: ObservedKey | null, value: string, term: string): boolean {
  return key !== null && key.createRevision === term && key.value === value;
}
