/** Records that nodes keep in etcd for each other: reading them with suspicion, writing them under compares. @module */
import { Buffer } from "node:buffer";
import type { Etcd3, ICompare, IRequestOp } from "etcd3";
import type { z } from "zod";
import { parseJson } from "../base/json.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import type { Log } from "../base/log.ts";

/** A record in etcd. */
export interface Found<T> {
  /** Below the prefix. */
  readonly key: string;
  readonly record: T;
  readonly modRevision: string;
}

/**
 * A record of this node alone, by which a restored backup shows: in one history of etcd no key's mod revision goes
 * back. That it is gone shows nothing, since it has a lease.
 */
export class OwnRecord {
  /** The revision of the last write. */
  #writtenAt = 0n;

  constructor(readonly etcd: Etcd3, readonly key: string) {}

  /** Writes it; resolves to whether etcd has certainly gone back since the write before. */
  async put(record: unknown, lease: string): Promise<boolean> {
    const { header, prev_kv } = await this.etcd.kv.put({
      key: Buffer.from(this.key),
      value: Buffer.from(JSON.stringify(record)),
      lease,
      prev_kv: true,
    });
    const before = this.#writtenAt;
    this.#writtenAt = BigInt(header.revision);
    return this.#writtenAt <= before || BigInt(prev_kv?.mod_revision ?? before) < before;
  }
}

/** The records below a prefix. */
export class ClusterRecords {
  readonly #named = new Set<string>();

  constructor(
    readonly etcd: Etcd3,
    readonly prefix: string,
    readonly log: Pick<Log, "warn">,
  ) {}

  /** Valid records in the order of their keys; others are named in the log, once. */
  async read<T>(below: string, schema: z.ZodType<T>): Promise<Found<T>[]> {
    const { items } = await readSnapshot(this.etcd, this.prefix + below);
    return items.flatMap(({ key: name, value, modRevision }) => {
      const key = name.slice(this.prefix.length);
      const record = this.#parse(key, schema, String(value));
      return record === null ? [] : [{ key, record, modRevision }];
    });
  }

  /** Writes a record if all of that holds, and says whether it did. */
  async putIf(compare: ICompare[], key: string, record: unknown): Promise<boolean> {
    const success = [this.putting(key, record)];
    return (await this.etcd.kv.txn({ compare, success, failure: [] })).succeeded;
  }

  /** Writes a record. */
  putting(key: string, record: unknown): IRequestOp {
    const value = Buffer.from(JSON.stringify(record));
    return { request_put: { key: this.#name(key), value } };
  }

  /** Holds while the record is as it was found. */
  unchanged({ key, modRevision }: Found<unknown>): ICompare {
    return { key: this.#name(key), result: "Equal", target: "Mod", mod_revision: modRevision };
  }

  /** Holds while there is no such record. */
  absent(key: string): ICompare {
    return { key: this.#name(key), result: "Equal", target: "Create", create_revision: "0" };
  }

  #name(key: string): Buffer {
    return Buffer.from(this.prefix + key);
  }

  #parse<T>(key: string, schema: z.ZodType<T>, text: string): T | null {
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    if (!this.#named.has(key)) {
      const fields = { key: this.prefix + key };
      this.log.warn("a record in etcd is not of its shape, ignored", fields);
    }
    this.#named.add(key);
    return null;
  }
}
