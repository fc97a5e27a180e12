/**
 * Two sets of figures side by side: what became worse by more than the noise. Pure.
 *
 * @module
 */
import { median } from "./measure.ts";
import type { Figure } from "./report.ts";

/** What a figure did from one set to the other. */
export type Verdict = "worse" | "better" | "same" | "not compared";

/** One figure in both. */
export interface Comparison {
  readonly figure: string;
  readonly unit: string;
  readonly before: number;
  readonly after: number;
  /** After ÷ before. */
  readonly times: number;
  /** A change by less than this part is noise. */
  readonly threshold: number;
  readonly verdict: Verdict;
}

/** Both sets. */
export interface Compared {
  readonly comparisons: readonly Comparison[];
  /** Figures of the first that the second lacks, and the other way round. */
  readonly missing: readonly string[];
  readonly added: readonly string[];
}

/** Smaller changes than this are never told, however alike the runs were. */
const MIN_THRESHOLD = 0.15;
/** How far a figure of a single run is trusted. */
const SPREAD_OF_ONE = 0.15;
/** So many spreads of both sides together. */
const SPREADS = 2;
/** Units that do not depend on how fast the machine is. */
const PORTABLE = new Set(["bytes", "MiB", "files", "threads", "a minute", "×"]);

/** What names a figure: its benchmark, its name and what it is measured in and against. */
export function identity({ bench, name, unit, baseline }: Figure): string {
  return [bench, name, baseline ? `× ${baseline.name}` : unit].join(": ");
}

/** Several runs of the benchmarks as one: all their samples, the middle values. */
export function merged(runs: readonly (readonly Figure[])[]): Figure[] {
  const all = Map.groupBy(runs.flat(), identity);
  return [...all.values()].map((same) => {
    const samples = same.flatMap(({ samples }) => samples);
    const [first] = same;
    const base = first!.baseline;
    return {
      ...first!,
      value: median(same.map(({ value }) => value)),
      baseline: base && { ...base, value: median(same.map(({ baseline }) => baseline!.value)) },
      ratio: base && median(samples),
      samples,
    };
  });
}

/** Half the range of the runs as a part of the middle one. */
export function spread({ samples }: Figure): number {
  const middle = Math.abs(median(samples));
  if (samples.length < 2 || middle === 0) return SPREAD_OF_ONE;
  return (Math.max(...samples) - Math.min(...samples)) / 2 / middle;
}

/** Compares figure by figure. */
export function compare(before: readonly Figure[], after: readonly Figure[]): Compared {
  const old = new Map(before.map((figure) => [identity(figure), figure]));
  const now = new Map(after.map((figure) => [identity(figure), figure]));
  const comparisons: Comparison[] = [];
  for (const [name, figure] of now) {
    const earlier = old.get(name);
    if (earlier) comparisons.push(compareOne(name, earlier, figure));
  }
  return {
    comparisons,
    missing: [...old.keys()].filter((name) => !now.has(name)),
    added: [...now.keys()].filter((name) => !old.has(name)),
  };
}

function compareOne(name: string, earlier: Figure, figure: Figure): Comparison {
  const [before, after] = [earlier, figure].map(({ ratio, value }) => ratio ?? value) as [
    number,
    number,
  ];
  const threshold = Math.max(MIN_THRESHOLD, SPREADS * (spread(earlier) + spread(figure)));
  const times = before === 0 ? (after === 0 ? 1 : Infinity) : after / before;
  const comparable = figure.ratio !== null || PORTABLE.has(figure.unit);
  return {
    figure: name,
    unit: figure.ratio === null ? figure.unit : "×",
    before,
    after,
    times,
    threshold,
    verdict: comparable ? verdict(times, threshold, figure.better) : "not compared",
  };
}

/** A change by a part up means what one down by the same factor means. */
function verdict(times: number, threshold: number, better: "lower" | "higher"): Verdict {
  const grown = times > 1 + threshold;
  const shrunk = times < 1 / (1 + threshold);
  if (!grown && !shrunk) return "same";
  return grown === (better === "lower") ? "worse" : "better";
}
