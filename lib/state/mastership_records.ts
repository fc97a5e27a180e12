/**
 * What the manager alone may say: whether this node leads, and which term it has won last. Both are sealed (see
 * `seal.ts`) and written under the manager's claim.
 *
 * @module
 */
import type { Kv } from "./kv.ts";
import { MastershipClaim } from "./mastership_claim.ts";
import { type Mastership, mastershipSchema, type OwnTerm, ownTermSchema } from "./records.ts";
import type { Seals } from "./seal.ts";
import { SealedRecord } from "./sealed_record.ts";

/** Reads and writes them. */
export class MastershipRecords {
  /** Only a manager makes a claim. */
  readonly claim: MastershipClaim;
  readonly #mastership: SealedRecord<Mastership>;
  readonly #ownTerm: SealedRecord<OwnTerm>;
  /** The term that this process has published last. */
  #published: string | null = null;

  /** @param seals null: whoever writes them is believed */
  constructor(kv: Kv, seals: Seals | null) {
    this.claim = new MastershipClaim(kv);
    const mastership = { name: "mastership", schema: mastershipSchema };
    this.#mastership = new SealedRecord(kv, seals, mastership);
    const ownTerm = { name: "own-term", schema: ownTermSchema, runs: Infinity };
    this.#ownTerm = new SealedRecord(kv, seals, ownTerm);
  }

  /** As the manager of this run has published it. */
  read(): Promise<Mastership | null> {
    return this.#mastership.read();
  }

  /** Whether somebody is named, be it by a manager of an earlier run, whose orphans may believe it. */
  stands(): Promise<boolean> {
    return this.#mastership.exists();
  }

  /** Null publishes "nobody". Resolves with whether that is news. @throws {SupersededError} */
  async write(record: Mastership | null): Promise<boolean> {
    await this.#write(this.#mastership, record);
    const heartbeat = record !== null && record.term === this.#published;
    this.#published = record?.term ?? null;
    return !heartbeat;
  }

  /** As a manager of this run or an earlier one has noted it. */
  readOwnTerm(): Promise<OwnTerm | null> {
    return this.#ownTerm.read();
  }

  /** @throws {SupersededError} */
  writeOwnTerm(record: OwnTerm): Promise<void> {
    return this.#write(this.#ownTerm, record);
  }

  async #write<T>(to: SealedRecord<T>, record: T | null): Promise<void> {
    const { claim } = this;
    await claim.write(to.key, record && await to.sealed(record, claim.version));
  }
}
