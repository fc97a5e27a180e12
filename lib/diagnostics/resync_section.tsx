// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/**
 * Resyncs: the last one with its counts and times per kind, some earlier ones as bars. Pure.
 *
 * @module
 */
import type { KindCounts, Resync } from "../state_records.ts";
import { clip, formatCount, formatDuration, plural } from "./format.ts";
import { Badge, Empty, Scroll, Section, Time } from "./parts.tsx";

const MAX_KINDS = 12;
const MAX_EARLIER = 8;
const MAX_WARNINGS = 5;

/** The section; `resyncs` newest first. */
export function ResyncsSection({ resyncs, isMaster, now }: {
  resyncs: readonly Resync[];
  isMaster: boolean;
  now: number;
}) {
  const [last, ...earlier] = resyncs;
  const note = last && !isMaster ? "from an earlier term of this node" : undefined;
  return (
    <Section id="resyncs" title="Resync" note={note}>
      {last
        ? (
          <>
            <LastResync resync={last} now={now} />
            <Kinds kinds={last.kinds} />
            <Warnings warnings={last.warnings} />
            <Earlier resyncs={earlier} now={now} />
          </>
        )
        : (
          <Empty>
            {isMaster
              ? "No resync yet: the first one shows here as soon as it starts."
              : "No resync on this node yet: only the master compares Neutron with etcd."}
          </Empty>
        )}
    </Section>
  );
}

function Result({ resync }: { resync: Resync }) {
  if (resync.endedAt === null) return <Badge level="info" word="Running" />;
  if (resync.error !== null) return <Badge level="error" word="Failed" />;
  if (resync.warnings.length > 0) return <Badge level="warn" word="With warnings" />;
  return <Badge level="ok" word="Succeeded" />;
}

function LastResync({ resync, now }: { resync: Resync; now: number }) {
  return (
    <>
      <p class="lead">
        <Result resync={resync} /> <strong>{clip(resync.reason, 60)}</strong>, started{" "}
        <Time at={resync.startedAt} now={now} age />
        {resync.endedAt === null ? null : `, took ${tookText(resync)}`}
      </p>
      {resync.error === null ? null : <p class="problem">{clip(resync.error, 500)}</p>}
    </>
  );
}

function tookText({ startedAt, endedAt }: Resync): string {
  return endedAt === null ? "running" : formatDuration(endedAt - startedAt);
}

function Kinds({ kinds }: { kinds: Readonly<Record<string, KindCounts>> }) {
  const rows = Object.entries(kinds).slice(0, MAX_KINDS);
  if (rows.length === 0) return null;
  const columns = ["Kind", "Neutron", "etcd", "Correct", "Created", "Updated", "Deleted"];
  const times = ["Conflicts", "Read etcd", "Read Neutron", "Compare", "Write"];
  return (
    <Scroll id="resync-kinds" label="Last resync by kind">
      <table class="numbers">
        <caption class="hidden">Objects and times of the last resync by kind</caption>
        <thead>
          <tr>{[...columns, ...times].map((name) => <th scope="col">{name}</th>)}</tr>
        </thead>
        <tbody>{rows.map(([kind, counts]) => <KindRow kind={kind} counts={counts} />)}</tbody>
      </table>
    </Scroll>
  );
}

function KindRow({ kind, counts }: { kind: string; counts: KindCounts }) {
  const same = [counts.neutronItems, counts.etcdItems, counts.correct];
  const changed = [counts.created, counts.updated, counts.deleted, counts.conflicts];
  const times = [counts.etcdReadMs, counts.neutronReadMs, counts.compareMs, counts.writeMs];
  return (
    <tr>
      <th scope="row">{clip(kind, 60)}</th>
      {same.map((n) => <td>{formatCount(n)}</td>)}
      {changed.map((n) => <td class={n > 0 ? "changed" : "zero"}>{formatCount(n)}</td>)}
      {times.map((ms) => <td>{formatDuration(ms)}</td>)}
    </tr>
  );
}

function Warnings({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  const more = warnings.length - MAX_WARNINGS;
  return (
    <ul class="findings">
      {warnings.slice(0, MAX_WARNINGS).map((text) => (
        <li>
          <Badge level="warn" word="Warning" />
          <span>{clip(text, 300)}</span>
        </li>
      ))}
      {more > 0 ? <li>{plural(more, "more warning")} in the log</li> : null}
    </ul>
  );
}

function Earlier({ resyncs, now }: { resyncs: readonly Resync[]; now: number }) {
  if (resyncs.length === 0) return null;
  const shown = resyncs.slice(0, MAX_EARLIER);
  const longest = Math.max(1, ...shown.map(lengthMs));
  return (
    <Scroll id="resync-earlier" label="Earlier resyncs">
      <table class="bars">
        <caption>Earlier resyncs{more(resyncs.length - shown.length)}</caption>
        <thead class="hidden">
          <tr>
            {["Started", "Reason", "Result", "Duration", "Changes"].map((name) => (
              <th scope="col">{name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((resync) => <EarlierRow resync={resync} longest={longest} now={now} />)}
        </tbody>
      </table>
    </Scroll>
  );
}

function EarlierRow({ resync, longest, now }: { resync: Resync; longest: number; now: number }) {
  const width = Math.max(1, Math.round(100 * lengthMs(resync) / longest));
  const changes = Object.values(resync.kinds)
    .reduce((sum, kind) => sum + kind.created + kind.updated + kind.deleted, 0);
  return (
    <tr>
      <td>
        <Time at={resync.startedAt} now={now} />
      </td>
      <td>{clip(resync.reason, 40)}</td>
      <td>
        <Result resync={resync} />
      </td>
      <td>
        <span class="bar">
          <svg class={resync.error === null ? "" : "error"} viewBox="0 0 100 8" aria-hidden="true">
            <rect width={String(width)} height="8" rx="2" />
          </svg>
          {tookText(resync)}
        </span>
      </td>
      <td>{plural(changes, "change")}</td>
    </tr>
  );
}

function lengthMs({ startedAt, endedAt }: Resync): number {
  return endedAt === null ? 0 : Math.max(0, endedAt - startedAt);
}

function more(n: number): string {
  return n > 0 ? ` (${n} more in the JSON)` : "";
}
