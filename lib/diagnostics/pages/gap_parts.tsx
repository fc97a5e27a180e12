// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** When nobody led and what is known of why; what this node itself saw of the election key. Pure. @module */
import type { Child } from "hono/jsx";
import type { Cluster, Sighting } from "../../state/records.ts";
import { formatDuration } from "../../base/format.ts";
import { type Gap, type GapFact, gapsBetween, knownUntil } from "../../health/term_gaps.ts";
import { endingAt, SPANS } from "../charts/time_window.ts";
import { Foreign, Section, Table, Time } from "../parts.tsx";
import { KeyGoneText, MAX_REASON_CHARS, pathOf, SEEN } from "./term_parts.tsx";

const MAX_GAPS = 20;

/** When nobody led, and what is known of why. */
export function GapsSection({ cluster, now }: { cluster: Cluster | null; now: number }) {
  if (cluster === null) return null;
  const until = knownUntil(cluster, now);
  const gaps = gapsBetween(cluster.terms, cluster.seen ?? [], until);
  const none = gaps.length === 0
    ? "None of more than 1 s between the terms of the history."
    : undefined;
  return (
    <Section id="election-gaps" title="Times without a leader" none={none}>
      {none ? null : (
        <Table
          id="gaps"
          caption="When nobody led, the newest first"
          columns={["From", "To", "Lasted", "What is known"]}
        >
          {gaps.slice(0, MAX_GAPS).map((gap) => <GapRow gap={gap} until={until} now={now} />)}
        </Table>
      )}
      {gaps.length > MAX_GAPS
        ? <p class="quiet">{`${gaps.length - MAX_GAPS} more in the JSON.`}</p>
        : null}
    </Section>
  );
}

function GapRow({ gap, until, now }: { gap: Gap; until: number; now: number }) {
  const { start, end, known } = gap;
  const lasted = formatDuration(Math.max(0, (end ?? until) - start));
  const span = (end ?? until) - start < SPANS["10min"].ms / 2 ? "10min" : "hour";
  const shown = endingAt(span, start + SPANS[span].ms / 2, now);
  return (
    <tr>
      <th scope="row">
        <a href={pathOf(shown)}>
          <Time at={start} now={now} dated />
        </a>
      </th>
      <td>
        {end === null
          ? until < now
            ? (
              <>
                not known: read last at <Time at={until} now={now} dated />
              </>
            )
            : "goes on"
          : <Time at={end} now={now} dated />}
      </td>
      <td>{end === null ? `${lasted} so far` : lasted}</td>
      <td class="wide">
        <ul class="plain">
          {known.map((fact) => (
            <li>
              <FactText fact={fact} now={now} />
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

function FactText({ fact, now }: { fact: GapFact; now: number }) {
  switch (fact.is) {
    case "ended": {
      const node = <Foreign of={fact.node} max={63} />;
      const reason = <Foreign of={fact.reason ?? "not known why"} max={MAX_REASON_CHARS} />;
      return (
        <>
          <Time at={fact.at} now={now} />{" "}
          {fact.by === "leader" ? <>{node}{` gave up term ${fact.term}: `}{reason}</> : (
            <>
              {`term ${fact.term} of `}
              {node}
              {` was over${fact.by === null ? "" : SEEN} (it may have been earlier): `}
              {reason}
            </>
          )}
        </>
      );
    }
    case "key-gone":
      return <KeyGoneText gone={fact} now={now} />;
    case "seen":
      return (
        <>
          <Stretch of={fact} now={now} /> this node saw: <SeenText {...fact} />
        </>
      );
    case "elected":
      return (
        <>
          <Time at={fact.at} now={now} /> <Foreign of={fact.node} max={63} />
          {` was elected, term ${fact.term}`}
        </>
      );
  }
}

function Stretch({ of: { from, to }, now }: { of: { from: number; to: number }; now: number }) {
  return (
    <>
      <Time at={from} now={now} />
      {to > from
        ? (
          <>
            {" to "}
            <Time at={to} now={now} />
          </>
        )
        : null}
    </>
  );
}

function SeenText(
  { what, term, id, why }: { what: Sighting["is"] } & Pick<Sighting, "term" | "id" | "why">,
): Child {
  switch (what) {
    case "held":
      return (
        <>
          {"the key of "}
          <Foreign of={id ?? ""} max={120} />
          {`, term ${term}`}
        </>
      );
    case "free":
      return <>no election key</>;
    case "unread":
      return (
        <>
          {"nothing: etcd did not answer this node ("}
          <Foreign of={why ?? ""} max={120} />
          {")"}
        </>
      );
    case "restored":
      return <>etcd went back: a backup was restored, or another etcd answers</>;
  }
}

/** What this node itself saw of the election key. */
export function SeenSection({ node, cluster, now }: {
  node: string;
  cluster: Cluster | null;
  now: number;
}) {
  const seen = cluster?.seen ?? [];
  const none = seen.length === 0 ? "Nothing yet: its manager looks every 10 s." : undefined;
  return (
    <Section
      id="election-seen"
      title={
        <>
          What <Foreign of={node} max={63} /> saw of the key
        </>
      }
      none={none}
    >
      {none ? null : (
        <Table
          id="seen"
          caption="What this node saw of the election key, the newest first"
          columns={["First seen", "Last seen", "What"]}
        >
          {seen.map(({ is, from, to, ...rest }) => (
            <tr>
              <td>
                <Time at={from} now={now} dated />
              </td>
              <td>
                <Time at={to} now={now} dated />
              </td>
              <td class="wide">
                <SeenText what={is} {...rest} />
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Section>
  );
}
