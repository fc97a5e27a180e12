/** What each run of a term is given, and how it is noted. @module */
import type { Config } from "../config/config_types.ts";
import type { JobContext } from "../role/master_context.ts";
import type { Attempts } from "./attempts.ts";
import { DifferenceLog } from "./apply/difference_log.ts";
import type { Step } from "./apply/step.ts";
import type { ResyncDeps } from "./apply/sync_run.ts";
import type { RecordedOptions, RunReason, StepBeats } from "./report/record.ts";
import type { Rounds } from "./rounds/rounds.ts";
import type { Schedule } from "./schedule.ts";
import type { ResyncBase } from "./sources/base.ts";

/** What all runs share. */
export interface RunSetupOptions {
  readonly config: Pick<Config, "stateDir" | "sync">;
  readonly context: Pick<JobContext, "clock" | "log">;
  readonly base: ResyncBase;
  readonly beats: StepBeats;
  readonly attempts: Attempts;
  /** Both hear of what runs take of Neutron's time. */
  readonly schedule: Schedule;
  readonly rounds: Rounds;
}

/** Sets runs up. */
export class RunSetup {
  constructor(readonly options: RunSetupOptions) {}

  /** How a run is noted. */
  noted(reason: RunReason, differences = new DifferenceLog()): RecordedOptions {
    const { attempts: { next }, config: { stateDir } } = this.options;
    const tried = reason === "announced" ? {} : next; // what is announced has no tries of its own
    return { reason, differences, stateDir, ...tried };
  }

  /** What it works with; each step is told to all of these. */
  deps(
    { differences }: RecordedOptions,
    ...tells: (((step: Step) => void) | undefined)[]
  ): ResyncDeps {
    const { base, beats, attempts } = this.options;
    beats.problem = attempts.problem;
    const progress = (step: Step) => {
      beats.step(`resync: ${step}`);
      for (const tell of tells) tell?.(step);
    };
    return { ...base, progress, differences };
  }

  /** Notes what a run over all has taken of Neutron's time, also when it fails. @throws what it throws. */
  async measured<T>(run: () => Promise<T>): Promise<T> {
    const { base: { neutron }, context: { clock, log }, config, schedule, rounds } = this.options;
    const [startedAt, before] = [clock.monotonic(), neutron.busyMs];
    let failed = true;
    try {
      const result = await run();
      failed = false;
      return result;
    } finally {
      const [endedAt, busyMs] = [clock.monotonic(), neutron.busyMs - before];
      const tookMs = endedAt - startedAt;
      schedule.noteBusy({ startedAt, endedAt, busyMs, failed });
      rounds.noteBusy(startedAt, busyMs);
      if (tookMs > config.sync.resyncMaxIntervalSeconds * 1000) {
        log.warn("a resync took longer than resync_max_interval", { tookMs });
      }
    }
  }
}
