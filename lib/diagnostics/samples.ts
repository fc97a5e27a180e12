/**
 * Figures of the past for the charts, in memory and in records of the KV file, so that a restart of the
 * page's process does not lose them: the last hour with a sample every 10 s, written every 15 s, and the
 * last day with one for each 5 min, the highest values in them, written every minute.
 *
 * @module
 */
import type { Clock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { Samples } from "../state/records.ts";
import type { StateStore } from "../state/store.ts";
import type { Status } from "../health/status.ts";
import { agentsNow, portsNow } from "../health/status_now.ts";
import type { Span } from "./charts/time_window.ts";
import { DAY_SAMPLE_MS, SAMPLE_MS, SAMPLED, type SampledSpan } from "./spans.ts";

const SAVE_MS = 15_000;
const SAVE_DAY_MS = 60_000;
const MIB = 1024 * 1024;

/** No samples yet. */
export const NO_SAMPLES: Samples = { at: [], lagMs: [], queued: [], rssMib: {} };

/** One sample. */
interface Values {
  readonly lagMs: number | null;
  readonly queued: number | null;
  readonly rssMib: Readonly<Record<string, number | null>>;
}

/** The samples with one more, without those that are older than an hour or from the future. */
export function withSample(samples: Samples, status: Status): Samples {
  return append(samples, valuesOf(status), status.at, SAMPLED.hour);
}

/** The day's samples with one more: of one stretch of 5 min the highest values stay, under its begin. */
export function withDaySample(samples: Samples, status: Status): Samples {
  const at = Math.floor(status.at / DAY_SAMPLE_MS) * DAY_SAMPLE_MS;
  const values = valuesOf(status);
  const same = samples.at.at(-1) === at ? sampleAt(samples, samples.at.length - 1) : null;
  return append(samples, same ? highest(same, values) : values, at, SAMPLED.day);
}

function valuesOf(status: Status): Values {
  const { roles } = status;
  const rss = roles.map(({ name, alive, silentMs }) => {
    const bytes = silentMs !== null && silentMs < SAMPLE_MS ? alive?.rssBytes : undefined;
    return [name, bytes === undefined ? null : Math.round(bytes / MIB)] as const;
  });
  return {
    lagMs: agentsNow(status)?.lagMs ?? null,
    queued: portsNow(status)?.queued ?? null,
    rssMib: Object.fromEntries(rss),
  };
}

function sampleAt({ lagMs, queued, rssMib }: Samples, i: number): Values {
  const rss = Object.entries(rssMib).map(([name, list]) => [name, list[i] ?? null]);
  return { lagMs: lagMs[i]!, queued: queued[i]!, rssMib: Object.fromEntries(rss) };
}

function highest(a: Values, b: Values): Values {
  const higher = (x: number | null, y: number | null) =>
    x === null || y === null ? x ?? y : Math.max(x, y);
  const rss = Object.entries(b.rssMib).map((
    [name, y],
  ) => [name, higher(a.rssMib[name] ?? null, y)]);
  return {
    lagMs: higher(a.lagMs, b.lagMs),
    queued: higher(a.queued, b.queued),
    rssMib: Object.fromEntries(rss),
  };
}

/** What is older than the span, not older than the new sample, or too much goes. */
function append(samples: Samples, values: Values, now: number, span: SampledSpan): Samples {
  const most = span.ms / span.sampleMs;
  const kept = samples.at
    .map((at, index) => ({ at, index }))
    .filter(({ at }) => at > now - span.ms && at < now)
    .slice(-(most - 1))
    .map(({ index }) => index);
  const pick = <T>(list: readonly T[], newest: T) => [...kept.map((i) => list[i]!), newest];
  const none = samples.at.map(() => null);
  const rss = Object.entries(values.rssMib).map(([name, newest]) =>
    [name, pick<number | null>(samples.rssMib[name] ?? none, newest)] as const
  );
  return {
    at: pick(samples.at, now),
    lagMs: pick(samples.lagMs, values.lagMs),
    queued: pick(samples.queued, values.queued),
    rssMib: Object.fromEntries(rss),
  };
}

/** What {@linkcode Sampler} needs. */
export interface SamplerDeps {
  readonly readStatus: () => Promise<Status>;
  readonly store: Pick<
    StateStore,
    "readSamples" | "writeSamples" | "readDaySamples" | "writeDaySamples"
  >;
  readonly clock: Clock;
  readonly log: Log;
}

/** Takes samples while it runs. */
export class Sampler {
  #hour = NO_SAMPLES;
  #day = NO_SAMPLES;

  constructor(readonly deps: SamplerDeps) {}

  /** The samples that cover a span, maybe with older ones. */
  samples(span: Span): Samples {
    return span === "day" ? this.#day : this.#hour;
  }

  /** Runs until `signal` aborts. What cannot be read or written is tried again with the next sample. */
  async run(signal: AbortSignal): Promise<void> {
    const { store, clock, log, readStatus } = this.deps;
    this.#hour = await store.readSamples().catch(() => null) ?? NO_SAMPLES;
    this.#day = await store.readDaySamples().catch(() => null) ?? NO_SAMPLES;
    let [savedAt, savedDayAt] = [-Infinity, -Infinity];
    while (!signal.aborted) {
      try {
        const status = await readStatus();
        this.#hour = withSample(this.#hour, status);
        this.#day = withDaySample(this.#day, status);
        const now = clock.monotonic();
        if (now - savedAt >= SAVE_MS) {
          savedAt = now;
          await store.writeSamples(this.#hour);
        }
        if (now - savedDayAt >= SAVE_DAY_MS) {
          savedDayAt = now;
          await store.writeDaySamples(this.#day);
        }
      } catch (error) {
        log.debug("a sample for the page's charts is missed", { error });
      }
      await clock.sleep(SAMPLE_MS, signal).catch(() => {});
    }
  }
}
