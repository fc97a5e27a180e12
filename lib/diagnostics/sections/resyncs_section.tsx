// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** Resyncs: the last one with its counts and times per kind, and the last 50 as bars. Pure. @module */
import { isConcern } from "../../sync/report/held_text.ts";
import { roundsText } from "../../sync/report/rounds_text.ts";
import type {
  Guard,
  KindCounts,
  NotificationsRecord,
  Resync,
  RoundsRecord,
} from "../../state/records.ts";
import { changesOf, lengthMs, ResyncBars } from "../charts/resync_bars.tsx";
import { formatCount, formatDuration, plural } from "../../base/format.ts";
import { Badge, Empty, Foreign, Section, Table, Time } from "../parts.tsx";
import { guardLevel } from "../../health/held.ts";
import type { Level } from "../../health/facts.ts";

const MAX_KINDS = 12;
const MAX_WARNINGS = 5;

/** The section of the overview; `resyncs` newest first. */
export function ResyncsSection({ resyncs, running, notifications, rounds, isMaster, now }: {
  resyncs: readonly Resync[];
  /** The one that runs. */
  running: Resync | null;
  notifications: NotificationsRecord | null;
  /** Null: nothing is compared here. */
  rounds: RoundsRecord | null;
  isMaster: boolean;
  now: number;
}) {
  const last = resyncs[0];
  const note = last && !isMaster ? "from an earlier term of this node" : undefined;
  return (
    <Section id="resyncs" title="Resyncs" note={note}>
      {last
        ? (
          <>
            <ResyncLead resync={last} running={last === running} now={now} />
            <NotificationsLine notifications={isMaster ? notifications : null} />
            <RoundsLine rounds={rounds} now={now} />
            <ResyncBars resyncs={resyncs} />
            <p class="links">
              <a href={`/resyncs/${last.id}`}>The last one's differences</a>
              <a href="/resyncs">All as a table</a>
            </p>
          </>
        )
        : <NoResync isMaster={isMaster} />}
    </Section>
  );
}

/** How it goes with what Neutron announces, in a sentence. */
function NotificationsLine({ notifications }: { notifications: NotificationsRecord | null }) {
  if (!notifications) return null;
  const { queue, received, changes, pending, lagMs, silent, early } = notifications;
  const lag = lagMs === null ? "" : `, ${formatDuration(lagMs)} from arrival to etcd`;
  return (
    <p>
      Neutron's notifications are {queue === null ? "not heard" : "heard"}: {formatCount(received)}
      {" "}
      came, which changed {plural(changes, "object")}
      {lag}; {formatCount(pending)} wait. {early
        ? "They are followed already; the first comparison of all is not through yet."
        : `${formatCount(silent)} more were found by comparing.`}
    </p>
  );
}

/** How comparing goes, in a sentence. */
function RoundsLine({ rounds, now }: { rounds: RoundsRecord | null; now: number }) {
  if (!rounds) return null;
  return (
    <p id="rounds">
      Neutron and etcd are compared: {roundsText(rounds)}.
      {rounds.endedAt === null ? null : (
        <>
          {" "}The last round ended <Time at={rounds.endedAt} now={now} age />.
        </>
      )}
    </p>
  );
}

/** Why there is nothing to show. */
export function NoResync({ isMaster }: { isMaster: boolean }) {
  return (
    <Empty>
      {isMaster
        ? "No resync yet: the first one shows here as soon as it starts."
        : "No resync on this node yet: only the master compares Neutron with etcd. " +
          "Open the page of the node that leads."}
    </Empty>
  );
}

