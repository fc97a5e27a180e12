/**
 * Comparing without end: one round after the other, each slice followed by a rest, so that it takes no more
 * than its share of Neutron's time. Which slice is next and when is decided here, in one term, by the monotonic
 * clock; only what people are shown is of the wall clock.
 *
 * @module
 */
import type { Clock } from "../../base/clock.ts";
import type { Config } from "../../config/config_types.ts";
import type { NeutronClient } from "../../openstack/neutron.ts";
import type { BusyTime } from "../../openstack/request_gate.ts";
import type { Term } from "../../role/master_context.ts";
import type { PaceReason, RoundsRecord } from "../../state/records.ts";
import type { ResyncDeps, SyncRun } from "../apply/sync_run.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { Pace } from "./pace.ts";
import { Round } from "./round.ts";
import { Share } from "./share.ts";

/** Rounds that the longest of the last is taken from: two with whole objects among them by default. */
const REMEMBERED = 20;

/** The part of the configuration that it uses. */
export type RoundsConfig = Pick<
  Config["sync"],
  "neutronBudgetPercent" | "fullRounds" | "incrementalIntervalSeconds" | "resyncIntervalSeconds"
>;

/** What a slice has come to. */
export interface SliceOutcome {
  readonly run: SyncRun;
  /** Its round compares with etcd. */
  readonly whole: boolean;
  /** The round that it has ended; null: that goes on. */
  readonly ended: { readonly whole: boolean; readonly needsFull: boolean } | null;
}

interface Moment {
  /** Monotonic ms. */
  readonly at: number;
  /** For people, ms since the epoch. */
  readonly shown: number;
}

/** The rounds of one term. */
export class Rounds {
  /** When the next slice is due, monotonic ms. */
  nextAt = -Infinity;
  /** What its own requests have taken of Neutron's time. */
  readonly #spent: BusyTime = { busyMs: 0, waitedMs: 0 };
  readonly #neutron: NeutronClient;
  readonly #pace: Pace | null;
  readonly #share = new Share();
  #index: CloudIndex | null = null;
  #round: Round | null = null;
  /** When that began, with what it has rested for lack of notifications added. */
  #started: Moment | null = null;
  /** Since when comparing goes by the intervals, monotonic ms; null: it goes round. */
  #suspendedAt: number | null = null;
  #number = 0;
  /** Rounds since everything was compared with etcd. */
  #sinceWhole = 0;
  /** When the last one ended, ms since the epoch. */
  #endedAt: number | null = null;
  /** How long the last rounds took, ms, with the rest after each. */
  #took: number[] = [];

  constructor(
    readonly config: RoundsConfig,
    readonly clock: Pick<Clock, "now" | "monotonic">,
    neutron: NeutronClient,
  ) {
    const { neutronBudgetPercent: budget } = config;
    this.#neutron = neutron.countedIn(this.#spent);
    this.#pace = budget > 0 ? new Pace(budget) : null;
  }

  /** Whether there may be any. */
  get areWanted(): boolean {
    return this.#pace !== null;
  }

  /** A full resync has made a new index, which is compared from its beginning. */
  begin(index: CloudIndex): void {
    this.#index = index;
    this.#round = null;
    this.#started = null;
    this.#sinceWhole = 0;
    this.nextAt = this.clock.monotonic() + this.#leastMs;
  }

  /** Comparing goes by the intervals from now on, or round again from where it was. */
  suspend(isSuspended: boolean): void {
    const now = this.clock.monotonic();
    if (isSuspended) this.#suspendedAt ??= now;
    else if (this.#suspendedAt !== null) {
      const restedMs = now - this.#suspendedAt;
      const started = this.#started;
      if (started) this.#started = { at: started.at + restedMs, shown: started.shown + restedMs };
      this.#suspendedAt = null;
    }
  }

  /** A run by the intervals since `startedAt`, monotonic ms, has taken so much of Neutron's time. */
  noteBusy(startedAt: number, busyMs: number): void {
    this.#share.add(startedAt, busyMs);
  }

