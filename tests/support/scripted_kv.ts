/** A KV file in memory that takes no writes, gives no reads or stands still when a test says so. @module */
import type { OpenedKv } from "../../lib/state/kv.ts";

interface Entry {
  readonly value: unknown;
  readonly versionstamp: string;
}

type Check = { key: Deno.KvKey; versionstamp: string | null };

/** What the processes of one node share. */
export class ScriptedKvFile {
  /** Every write fails at once, as on a full disk. */
  full = false;
  /** Every read fails at once. */
  unreadable = false;
  readonly #entries = new Map<string, Entry>();
  #version = 0;

  /** Called after each write, with the key. */
  onWrite: (key: string) => void = () => {};

  /** What is in the file, whatever it gives; undefined: nothing. */
  peek(key: string): unknown {
    return this.#entries.get(key)?.value;
  }

  read(key: Deno.KvKey): Deno.KvEntryMaybe<unknown> {
    if (this.unreadable) throw new Error("disk I/O error");
    const found = this.#entries.get(key.join("/"));
    return (found ? { key, ...found } : { key, value: null, versionstamp: null }) as never;
  }

  /** Writes all or nothing: undefined deletes. The version, or null when a check failed. */
  write(checks: readonly Check[], changes: readonly [Deno.KvKey, unknown][]): string | null {
    if (this.full) throw new Error("database or disk is full");
    for (const { key, versionstamp } of checks) {
      if ((this.#entries.get(key.join("/"))?.versionstamp ?? null) !== versionstamp) return null;
    }
    const versionstamp = String(++this.#version).padStart(20, "0");
    for (const [key, value] of changes) {
      const name = key.join("/");
      if (value === undefined) this.#entries.delete(name);
      else this.#entries.set(name, { value: structuredClone(value), versionstamp });
      this.onWrite(name);
    }
    return versionstamp;
  }
}

/** One process's handle on the file. */
export class ScriptedKv {
  /** While it is not null, this process stands still before each write. */
  #still: PromiseWithResolvers<void> | null = null;

  constructor(readonly file: ScriptedKvFile) {}

  /** The process stands still before its next write, until {@linkcode goOn}. */
  standStill(): void {
    this.#still ??= Promise.withResolvers<void>();
  }

  goOn(): void {
    this.#still?.resolve();
    this.#still = null;
  }

  async #write(checks: readonly Check[], changes: readonly [Deno.KvKey, unknown][]) {
    await this.#still?.promise;
    const versionstamp = this.file.write(checks, changes);
    return versionstamp === null ? { ok: false } : { ok: true, versionstamp };
  }

  /** What a `StateStore` is opened on. */
  get kv(): OpenedKv {
    const get = async (key: Deno.KvKey) => (await null, this.file.read(key));
    return {
      get,
      getMany: (keys: Deno.KvKey[]) => Promise.all(keys.map(get)),
      set: (key: Deno.KvKey, value: unknown) => this.#write([], [[key, value]]),
      delete: (key: Deno.KvKey) => this.#write([], [[key, undefined]]),
      atomic: () => {
        const checks: Check[] = [];
        const changes: [Deno.KvKey, unknown][] = [];
        const operation = {
          check: (check: Check) => (checks.push(check), operation),
          set: (key: Deno.KvKey, value: unknown) => (changes.push([key, value]), operation),
          delete: (key: Deno.KvKey) => (changes.push([key, undefined]), operation),
          commit: () => this.#write(checks, changes),
        };
        return operation;
      },
      async *list() {},
      close() {},
    } as unknown as OpenedKv;
  }
}