/** How a resync went, in a word; `running` of one that has not ended. */
export function ResyncResult({ resync, running }: { resync: Resync; running: boolean }) {
  if (resync.endedAt === null) {
    return running
      ? <Badge level="info" word="Running" />
      : <Badge level="warn" word="Not ended" />;
  }
  if (resync.error !== null) return <Badge level="error" word="Failed" />;
  if (resync.guards.length > 0) return <Badge level={worstOf(resync.guards)} word="Held back" />;
  if (resync.leftOut.some(isConcern)) return <Badge level="warn" word="Objects left" />;
  if (resync.warnings.length > 0) return <Badge level="warn" word="With warnings" />;
  if (resync.slow) return <Badge level="info" word="Slow" />;
  return <Badge level="ok" word="Succeeded" />;
}

function worstOf(guards: readonly Guard[]): Level {
  return guards.some((guard) => guardLevel(guard) === "error") ? "error" : "warn";
}

/** A resync in a sentence. */
export function ResyncLead({ resync, running, now }: {
  resync: Resync;
  running: boolean;
  now: number;
}) {
  return (
    <>
      <p class="lead">
        <ResyncResult resync={resync} running={running} />{" "}
        <b>
          <Foreign of={resync.reason} max={60} />
        </b>, started <Time at={resync.startedAt} now={now} age />
        {resync.endedAt === null
          ? !running || resync.step === undefined ? null : (
            <>
              : <Foreign of={resync.step} max={60} />
            </>
          )
          : `, took ${formatDuration(lengthMs(resync))}, ${outcomeOf(resync)}`}
      </p>
      {resync.failureBefore === null ? null : (
        <p>
          Try {formatCount(resync.attempt)}: the one before it failed,{" "}
          <Foreign of={resync.failureBefore} max={300} />
        </p>
      )}
      {resync.error === null ? null : (
        <p class="problem">
          <Foreign of={resync.error} max={500} />
        </p>
      )}
    </>
  );
}

function outcomeOf(resync: Resync): string {
  return resync.dryRun
    ? `${plural(resync.differences ?? 0, "difference")}, nothing was written`
    : plural(changesOf(resync), "change");
}

/** Counts and times by kind. */
export function Kinds({ kinds }: { kinds: Readonly<Record<string, KindCounts>> }) {
  const rows = Object.entries(kinds).slice(0, MAX_KINDS);
  if (rows.length === 0) return null;
  const columns = ["Kind", "Neutron", "etcd", "Correct", "Created", "Updated", "Deleted"];
  const times = ["Conflicts", "Read etcd", "Read Neutron", "Compare", "Write"];
  return (
    <Table
      id="resync-kinds"
      caption="Objects and times by kind"
      columns={[...columns, ...times]}
      numbers
    >
      {rows.map(([kind, counts]) => <KindRow kind={kind} counts={counts} />)}
    </Table>
  );
}

function KindRow({ kind, counts }: { kind: string; counts: KindCounts }) {
  const same = [counts.neutronItems, counts.etcdItems, counts.correct];
  const changed = [counts.created, counts.updated, counts.deleted, counts.conflicts];
  const times = [counts.etcdReadMs, counts.neutronReadMs, counts.compareMs, counts.writeMs];
  return (
    <tr>
      <th scope="row">
        <Foreign of={kind} max={60} />
      </th>
      {same.map((n) => <td>{formatCount(n)}</td>)}
      {changed.map((n) => <td class={n > 0 ? "changed" : "zero"}>{formatCount(n)}</td>)}
      {times.map((ms) => <td>{formatDuration(ms)}</td>)}
    </tr>
  );
}

/** What a resync warns of. */
export function ResyncWarnings({ warnings }: { warnings: readonly string[] }) {
  if (warnings.length === 0) return null;
  const more = warnings.length - MAX_WARNINGS;
  return (
    <ul class="findings" id="resync-warnings">
      {warnings.slice(0, MAX_WARNINGS).map((text) => (
        <li>
          <Badge level="warn" word="Warning" />
          <span>
            <Foreign of={text} max={300} />
          </span>
        </li>
      ))}
      {more > 0 ? <li>{plural(more, "more warning")} in the log</li> : null}
    </ul>
  );
}
