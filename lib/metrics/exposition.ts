/**
 * Metrics as text: OpenMetrics 1.0, and for those who ask for it the older Prometheus format, in which
 * units and the end have no line and counters are called by their full name. Pure.
 *
 * @module
 */

/** One series of a family. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | HistogramValue;
}

/** A histogram's numbers. */
export interface HistogramValue {
  /** Upper bounds, ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Per bucket, not cumulated; one more than bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Metrics of one name. */
export interface Family {
  /** Without the prefix, `_total` or `_info`. */
  readonly name: string;
  readonly type: "gauge" | "counter" | "histogram" | "info";
  /** A sentence, without a full stop. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** How to write them. */
export type ExpositionFormat = "openmetrics" | "prometheus";

/** Content types. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
};

const PREFIX = "conductor_";
const UNITS = ["seconds", "bytes", "ratio"];

/** The format for an Accept header: OpenMetrics unless only plain text is asked for. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  const plain = accept !== undefined && /\btext\/plain\b/.test(accept);
  return plain && !/openmetrics|\*\/\*/.test(accept) ? "prometheus" : "openmetrics";
}

/** The families, those without samples left out. */
export function formatFamilies(families: readonly Family[], format: ExpositionFormat): string {
  const open = format === "openmetrics";
  const texts = families.filter(({ samples }) => samples.length > 0).map((family) => {
    const full = PREFIX + family.name;
    const suffix = SUFFIXES[family.type];
    const named = open ? full : full + suffix;
    const type = !open && family.type === "info" ? "gauge" : family.type;
    const unit = UNITS.find((each) => family.name.endsWith(`_${each}`));
    const lines = [`# TYPE ${named} ${type}`];
    if (open && unit) lines.push(`# UNIT ${named} ${unit}`);
    lines.push(`# HELP ${named} ${escapeHelp(family.help)}.`);
    for (const sample of family.samples) lines.push(...formatSample(full, suffix, sample));
    return lines.join("\n") + "\n";
  });
  return texts.join("") + (open ? "# EOF\n" : "");
}

const SUFFIXES = { gauge: "", counter: "_total", histogram: "", info: "_info" } as const;

function formatSample(full: string, suffix: string, { labels, value }: Sample): string[] {
  if (typeof value === "number") return [`${full}${suffix}${formatLabels(labels)} ${value}`];
  const lines: string[] = [];
  let count = 0;
  value.counts.forEach((each, i) => {
    count += each;
    const le = canonical(value.bounds[i] ?? Infinity);
    lines.push(`${full}_bucket${formatLabels({ ...labels, le })} ${count}`);
  });
  lines.push(`${full}_count${formatLabels(labels)} ${count}`);
  lines.push(`${full}_sum${formatLabels(labels)} ${value.sum}`);
  return lines;
}

/** A bound as OpenMetrics wants it: "1.0", "0.25", "+Inf". */
function canonical(bound: number): string {
  if (bound === Infinity) return "+Inf";
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escape(value)}"`);
  return parts.length === 0 ? "" : `{${parts.join(",")}}`;
}

function escape(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

/** The older format knows no quotes in help texts, so there are none. */
function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
