/**
 * A line over a span of time that ends now. The drawing stretches with its box, so all text stands beside
 * it as text; and it moves on with the grid of the samples only, so that a page on which nothing happens
 * stays as it is. Pure.
 *
 * @module
 */
import { Time } from "../parts.tsx";
import type { SampledSpan } from "../spans.ts";
import { tenth } from "./tenth.ts";

const WIDTH = 720;
const HEIGHT = 100;
/** More samples than this missing between two are a gap. */
const GAP_SAMPLES = 3;

/** Something that was sampled. */
export interface Series {
  readonly at: readonly number[];
  /** null: not known then. */
  readonly values: readonly (number | null)[];
}

/** The drawing's time: the span, and its end, ms since the epoch. */
interface Axis {
  readonly span: SampledSpan;
  readonly end: number;
}

/** The chart with its name, newest and highest value. */
export function LineChart({ id, name, series, span, now, format, limit, none }: {
  id: string;
  name: string;
  series: Series;
  span: SampledSpan;
  now: number;
  /** With its unit. */
  format(value: number): string;
  /** A value above which something is wrong: drawn when it is near. */
  limit?: number;
  /** Why there may be no values. */
  none?: string;
}) {
  const axis = { span, end: Math.ceil(now / span.sampleMs) * span.sampleMs };
  const shown = within(series, axis);
  const known = shown.values.filter((value) => value !== null);
  const newest = newestOf(shown, span, now);
  const highest = known.length === 0 ? null : Math.max(...known);
  const summary = `${span.newest} ${newest === null ? "unknown" : format(newest)}, ` +
    `highest ${format(highest ?? 0)}`;
  return (
    <figure class="chart" id={id}>
      <figcaption>
        <span>{name}</span>
        <b>{newest === null ? "–" : format(newest)}</b>
        {newest === null || span.newest === "now" ? null : <span class="quiet">{span.newest}</span>}
        <span class="quiet">{highest === null ? "" : `highest ${format(highest)}`}</span>
      </figcaption>
      {highest === null
        ? <p class="empty">No values in the last {span.words}{none ? `: ${none}` : ""}.</p>
        : (
          <>
            <Drawing
              label={`${name} over the last ${span.words}: ${summary}`}
              series={shown}
              axis={axis}
              top={Math.max(highest, 1e-9) * 1.1}
              limit={limit}
            />
            <p class="axis quiet" aria-hidden="true">
              <Time at={axis.end - span.ms} now={now} short />
              <Time at={axis.end - span.ms / 2} now={now} short />
              <span>now</span>
            </p>
          </>
        )}
    </figure>
  );
}

function Drawing({ label, series, axis, top, limit }: {
  label: string;
  series: Series;
  axis: Axis;
  top: number;
  limit?: number;
}) {
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <path class="grid" d={`M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`} />
      {limit !== undefined && limit < top
        ? <path class="limit" d={`M0 ${y(limit, top)}H${WIDTH}`} />
        : null}
      <path class="area" d={linePath(series, axis, top, true)} />
      <path class="line" d={linePath(series, axis, top, false)} />
    </svg>
  );
}

/** What of it is in the drawing. */
function within({ at, values }: Series, { span, end }: Axis): Series {
  const shown = at.flatMap((time, i) => time >= end - span.ms && time <= end ? [i] : []);
  return { at: shown.map((i) => at[i]!), values: shown.map((i) => values[i] ?? null) };
}

/** The last value, unless it is too old to be now's. */
function newestOf({ at, values }: Series, { sampleMs }: SampledSpan, now: number): number | null {
  const last = at.at(-1);
  const isNow = last !== undefined && now - last <= GAP_SAMPLES * sampleMs;
  return isNow ? values.at(-1) ?? null : null;
}

function y(value: number, top: number): number {
  return tenth(HEIGHT - HEIGHT * Math.max(0, value) / top);
}

/** Stretches of known values, each a line or an area down to zero. */
function linePath(
  { at, values }: Series,
  { span, end }: Axis,
  top: number,
  area: boolean,
): string {
  const parts: string[] = [];
  let stretch: string[] = [];
  let [from, to, before] = [0, 0, -Infinity];
  const close = () => {
    if (stretch.length > 0) {
      // A single value is a dash, or it would not be seen.
      const line = `M${stretch.join("L")}${stretch.length === 1 ? "h2" : ""}`;
      parts.push(area ? `${line}L${to} ${HEIGHT}L${from} ${HEIGHT}Z` : line);
    }
    stretch = [];
  };
  for (const [i, value] of values.entries()) {
    if (value === null) continue;
    const time = at[i]!;
    const x = tenth(WIDTH * (1 - (end - time) / span.ms));
    if (time - before > GAP_SAMPLES * span.sampleMs) close();
    if (stretch.length === 0) from = x;
    stretch.push(`${x} ${y(value, top)}`);
    [to, before] = [x, time];
  }
  close();
  return parts.join("");
}
