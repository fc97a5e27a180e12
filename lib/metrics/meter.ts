/**
 * A role's own numbers: counters and histograms of `instruments.ts`, kept in memory since the process
 * started and copied out as one small record. Observing costs some hundred nanoseconds and never
 * throws.
 *
 * @module
 */
import { z } from "zod";
import { type Instrument, type InstrumentName, INSTRUMENTS } from "./instruments.ts";

/** Series of one instrument; what is beyond is counted under the labels "other". */
export const MAX_SERIES = 64;

const seriesSchema = z.object({
  labels: z.array(z.string().max(100)).max(4),
  /** A counter's value; a histogram's sum. */
  sum: z.number(),
  /** Of a histogram, per bucket (not cumulated), the last is +Inf. Empty for a counter. */
  counts: z.array(z.number().int().nonnegative()).max(24),
});
/** One series. */
export type Series = z.infer<typeof seriesSchema>;

/** Everything that a role has measured, as the state store carries it. */
export const metricsSchema = z.object({
  /** ms since the epoch. */
  at: z.number(),
  pid: z.number().int(),
  instruments: z.record(z.string(), z.array(seriesSchema).max(MAX_SERIES + 1)),
});
export type MetricsRecord = z.infer<typeof metricsSchema>;

type LabelValues<N extends InstrumentName> = {
  readonly [L in typeof INSTRUMENTS[N]["labels"][number]]: string;
};

/** What one role has measured so far. */
export class Meter {
  readonly #series = new Map<InstrumentName, Map<string, Series>>();
  #changed = false;

  /** Adds one value to a histogram, or to a counter. */
  add<N extends InstrumentName>(name: N, value: number, labels: LabelValues<N>): void {
    const instrument: Instrument = INSTRUMENTS[name];
    if (!Number.isFinite(value) || value < 0) return;
    const given = labels as Readonly<Record<string, string>>;
    const series = this.#find(name, instrument, instrument.labels.map((label) => given[label]!));
    series.sum += value;
    this.#changed = true;
    if (!instrument.buckets) return;
    let at = 0;
    while (at < instrument.buckets.length && value > instrument.buckets[at]!) at++;
    series.counts[at]!++;
  }

  /** Runs `act` and adds how long it took, s; `outcome` names the end when that is a label. */
  async time<N extends InstrumentName, T>(
    name: N,
    act: () => Promise<T>,
    labels: (failed: boolean) => LabelValues<N>,
  ): Promise<T> {
    const from = performance.now();
    let failed = true;
    try {
      const result = await act();
      failed = false;
      return result;
    } finally {
      this.add(name, (performance.now() - from) / 1000, labels(failed));
    }
  }

  /** All numbers, or null when none has changed since the last call. */
  takeChanged(): MetricsRecord["instruments"] | null {
    if (!this.#changed) return null;
    this.#changed = false;
    return this.read();
  }

  /** All numbers. */
  read(): MetricsRecord["instruments"] {
    return Object.fromEntries(
      [...this.#series].map(([name, byLabels]) => [
        name,
        [...byLabels.values()].map((series) => structuredClone(series)),
      ]),
    );
  }

  #find(name: InstrumentName, instrument: Instrument, labels: string[]): Series {
    let byLabels = this.#series.get(name);
    if (!byLabels) this.#series.set(name, byLabels = new Map());
    const key = labels.join("\0");
    const found = byLabels.get(key);
    if (found) return found;
    const other = instrument.labels.map(() => "other");
    if (byLabels.size >= MAX_SERIES && key !== other.join("\0")) {
      return this.#find(name, instrument, other);
    }
    const counts = Array<number>(instrument.buckets ? instrument.buckets.length + 1 : 0).fill(0);
    const series = { labels: labels.map((value) => value.slice(0, 100)), sum: 0, counts };
    byLabels.set(key, series);
    return series;
  }
}
