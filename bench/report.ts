/**
 * Figures of the benchmarks: collected, printed as a table, written as JSON lines.
 *
 * A figure is worth comparing when it is a ratio to a baseline of the same run; `value` without one is
 * told too, but depends on the machine.
 *
 * @module
 */
import { median } from "./measure.ts";
import { print } from "./print.ts";

/** One thing that was measured. */
export interface Figure {
  readonly bench: string;
  readonly name: string;
  /** The middle one of its runs. */
  readonly value: number;
  readonly unit: string;
  /** To what it is compared, and that one's value in the same unit. */
  readonly baseline: { readonly name: string; readonly value: number } | null;
  /** Value ÷ baseline, the middle one of its runs; null without a baseline. */
  readonly ratio: number | null;
  /** Ratios (values, without a baseline) of all runs. */
  readonly samples: readonly number[];
  readonly better: "lower" | "higher";
  /** What the ratio (value, without a baseline) should reach. */
  readonly goal: number | null;
  /** Date and commit, where it is kept. */
  readonly measured?: string;
  /** Every single value, where a picture is made of them. */
  readonly distribution?: readonly number[];
}

/** One run of one figure. */
export interface Sample {
  readonly value: number;
  readonly baseline?: number;
}

/** What a figure is. */
export interface FigureOptions {
  readonly unit: string;
  readonly baseline?: string;
  readonly better?: "lower" | "higher";
  readonly goal?: number;
  readonly distribution?: readonly number[];
}

/** Makes a figure of its runs. */
export function figure(
  bench: string,
  name: string,
  runs: readonly Sample[],
  { unit, baseline, better = "lower", goal, distribution }: FigureOptions,
): Figure {
  const samples = runs.map(({ value, baseline }) =>
    baseline === undefined ? value : value / baseline
  );
  const bases = runs.flatMap(({ baseline }) => baseline === undefined ? [] : [baseline]);
  const compared = baseline !== undefined && bases.length === runs.length;
  // Of a distribution the runs are parts: its own middle is the exact one.
  const value = median(distribution ?? runs.map(({ value }) => value));
  const ratio = distribution ? value / median(bases) : median(samples);
  return {
    bench,
    name,
    value,
    unit,
    baseline: compared ? { name: baseline, value: median(bases) } : null,
    ratio: compared ? ratio : null,
    samples,
    better,
    goal: goal ?? null,
    ...(distribution ? { distribution } : {}),
  };
}

/** Three significant digits, and none that are not there. */
export function digits(value: number): string {
  if (value === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(value)));
  const rounded = size >= 2 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 6 });
}

/** A figure as columns of text. */
export function columns({ name, value, unit, baseline, ratio, samples, goal }: Figure): string[] {
  const spread = samples.length < 2
    ? ""
    : `${digits(Math.min(...samples))} to ${digits(Math.max(...samples))}`;
  return [
    name,
    `${digits(value)} ${unit}`,
    baseline ? `${digits(ratio!)} × ${baseline.name}` : "",
    baseline ? `${digits(baseline.value)} ${unit}` : "",
    spread,
    goal === null ? "" : digits(goal),
  ];
}

export const HEADINGS = ["what", "measured", "ratio", "baseline", "runs", "goal"];

/** Collects the figures of one benchmark; `close` prints and writes them. */
export class Report {
  readonly figures: Figure[] = [];

  constructor(readonly bench: string) {}

  /** Adds one and says so, so that a long benchmark shows that it lives. */
  add(name: string, runs: readonly Sample[], options: FigureOptions): Figure {
    const one = figure(this.bench, name, runs, options);
    this.figures.push(one);
    print(`  ${columns(one).filter((text) => text).join("   ")}`);
    return one;
  }

  /** A figure without a baseline. */
  plain(name: string, value: number, unit: string, better: "lower" | "higher" = "lower"): Figure {
    return this.add(name, [{ value }], { unit, better });
  }

  /** Prints the table; appends the figures to the file that the runner names. */
  close(): void {
    print("");
    print(`${this.bench}`);
    for (const line of table([HEADINGS, ...this.figures.map(columns)])) print(line);
    const file = Deno.env.get("BENCH_RESULTS");
    if (!file) return;
    const lines = this.figures.map((one) => JSON.stringify(one) + "\n").join("");
    Deno.writeTextFileSync(file, lines, { append: true, create: true });
  }
}

/** Rows as lines of aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) => row.map((text, i) => text.padEnd(widths[i]!)).join("  ").trimEnd());
}
