/** Failover times as an SVG picture: a dot for every run, on a logarithmic scale. Pure. @module */
import { quantile } from "./print.ts";
import type { Figure } from "./report.ts";

const WIDTH = 760;
const [LEFT, RIGHT] = [190, 24];
const [TOP, ROW] = [34, 64];
const [MIN_MS, MAX_MS] = [50, 10_000];
const MARKS = [50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/** A place on the scale. */
function x(ms: number): number {
  const part = Math.log(Math.min(MAX_MS, Math.max(MIN_MS, ms)) / MIN_MS) /
    Math.log(MAX_MS / MIN_MS);
  return Math.round((LEFT + part * (WIDTH - LEFT - RIGHT)) * 10) / 10;
}

function told(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** The colours are readable on white and on black; where the reader's choice is known, better ones. */
const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #6e7781 }
  .name { font-weight: 600 }
  .axis { stroke: #8c959f; stroke-opacity: .35 }
  .dot { fill: #2f81f7; fill-opacity: .55 }
  .mark { stroke: #e16f24; stroke-width: 2 }
  @media (prefers-color-scheme: dark) {
    text { fill: #adb5bd }
    .dot { fill: #6cb0ff }
    .mark { stroke: #ffa657 }
  }
`;

/** The picture of the figures that have a distribution, or null when there is none. */
export function failoverPicture(figures: readonly Figure[]): string | null {
  const rows = figures.filter(({ bench, distribution }) => bench === "failover" && distribution);
  if (rows.length === 0) return null;
  const height = TOP + rows.length * ROW + 30;
  const bottom = TOP + rows.length * ROW;
  const axis = MARKS.map((ms) => `
  <line class="axis" x1="${x(ms)}" y1="${TOP - 10}" x2="${x(ms)}" y2="${bottom}"/>
  <text x="${x(ms)}" y="${bottom + 20}" text-anchor="middle">${told(ms).replace(".0", "")}</text>`);
  const title = `Time without a leader, from the fault to the start of a role's job`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
  <title>${title}</title>
  <style>${STYLE}</style>${axis.join("")}
${rows.map(drawRow).join("\n")}
</svg>
`;
}

function drawRow({ name, distribution }: Figure, index: number): string {
  const y = TOP + index * ROW + ROW / 2;
  const times = [...distribution!].sort((a, b) => a - b);
  const dots = times.map((ms, i) => {
    // Spread by rank, so that equal times do not hide each other; the same picture for the same data.
    const off = ((i * 7) % 11 - 5) * 2;
    return `<circle class="dot" cx="${x(ms)}" cy="${y + 6 + off}" r="3"/>`;
  });
  const mark = (q: number, label: string) => {
    const ms = quantile(times, q);
    return `<line class="mark" x1="${x(ms)}" y1="${y - 10}" x2="${x(ms)}" y2="${y + 22}"/>` +
      `<text x="${x(ms)}" y="${y - 14}" text-anchor="${q < 0.9 ? "end" : "start"}">` +
      `${label} ${told(ms)}</text>`;
  };
  return `  <text class="name" x="8" y="${y + 4}">${name.replace(", p50", "")}</text>
  <text x="8" y="${y + 21}">${times.length} runs</text>
  ${dots.join("")}
  ${mark(0.5, "p50")}${mark(0.99, "p99")}`;
}
