/**
 * Figures of the last hour, for the charts: a sample every 10 s in memory, and all of them in one
 * record of the KV file every 15 s, so that a restart of the page's process does not lose the hour.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Samples } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import type { Status } from "../health/status.ts";

/** Between two samples, ms. */
export const SAMPLE_MS = 10_000;
/** What is kept, ms. */
export const SAMPLED_MS = 3_600_000;
const MAX_SAMPLES = SAMPLED_MS / SAMPLE_MS;
const SAVE_MS = 15_000;
const MIB = 1024 * 1024;

/** No samples yet. */
export const NO_SAMPLES: Samples = { at: [], lagMs: [], queued: [], rssMib: {} };

/** The samples with one more, without those that are older than an hour or from the future. */
export function withSample(samples: Samples, status: Status): Samples {
  const now = status.at;
  const kept = samples.at
    .map((at, index) => ({ at, index }))
    .filter(({ at }) => at > now - SAMPLED_MS && at < now)
    .slice(-(MAX_SAMPLES - 1))
    .map(({ index }) => index);
  const pick = <T>(list: readonly T[], newest: T) => [...kept.map((i) => list[i]!), newest];
  const rssMib: Samples["rssMib"] = {};
  for (const { name, alive, silentMs } of status.roles) {
    const bytes = silentMs !== null && silentMs < SAMPLE_MS ? alive?.rssBytes : undefined;
    const newest = bytes === undefined ? null : Math.round(bytes / MIB);
    rssMib[name] = pick(samples.rssMib[name] ?? kept.map(() => null), newest);
  }
  const { agents, ports, isMaster } = status;
  return {
    at: pick(samples.at, now),
    lagMs: pick(samples.lagMs, isMaster ? agents?.lagMs ?? null : null),
    queued: pick(samples.queued, isMaster ? ports?.queued ?? null : null),
    rssMib,
  };
}

/** What {@linkcode Sampler} needs. */
export interface SamplerDeps {
  readonly readStatus: () => Promise<Status>;
  readonly store: Pick<StateStore, "readSamples" | "writeSamples">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes samples while it runs. */
export class Sampler {
  #samples = NO_SAMPLES;

  constructor(readonly deps: SamplerDeps) {}

  get samples(): Samples {
    return this.#samples;
  }

  /** Runs until `signal` aborts. What cannot be read or written is tried again with the next sample. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, log, readStatus } = this.deps;
    this.#samples = await store.readSamples().catch(() => null) ?? NO_SAMPLES;
    let savedAt = -Infinity;
    while (!signal.aborted) {
      try {
        this.#samples = withSample(this.#samples, await readStatus());
        if (clock.monotonic() - savedAt >= SAVE_MS) {
          savedAt = clock.monotonic();
          await store.writeSamples(this.#samples);
        }
      } catch (error) {
        log.debug("a sample for the page's charts is missed", { error });
      }
      await clock.sleep(SAMPLE_MS, signal).catch(() => {});
    }
  }
}
