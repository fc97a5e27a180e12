// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/**
 * Who led when: a row for each node, a bar for each term, a row for the times in which nobody led; the reason of
 * each end is in the bar's title and in the tables below. Pure.
 *
 * @module
 */
import type { Cluster, TermRecord } from "../../state/records.ts";
import type { Child } from "hono/jsx";
import { tenth } from "./tenth.ts";
import { clip } from "../../base/clip.ts";
import { formatDuration, utcTime } from "../../base/format.ts";
import { type Gap, gapsBetween, knownUntil } from "../../health/term_gaps.ts";
import { Foreign, Time } from "../parts.tsx";
import { SPANS, type TimeWindow, windowOf, type WindowQuery, within } from "./time_window.ts";

const WIDTH = 1440;
/** A short bar is drawn so wide that it can be seen. */
const MIN_WIDTH = 3;
const MAX_ROWS = 8;
const MAX_LISTED = 6;
const DAY: WindowQuery = { span: "day", to: "" };

/** Terms of the last day, newest first. */
export function recentTerms(terms: readonly TermRecord[], now: number): readonly TermRecord[] {
  const from = now - SPANS.day.ms;
  return terms.filter(({ end }) => (end ?? now) >= from);
}

/** The drawing. @param query which stretch of time */
export function TermTimeline({ cluster, now, query = DAY }: {
  cluster: Cluster;
  now: number;
  query?: WindowQuery;
}) {
  const axis = windowOf(query, now);
  const until = knownUntil(cluster, now);
  const terms = cluster.terms.map((term) => ({ ...term, start: Math.min(term.start, until) }))
    .filter((term) => part(term, axis, until) !== null);
  const gaps = gapsBetween(cluster.terms, [], until)
    .filter((gap) => part(gap, axis, until) !== null);
  const nodes = [...new Set(terms.map(({ node }) => node))].sort().slice(0, MAX_ROWS);
  const shown = { axis, until };
  return (
    <figure class="timeline" id="timeline">
      <figcaption>
        <span>
          Who led from <Time at={axis.from} now={now} short dated /> to{" "}
          <Time at={axis.to} now={now} short dated />
        </span>
      </figcaption>
      {nodes.map((node) => <NodeRow node={node} terms={terms} {...shown} />)}
      {gaps.length > 0 ? <GapRow gaps={gaps} {...shown} /> : null}
      {nodes.length + gaps.length === 0
        ? <p class="empty">No term is known of that time.</p>
        : null}
      <div class="row axis quiet" aria-hidden="true">
        <span class="name"></span>
        <span class="ticks">
          {axis.marks.map((at) => (
            <span>
              <Time at={at} now={axis.to} short />
            </span>
          ))}
        </span>
      </div>
    </figure>
  );
}

/** What of it is on the axis, until the time of which something is known; null: nothing. */
function part(
  { start, end }: { readonly start: number; readonly end: number | null },
  axis: TimeWindow,
  until: number,
) {
  return within(axis, { start, end: end ?? Math.max(start, until) });
}

/** What a row of the drawing needs. */
interface Shown {
  readonly axis: TimeWindow;
  readonly until: number;
}

/** A row of the drawing; `label`: what it shows, for those who cannot see it. */
function Row({ name, label, children }: { name: string; label: string; children?: Child }) {
  return (
    <div class="row">
      <span class="name">
        <Foreign of={name} max={63} />
      </span>
      <svg viewBox={`0 0 ${WIDTH} 20`} preserveAspectRatio="none" role="img" aria-label={label}>
        <path class="grid" d={`M0 10H${WIDTH}`} />
        {children}
      </svg>
    </div>
  );
}

function GapRow({ gaps, axis, until }: Shown & { gaps: readonly Gap[] }) {
  const many = gaps.length === 1 ? "once" : `${gaps.length} times`;
  const all = formatDuration(lengthOf(gaps, { axis, until }));
  return (
    <Row name="(nobody)" label={`Nobody led ${many}, ${all} in all`}>
      {gaps.map((gap) => {
        const title = `Nobody led for ${formatDuration((gap.end ?? until) - gap.start)}, ${
          times(gap)
        }`;
        return <Bar kind="gap" title={title} of={gap} axis={axis} until={until} />;
      })}
    </Row>
  );
}

function NodeRow({ node, terms, axis, until }: Shown & {
  node: string;
  terms: readonly TermRecord[];
}) {
  const own = terms.filter((term) => term.node === node);
  const many = own.length === 1 ? "1 term" : `${own.length} terms`;
  const name = clip(node, 63);
  const all = formatDuration(lengthOf(own, { axis, until }));
  return (
    <Row name={name} label={`${name} led in ${many}, ${all} in all`}>
      {own.map((term) => {
        const title = `Term ${term.term}, ${times(term)}: ${endOf(term)}`;
        const kind = term.end === null ? "now" : "ended";
        return <Bar kind={kind} title={title} of={term} axis={axis} until={until} />;
      })}
    </Row>
  );
}

function Bar({ kind, title, of, axis, until }: Shown & {
  kind: "now" | "ended" | "gap";
  title: string;
  of: { readonly start: number; readonly end: number | null };
}) {
  const found = part(of, axis, until);
  if (found === null) return null;
  const x = Math.min(WIDTH - MIN_WIDTH, position(found.start, axis));
  const width = tenth(Math.max(MIN_WIDTH, position(found.end, axis) - x));
  return (
    <rect class={kind} x={x} y={2} width={width} height={16}>
      <title>{title}</title>
    </rect>
  );
}

function position(at: number, { from, to }: TimeWindow): number {
  return tenth(WIDTH * (at - from) / (to - from));
}

/** How long they are on the axis in all, ms. */
function lengthOf(
  all: readonly { readonly start: number; readonly end: number | null }[],
  { axis, until }: Shown,
): number {
  return all.reduce((sum, each) => {
    const found = part(each, axis, until);
    return sum + (found === null ? 0 : found.end - found.start);
  }, 0);
}

/** From when to when, with dates. */
function times(
  { start, end }: { readonly start: number; readonly end: number | null },
): string {
  return `${utcTime(start, 0)} to ${end === null ? "now" : utcTime(end, start)}`;
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
            <Time at={term.end!} now={now} dated />{" "}
            <b>
              <Foreign of={term.node} max={63} />
            </b>{" "}
            <bdi>{endOf(term)}</bdi>
            {term.endBy === "observer" ? ", as seen at the election key" : ""}{" "}
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
