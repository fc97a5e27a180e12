// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/**
 * Who led when, over the last 24 h: a row for each node, a bar for each term, the reason of each end in
 * the bar's title and in the table below. Pure.
 *
 * @module
 */
import type { TermRecord } from "../../state/records.ts";
import type { Child } from "hono/jsx";
import { tenth } from "./tenth.ts";
import { clip } from "../../base/clip.ts";
import { formatDuration } from "../../base/format.ts";
import { Time } from "../parts.tsx";

const HOURS = 24;
const SPAN_MS = HOURS * 3_600_000;
const WIDTH = 1440;
const MAX_ROWS = 8;
const MAX_LISTED = 6;
/** A gap that is shorter is an election as it should be, ms. */
const MIN_GAP_MS = 1000;

/** Terms that touch the last 24 h, newest first. */
export function recentTerms(terms: readonly TermRecord[], now: number): readonly TermRecord[] {
  return terms.filter(({ start, end }) => start <= now && (end ?? now) >= now - SPAN_MS);
}

/** The drawing. */
export function TermTimeline({ terms, now }: { terms: readonly TermRecord[]; now: number }) {
  const recent = recentTerms(terms, now);
  const gaps = gapsBetween(terms, now);
  const nodes = [...new Set(recent.map(({ node }) => node))].sort().slice(0, MAX_ROWS);
  return (
    <figure class="timeline" id="timeline">
      <figcaption>Who led in the last {HOURS} h</figcaption>
      {nodes.map((node) => <NodeRow node={node} terms={recent} now={now} />)}
      {gaps.length > 0 ? <GapRow gaps={gaps} now={now} /> : null}
      <div class="row axis quiet" aria-hidden="true">
        <span class="name"></span>
        <span class="ticks">
          {[24, 18, 12, 6].map((hours) => <span>{`−${hours} h`}</span>)}
          <span>now</span>
        </span>
      </div>
    </figure>
  );
}

/** Without a leader for longer than an election takes. */
export interface Gap {
  /** ms since the epoch. */
  readonly start: number;
  readonly end: number;
}

/** Times of the last 24 h in which nobody led, newest first; the one that goes on ends now. */
export function gapsBetween(terms: readonly TermRecord[], now: number): Gap[] {
  const sorted = terms.filter(({ start }) => start <= now).toSorted((a, b) => a.start - b.start);
  const gaps: Gap[] = [];
  let led = sorted[0]?.start ?? now;
  for (const { start, end } of [...sorted, { start: now, end: now }]) {
    const gap = { start: Math.max(led, now - SPAN_MS), end: start };
    if (gap.end - gap.start >= MIN_GAP_MS) gaps.unshift(gap);
    led = Math.max(led, end ?? now);
  }
  return gaps;
}

/** A row of the drawing; `label`: what it shows, for those who cannot see it. */
function Row({ name, label, children }: { name: string; label: string; children?: Child }) {
  return (
    <div class="row">
      <span class="name">{name}</span>
      <svg viewBox={`0 0 ${WIDTH} 20`} preserveAspectRatio="none" role="img" aria-label={label}>
        <path class="grid" d={`M0 10H${WIDTH}`} />
        {children}
      </svg>
    </div>
  );
}

function GapRow({ gaps, now }: { gaps: readonly Gap[]; now: number }) {
  const many = gaps.length === 1 ? "once" : `${gaps.length} times`;
  const allMs = gaps.reduce((sum, { start, end }) => sum + end - start, 0);
  return (
    <Row name="(nobody)" label={`Nobody led ${many}, ${formatDuration(allMs)} in all`}>
      {gaps.map(({ start, end }) => {
        const title = `Nobody led for ${formatDuration(end - start)}`;
        return <Bar kind="gap" title={title} start={start} end={end} now={now} />;
      })}
    </Row>
  );
}

function NodeRow(
  { node, terms, now }: { node: string; terms: readonly TermRecord[]; now: number },
) {
  const own = terms.filter((term) => term.node === node);
  const ledMs = own.reduce((sum, term) => sum + span(term, now), 0);
  const many = own.length === 1 ? "1 term" : `${own.length} terms`;
  const name = clip(node, 63);
  return (
    <Row name={name} label={`${name} led in ${many}, ${formatDuration(ledMs)} in all`}>
      {own.map((term) => {
        const { start, end } = term;
        const title = `Term ${term.term}, ${formatDuration(span(term, now))}: ${endOf(term)}`;
        return <Bar kind={end === null ? "now" : "ended"} {...{ title, start, end, now }} />;
      })}
    </Row>
  );
}

function Bar({ kind, title, start, end, now }: {
  kind: "now" | "ended" | "gap";
  title: string;
  start: number;
  end: number | null;
  now: number;
}) {
  const x = position(start, now);
  return (
    <rect class={kind} x={x} y={2} width={Math.max(3, position(end ?? now, now) - x)} height={16}>
      <title>{title}</title>
    </rect>
  );
}

function position(at: number, now: number): number {
  return tenth(WIDTH * Math.max(0, 1 - (now - at) / SPAN_MS));
}

/** Of it, what is within the 24 h; ms. */
function span({ start, end }: TermRecord, now: number): number {
  return Math.max(0, (end ?? now) - Math.max(start, now - SPAN_MS));
}

function endOf({ end, reason }: TermRecord): string {
  return end === null ? "goes on" : clip(reason ?? "the reason is not known", 200);
}

/** The newest ends of terms with their reasons. */
export function TermEnds({ terms, now }: { terms: readonly TermRecord[]; now: number }) {
  const ended = recentTerms(terms, now).filter(({ end }) => end !== null);
  if (ended.length === 0) return null;
  const more = ended.length - MAX_LISTED;
  return (
    <>
      <h3>Why terms ended</h3>
      <ul class="plain" id="term-ends">
        {ended.slice(0, MAX_LISTED).map((term) => (
          <li>
            <Time at={term.end!} now={now} /> <b>{clip(term.node, 63)}</b> {endOf(term)}{" "}
            <span class="quiet">
              after {formatDuration(Math.max(0, term.end! - term.start))}, term {term.term}
            </span>
          </li>
        ))}
      </ul>
      {more > 0
        ? (
          <p class="quiet">
            {more} more: see the <a href="/election">election</a>.
          </p>
        )
        : null}
    </>
  );
}
