/** When the resyncs of a term are due. Pure; all times are ms since the epoch. @module */
import type { Config } from "../config/config_types.ts";
import type { RunReason } from "./report/record.ts";

/** What the next full resync and the next incremental one wait for. */
export class Schedule {
  /** Why the next full resync runs. */
  reason: RunReason = "startup";
  #fullAt: number;
  #incrementalAt = Infinity;
  /** Something may have been missed since the last comparison began. */
  #compareAsked = false;

  constructor(
    readonly sync: Pick<Config["sync"], "resyncIntervalSeconds" | "incrementalIntervalSeconds">,
    now: number,
  ) {
    this.#fullAt = now;
  }

  /** What is due; null: nothing. */
  due(now: number): "full" | "incremental" | null {
    if (now >= this.#fullAt) return "full";
    return now >= this.#incrementalAt ? "incremental" : null;
  }

  /** How long nothing is due, ms. */
  waitMs(now: number): number {
    return Math.min(this.#fullAt, this.#incrementalAt) - now;
  }

  /** A comparison of all is wanted; it is due once {@linkcode planIncremental} is called. */
  askCompare(): void {
    this.#compareAsked = true;
  }

  /** A comparison of all begins. */
  comparing(): void {
    this.#compareAsked = false;
  }

  /** All has been compared: plans the next full resync. */
  planFull(now: number): void {
    this.#fullAt = now + this.sync.resyncIntervalSeconds * 1000;
  }

  /** A full resync failed: the next one takes nothing for granted. */
  retryFull(at: number): void {
    this.reason = "retry";
    this.#fullAt = at;
    this.#incrementalAt = Math.max(this.#incrementalAt, at);
  }

  /** An incremental resync failed. */
  retryIncremental(at: number): void {
    this.#incrementalAt = at;
  }

  /** Plans the next incremental resync. Where Neutron counts no revisions only a full one finds changes. */
  planIncremental(now: number, hasRevisions: boolean): void {
    const everyMs = this.sync.incrementalIntervalSeconds * 1000;
    if (!hasRevisions) {
      this.#incrementalAt = Infinity;
      if (this.#compareAsked) this.#fullAt = now;
    } else if (this.#compareAsked) this.#incrementalAt = now;
    else this.#incrementalAt = everyMs === 0 ? Infinity : now + everyMs;
  }
}