  /** Tries again then, not before. When that is, which the share may put off, monotonic ms. */
  retryAt(at: number): number {
    return this.nextAt = Math.max(this.nextAt, at);
  }

  /** Does the next slice. @throws as {@linkcode Round.slice}; called again it goes on there. */
  async slice(deps: ResyncDeps, term: Term): Promise<SliceOutcome> {
    const now = this.clock.monotonic();
    const round = this.#round ??= this.#begin(now);
    const [place, compared] = [round.place, round.compared];
    const { busyMs, waitedMs } = this.#spent;
    const { whole } = round.options;
    let isDone = false;
    try {
      const run = await round.slice({ ...deps, neutron: this.#neutron }, term);
      isDone = true;
      return { run, whole, ended: round.ended ? this.#endOf(round) : null };
    } finally {
      const spentMs = this.#spent.busyMs - busyMs;
      const cost = {
        busyMs: spentMs,
        objects: round.compared - compared,
        sort: `${place} ${whole}`,
      };
      this.#share.add(now, spentMs);
      // How long a failure took says nothing of how long such slices take.
      const pace = this.#pace!;
      // What nobody answered may have kept Neutron busy all the same.
      const restMs = isDone
        ? pace.restMs(cost)
        : pace.restAfterFailureMs(this.#spent.waitedMs - waitedMs);
      this.nextAt = this.clock.monotonic() + restMs;
      if (round.ended) this.#rest();
    }
  }

  #begin(now: number): Round {
    const index = this.#index!;
    const neutron = this.#neutron;
    const isCounted = neutron.extensions.has("standard-attr-revisions");
    this.#number++;
    this.#sinceWhole++;
    const whole = !isCounted || this.#sinceWhole >= this.config.fullRounds;
    this.#started = { at: now, shown: this.clock.now() };
    return new Round({ index, neutron, whole });
  }

  #endOf({ options: { whole }, needsFull }: Round): SliceOutcome["ended"] {
    if (whole) this.#sinceWhole = 0;
    return { whole, needsFull };
  }

  /** After a round: the next one does not begin more often than the intervals say. */
  #rest(): void {
    const startedAt = this.#started!.at;
    this.#round = null;
    this.#endedAt = this.clock.now();
    this.nextAt = Math.max(this.nextAt, startedAt + this.#leastMs);
    this.#took = [...this.#took, this.nextAt - startedAt].slice(-REMEMBERED);
    this.#started = null;
  }

  /** From the beginning of a round to that of the next at least, ms. */
  get #leastMs(): number {
    const { incrementalIntervalSeconds, resyncIntervalSeconds } = this.config;
    return 1000 * (incrementalIntervalSeconds || resyncIntervalSeconds);
  }

  /** For the page and the metrics. */
  record(pace: PaceReason): RoundsRecord {
    const now = this.clock.monotonic();
    const round = this.#round;
    const until = pace === "rounds" ? Math.max(now, this.nextAt) : now;
    return {
      at: this.clock.now(),
      pace,
      budgetPercent: this.config.neutronBudgetPercent,
      sharePercent: this.#share.percent(until),
      round: this.#number,
      whole: round?.options.whole ?? false,
      compared: round?.compared ?? 0,
      total: round?.total ?? 0,
      startedAt: this.#started && Math.round(this.#started.shown),
      endedAt: this.#endedAt,
      everyMs: pace === "rounds" ? this.#everyMs() : null,
      isMeasured: this.#took.length > 0,
      requests: this.#neutron.gate.record(),
    };
  }

  #everyMs(): number | null {
    if (this.#took.length > 0) return Math.round(Math.max(...this.#took, this.#soFarMs()));
    const { compared = 0, total = 0 } = this.#round ?? {};
    if (compared === 0) return null;
    const wholeMs = this.#soFarMs() * Math.max(1, total / compared);
    return Math.round(Math.max(wholeMs, this.#leastMs));
  }

  /** How long the round goes on, the rest after the last slice included, ms. */
  #soFarMs(): number {
    if (this.#started === null) return 0;
    return Math.max(this.clock.monotonic(), this.nextAt) - this.#started.at;
  }
}
