/**
 * A line over the last hour. The drawing stretches with its box, so all text stands beside it as text.
 * Pure.
 *
 * @module
 */
import { tenth } from "./tenth.ts";
import { SAMPLE_MS, SAMPLED_MS } from "../samples.ts";

const WIDTH = 720;
const HEIGHT = 100;
/** More time than this between two samples is a gap. */
const GAP_MS = 3 * SAMPLE_MS;

/** Something that was sampled. */
export interface Series {
  readonly at: readonly number[];
  /** null: not known then. */
  readonly values: readonly (number | null)[];
}

/** The chart with its name, newest and highest value. */
export function LineChart({ id, name, series, now, format, limit, none }: {
  id: string;
  name: string;
  series: Series;
  now: number;
  /** With its unit. */
  format(value: number): string;
  /** A value above which something is wrong: drawn when it is near. */
  limit?: number;
  /** Why there may be no values. */
  none?: string;
}) {
  const known = series.values.filter((value) => value !== null);
  const newest = newestOf(series, now);
  const highest = known.length === 0 ? null : Math.max(...known);
  const summary = highest === null
    ? "no values in the last hour"
    : `now ${newest === null ? "unknown" : format(newest)}, highest ${format(highest)}`;
  const top = Math.max(highest ?? 0, 1e-9) * 1.1;
  return (
    <figure class="chart" id={id}>
      <figcaption>
        <span>{name}</span>
        <b>{newest === null ? "–" : format(newest)}</b>
        <span class="quiet">{highest === null ? "" : `highest ${format(highest)}`}</span>
      </figcaption>
      {highest === null
        ? <p class="empty">No values in the last hour{none ? `: ${none}` : ""}.</p>
        : (
          <>
            <svg
              viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
              preserveAspectRatio="none"
              role="img"
              aria-label={`${name} over the last hour: ${summary}`}
            >
              <path class="grid" d={`M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`} />
              {limit !== undefined && limit < top
                ? <path class="limit" d={`M0 ${y(limit, top)}H${WIDTH}`} />
                : null}
              <path class="area" d={linePath(series, now, top, true)} />
              <path class="line" d={linePath(series, now, top, false)} />
            </svg>
            <p class="axis quiet" aria-hidden="true">
              <span>1 h ago</span>
              <span>30 min</span>
              <span>now</span>
            </p>
          </>
        )}
    </figure>
  );
}

/** The last value, unless it is too old to be now's. */
function newestOf({ at, values }: Series, now: number): number | null {
  const last = at.at(-1);
  return last !== undefined && now - last <= GAP_MS ? values.at(-1) ?? null : null;
}

function y(value: number, top: number): number {
  return tenth(HEIGHT - HEIGHT * Math.max(0, value) / top);
}

/** Stretches of known values, each a line or an area down to zero. */
function linePath({ at, values }: Series, now: number, top: number, area: boolean): string {
  const parts: string[] = [];
  let stretch: string[] = [];
  let [from, to, before] = [0, 0, -Infinity];
  const end = () => {
    if (stretch.length > 0) {
      // A single value is a dash, or it would not be seen.
      const line = `M${stretch.join("L")}${stretch.length === 1 ? "h2" : ""}`;
      parts.push(area ? `${line}L${to} ${HEIGHT}L${from} ${HEIGHT}Z` : line);
    }
    stretch = [];
  };
  for (const [i, value] of values.entries()) {
    const time = at[i]!;
    const x = tenth(WIDTH * (1 - (now - time) / SAMPLED_MS));
    if (value === null || x < 0 || x > WIDTH) continue;
    if (time - before > GAP_MS) end();
    if (stretch.length === 0) from = x;
    stretch.push(`${x} ${y(value, top)}`);
    [to, before] = [x, time];
  }
  end();
  return parts.join("");
}
