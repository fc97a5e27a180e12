// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** The history of terms: who led when, whose word the end of each is. Pure. @module */
import type { Cluster, TermRecord } from "../../state/records.ts";
import { formatDuration } from "../../base/format.ts";
import { TermTimeline } from "../charts/term_timeline.tsx";
import {
  endingAt,
  type Span,
  SPANS,
  windowOf,
  type WindowQuery,
  windowQuerySchema,
} from "../charts/time_window.ts";
import { addressOf } from "../address.ts";
import { Empty, Foreign, Section, Table, Time } from "../parts.tsx";

const MAX_TERMS = 100;
/** Of the reason of an end. */
export const MAX_REASON_CHARS = 300;

/** The election's page with that axis. */
export const pathOf = (query: WindowQuery) => addressOf("/election", query, windowQuerySchema);

/** Who led when: the drawing, what it can show, and the table. */
export function HistorySection({ cluster, query, now }: {
  cluster: Cluster | null;
  query: WindowQuery;
  now: number;
}) {
  return (
    <Section id="election-history" title="History of terms">
      {cluster
        ? (
          <>
            <Axis query={query} now={now} />
            <TermTimeline cluster={cluster} query={query} now={now} />
            <TermsTable terms={cluster.terms} now={now} />
          </>
        )
        : <Empty>Not read from etcd yet: the manager does so every 10 s while etcd answers.</Empty>}
    </Section>
  );
}

/** What the axis can be, and the stretches beside it. */
function Axis({ query, now }: { query: WindowQuery; now: number }) {
  const { span, to: said } = query;
  const { to } = windowOf(query, now);
  const { ms } = SPANS[span];
  return (
    <nav class="links" id="axis" aria-label="Which time the drawing shows">
      {(Object.keys(SPANS) as Span[]).map((each) =>
        each === span
          ? <b aria-current="true">{SPANS[each].words}</b>
          : <a href={pathOf({ span: each, to: said })}>{SPANS[each].words}</a>
      )}
      <a rel="prev" href={pathOf(endingAt(span, to - ms, now))}>‹ earlier</a>
      {said === "" ? null : (
        <>
          <a rel="next" href={pathOf(endingAt(span, to + ms, now))}>later ›</a>
          <a href={pathOf({ span, to: "" })}>now</a>
        </>
      )}
    </nav>
  );
}

function TermsTable({ terms, now }: { terms: readonly TermRecord[]; now: number }) {
  if (terms.length === 0) return <Empty>No term yet.</Empty>;
  return (
    <Table
      id="terms"
      caption="Who led when, the newest term first"
      columns={["Term", "Node", "Election value", "Start", "End", "Lasted", "Why it ended"]}
    >
      {terms.slice(0, MAX_TERMS).map((term) => (
        <tr>
          <th scope="row">{term.term}</th>
          <td>
            <Foreign of={term.node} max={63} />
          </td>
          <td>
            <Foreign of={term.id} max={120} />
          </td>
          <td>
            <Time at={term.start} now={now} dated />
          </td>
          <td>{term.end === null ? "–" : <Time at={term.end} now={now} dated />}</td>
          <td>{term.end === null ? "–" : formatDuration(Math.max(0, term.end - term.start))}</td>
          <td class="wide">
            {term.end === null ? "it goes on" : <WhyEnded term={term} now={now} />}
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** The reason, whose word it is, and what others saw of the key. */
function WhyEnded({ term: { node, reason, endBy, keyGone }, now }: {
  term: TermRecord;
  now: number;
}) {
  return (
    <>
      <Foreign of={reason ?? "not known"} max={MAX_REASON_CHARS} />
      {endBy
        ? (
          <span class="quiet">
            {endBy === "leader"
              ? (
                <>
                  , said by <Foreign of={node} max={63} />
                </>
              )
              : SEEN}
          </span>
        )
        : null}
      {keyGone
        ? (
          <span class="quiet">
            {"; "}
            <KeyGoneText gone={keyGone} now={now} />
          </span>
        )
        : null}
    </>
  );
}

/** Follows an end that is not its own node's word. */
export const SEEN =
  ", as seen at the election key: the manager that led has not told when it gave up";

/** How a term's key went. */
export function KeyGoneText({ gone: { at, by, how, revision }, now }: {
  gone: NonNullable<TermRecord["keyGone"]>;
  now: number;
}) {
  return (
    <>
      {how === "seen" ? "key seen to be gone at " : "the lease that was seen last ended at "}
      <Time at={at} now={now} dated />
      {" by "}
      <Foreign of={by} max={63} />
      {revision ? `, etcd's revision ${revision}` : ""}
    </>
  );
}
