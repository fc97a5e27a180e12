/**
 * How the resyncs of a term go: a failure is logged as an outage and tried again after a growing delay, and there
 * is a warning when none has succeeded for too long. Trusts the monotonic clock.
 *
 * @module
 */
import { type Backoff, backoffMs } from "../base/backoff.ts";
import type { Config } from "../config/config_types.ts";
import { FenceLostError } from "../etcd/client.ts";
import { etcdCause } from "../etcd/outage.ts";
import { describeError } from "../base/log.ts";
import { Outage } from "../base/outage.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import type { Resync } from "../state/records.ts";

const BACKOFF: Backoff = { firstMs: 1000, maxMs: 30_000, jitter: "equal" };

/** Where a run stands among tries in a row, as its record says it. */
export type Attempt = Pick<Resync, "attempt" | "failureBefore">;

/** What has succeeded: no more than a part of a round, or all of it. */
export type Extent = "part" | "all";

/** Counts the failures in a row, and the time since the last success. */
export class Attempts {
  /** How the last one failed, a sentence; null: it succeeded. */
  #failure: string | null = null;
  /** Since when none has succeeded, minutes; null: that is not too long. */
  #overdueMinutes: number | null = null;
  readonly #outage: Outage;
  #failures = 0;
  #lack = "no resync has succeeded";
  /** The last failure itself; null: the last one succeeded. */
  #cause: string | null = null;
  /** Monotonic ms. */
  #succeededAt: number;

  constructor(
    readonly term: Term,
    readonly sync: Pick<Config["sync"], "resyncIntervalSeconds" | "resyncMaxIntervalSeconds">,
    readonly context: Pick<JobContext, "clock" | "log">,
    /** Numbers in [0, 1). */
    readonly random: () => number = Math.random,
  ) {
    this.#succeededAt = context.clock.monotonic();
    this.#outage = new Outage("resyncs succeed again", context);
  }

  /** What is wrong now, a sentence, or null. */
  get problem(): string | null {
    const overdue = this.#overdue;
    return overdue === null ? this.#failure : `${overdue}: ${this.#failure ?? "look at the log"}`;
  }

  get #overdue(): string | null {
    const minutes = this.#overdueMinutes;
    return minutes === null ? null : `${this.#lack} for ${minutes} min`;
  }

  /** Which try the next one is, and how the one before it failed. */
  get next(): Attempt {
    return { attempt: this.#failures + 1, failureBefore: this.#cause };
  }

  /** `lack`: what there has not been when the last success is too long ago. */
  #recovered(lack: string): void {
    this.#outage.succeeded("resync");
    this.#failures = 0;
    this.#failure = this.#cause = null;
    this.#lack = lack;
  }

  /** Whether the last one failed. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  /** Says that none has succeeded for too long, when that begins and once a minute. */
  monitor(): void {
    this.#outage.remind();
    const overdueMs = this.context.clock.monotonic() - this.#succeededAt;
    if (overdueMs <= this.sync.resyncMaxIntervalSeconds * 1000) return;
    const minutes = Math.round(overdueMs / 60_000);
    if (minutes === this.#overdueMinutes) return;
    this.#overdueMinutes = minutes;
    this.context.log.error(this.#overdue!);
  }

  /**
   * Runs a resync; after a failure `retryAt` notes when it is to be tried again, monotonic ms, and
   * may tell of a later time when that is how it will be. What resolves to "part" (see
   * {@linkcode Extent}) ends a failure, and is no success yet.
   *
   * @throws {FenceLostError} another node leads.
   */
  async try(
    resync: () => Promise<unknown>,
    retryAt: (at: number) => number | void,
  ): Promise<void> {
    const { clock } = this.context;
    try {
      if (await resync() === "part") this.#recovered("no round has ended");
      else this.succeeded();
    } catch (error) {
      if (this.term.signal.aborted) return;
      if (error instanceof FenceLostError) throw error;
      const intervalMs = this.sync.resyncIntervalSeconds * 1000;
      const pauseMs = Math.round(
        Math.min(intervalMs, backoffMs(BACKOFF, this.#failures++, this.random())),
      );
      const now = clock.monotonic();
      const retryMs = Math.round((retryAt(now + pauseMs) ?? now + pauseMs) - now);
      this.#cause = describeError(error);
      this.#failure = `the last resync failed (${this.#cause}); next try in ` +
        `${Math.round(retryMs / 1000)} s`;
      this.#outage.failed("resync", {
        message: "resync failed, will be tried again",
        fields: { error, retryMs },
        level: "error",
        cause: etcdCause(error),
      });
    }
  }

  /** One has succeeded. */
  succeeded(): void {
    this.#recovered("no resync has succeeded");
    this.#overdueMinutes = null;
    this.#succeededAt = this.context.clock.monotonic();
  }
}
