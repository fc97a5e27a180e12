/**
 * How comparing goes: round and round within `neutron_budget` as long as whatever changes is announced and
 * nothing announced can have been missed; else by the intervals.
 *
 * @module
 */
import type { JobContext } from "../role/master_context.ts";
import type { PaceReason } from "../state/records.ts";
import type { Rounds } from "./rounds/rounds.ts";
import type { Schedule } from "./schedule.ts";
import type { EventSync } from "./sources/events.ts";

/** Between looks whether there is something new to tell, ms. */
const TELL_MS = 1000;

/** What decides it. */
export interface ComparingOptions {
  readonly schedule: Schedule;
  readonly rounds: Rounds;
  /** Null: nobody listens to Neutron's notifications. */
  readonly events: Pick<EventSync, "hearing"> | null;
  readonly context: Pick<JobContext, "clock" | "log" | "store">;
  /** Whether everything has been compared once in this term, and what differs may be written. */
  isReady(): boolean;
  /** Plans the comparison that was asked for. */
  planComparison(): void;
}

/** Decides it, and tells the page. */
export class Comparing {
  /** As it was decided last; null: it was not yet. */
  #pace: PaceReason | null = null;

  constructor(readonly options: ComparingOptions) {}

  /** Decides how it goes from now on; when the next slice is due, monotonic ms; null: by the intervals. */
  async decide(): Promise<number | null> {
    const { rounds, schedule, planComparison, context: { clock, log } } = this.options;
    const before = this.#pace;
    this.#pace = this.#now();
    const isRound = this.#pace === "rounds";
    rounds.suspend(!isRound);
    if (before === "rounds" && !isRound) schedule.endRounds(clock.monotonic());
    // What was asked for while a slice had failed has waited for this.
    if (before === "rounds" && this.#pace === "gap") planComparison();
    if (before !== this.#pace) {
      log.debug("how all is compared", { pace: this.#pace });
      await this.#show(this.#pace); // what goes on is told by `tell`
    }
    return isRound ? rounds.nextAt : null;
  }

  /** Goes on telling the page, also while a run takes its time, until the signal aborts. */
  async tell(signal: AbortSignal): Promise<void> {
    const { clock } = this.options.context;
    while (!signal.aborted) {
      await this.#show(this.#pace ?? this.#now());
      await clock.sleep(TELL_MS, signal).catch(() => {});
    }
  }

  /** What is only shown ends nothing when it cannot be written. */
  async #show(pace: PaceReason): Promise<void> {
    const { rounds, context: { store } } = this.options;
    await store.writeRounds(rounds.record(pace)).catch(() => {});
  }

  #now(): PaceReason {
    const { rounds, events, schedule, isReady } = this.options;
    if (!isReady()) return "first";
    if (!rounds.areWanted) return "budget";
    if (!events) return "unconfigured";
    if (events.hearing !== "heard") return events.hearing;
    return schedule.hasGap ? "gap" : "rounds";
  }
}
