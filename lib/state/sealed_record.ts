/**
 * A record of the KV file that only one process may write, see `seal.ts`. Without seals, as in a test of one part,
 * it is a record like any other.
 *
 * @module
 */
import type { z } from "zod";
import type { Kv } from "./kv.ts";
import type { Seals } from "./seal.ts";

/** Of the number within a claim, digits. */
const DIGITS = 15;

/** How it is read. */
export interface SealedRecordOptions<T> {
  readonly name: string;
  readonly schema: z.ZodType<T>;
  /**
   * Runs of the supervisor whose seals count. With one, a record counts only when it is later than every one that
   * this process has seen: an earlier one that was put back is none.
   *
   * @default 1
   */
  readonly runs?: number;
}

/** Reads and seals one record. */
export class SealedRecord<T> {
  readonly key: Deno.KvKey;
  /** Number of the last read that was begun, and of the one that was begun last among those that have ended. */
  #begun = 0;
  #ended = 0;
  #versionstamp: string | null = null;
  /** What the newest read has found; never rejects. */
  #found: Promise<T | null> = Promise.resolve(null);
  /** Order of the latest record seen. */
  #latest = "";
  #sealed = 0;

  constructor(
    readonly kv: Pick<Kv, "get">,
    readonly seals: Seals | null,
    readonly options: SealedRecordOptions<T>,
  ) {
    this.key = [options.name];
  }

  /** The record; null: there is none that counts. What has not changed since the last read is not judged again. */
  async read(): Promise<T | null> {
    const number = ++this.#begun;
    const { value, versionstamp } = await this.kv.get(this.key);
    if (number > this.#ended) {
      this.#ended = number;
      if (versionstamp !== this.#versionstamp) this.#take(value, versionstamp);
    }
    return await this.#found;
  }

  /** Whether there is anything, whoever wrote it. */
  async exists(): Promise<boolean> {
    return (await this.kv.get(this.key)).versionstamp !== null;
  }

  /** What is to be written. @param claim version of this process's claim, see `mastership_claim.ts` */
  async sealed(record: T, claim: string | null): Promise<unknown> {
    if (this.seals === null) return record;
    const order = `${claim ?? ""}/${String(++this.#sealed).padStart(DIGITS, "0")}`;
    return await this.seals.seal(this.options.name, { order, record });
  }

  #take(value: unknown, versionstamp: string | null): void {
    const before = this.#found;
    this.#versionstamp = versionstamp;
    this.#found = versionstamp === null
      ? before.then(() => null)
      : before.then(() => this.#judge(value)).catch(() => null);
  }

  async #judge(value: unknown): Promise<T | null> {
    const { schema, name, runs = 1 } = this.options;
    if (this.seals === null) return schema.safeParse(value).data ?? null;
    const unsealed = await this.seals.unseal(name, value, runs);
    if (unsealed === null) return null;
    if (runs === 1) {
      if (unsealed.order <= this.#latest) return null;
      this.#latest = unsealed.order;
    }
    return schema.safeParse(unsealed.record).data ?? null;
  }
}
