/**
 * What this node's roles may believe: the elector's account of the mastership record in the state store. It
 * knows until when somebody may believe in a term, also when the store takes no writes, or does not say
 * whether it took one.
 *
 * @module
 */
import { KvTimeoutError } from "../state/kv.ts";
import { describeError } from "../base/log.ts";
import type { JobContext } from "../role/master_context.ts";
import { SupersededError } from "../state/mastership_claim.ts";
import type { Mastership } from "../state/records.ts";
import { runsOutAt } from "../state/is_master.ts";
import type { Event, Leadership } from "./states.ts";

/** What it needs. */
export interface PublisherContext extends Pick<JobContext, "store" | "clock" | "log"> {
  readonly pid: number;
}

/** Publishes terms, and "nobody". */
export class Publisher {
  /** When the record in the store runs out, uptime s; null: it is an earlier manager's, if there is one. */
  #standsUntil: number | null = null;
  /** When the last record runs out of which it is not known whether, and when, it lands; uptime s. */
  #mayLandUntil = -Infinity;
  #warned = false;

  /** @param id the election value */
  constructor(readonly id: string, readonly context: PublisherContext) {}

  /** Publishes a term. @throws {SupersededError} a later manager has taken over. */
  async publish({ term, since, sent }: Leadership, validMs: number): Promise<Event> {
    const record: Mastership = {
      heartbeat: sent.wall,
      validUntil: sent.wall + validMs,
      uptime: sent.uptime,
      term,
      id: this.id,
      since,
    };
    try {
      await this.#write(record);
      this.#standsUntil = runsOutAt(record);
      return { type: "published" };
    } catch (error) {
      if (error instanceof SupersededError) throw error;
      if (error instanceof KvTimeoutError) {
        this.#mayLandUntil = Math.max(this.#mayLandUntil, runsOutAt(record));
      }
      const problem = `mastership cannot be published (${describeError(error)})`;
      return { type: "unpublished", problem };
    }
  }

  /**
   * Publishes "nobody", and says until when somebody may believe to lead nevertheless.
   *
   * @throws {SupersededError} a later manager has taken over.
   */
  async clear(): Promise<Event> {
    const { log } = this.context;
    try {
      await this.#write(null);
      this.#standsUntil = -Infinity;
      this.#warned = false;
    } catch (error) {
      if (error instanceof SupersededError) throw error;
      const level = this.#warned ? "debug" : "warn";
      this.#warned = true;
      log[level]("it cannot be published that this node does not lead", { error });
    }
    const standsUntil = this.#standsUntil ?? await this.#predecessorUntil();
    if (this.#mayLandUntil <= this.context.clock.uptime()) this.#mayLandUntil = -Infinity;
    const believedUntil = standsUntil === null ? null : Math.max(standsUntil, this.#mayLandUntil);
    return { type: "cleared", believedUntil };
  }

  /**
   * Whether no earlier manager can publish any more; false also when that cannot be known.
   *
   * @throws {SupersededError} a later one has taken over.
   */
  async isAlone(): Promise<boolean> {
    try {
      return await this.context.store.claim.confirm();
    } catch (error) {
      if (error instanceof SupersededError) throw error;
      return false;
    }
  }

  /** The claim comes first: a manager that stood still meanwhile cannot write after it. */
  async #write(record: Mastership | null): Promise<void> {
    const { store, clock, pid } = this.context;
    await store.claim.make({ pid, at: clock.now() });
    await store.writeMastership(record);
  }

  /** When an earlier manager's record runs out, uptime s; null when that cannot be known. */
  async #predecessorUntil(): Promise<number | null> {
    try {
      const { store } = this.context;
      const record = await store.readMastership();
      // One of an earlier run, or whatever else it is: who believes it, and until when, is not known.
      if (record === null) return await store.mastershipStands() ? null : -Infinity;
      // A higher uptime than now is of another boot, and cannot be compared.
      return record.uptime > this.context.clock.uptime() ? null : runsOutAt(record);
    } catch {
      return null;
    }
  }
}
