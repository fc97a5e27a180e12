// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** The history of resyncs as a table, and one resync with its differences object by object. Pure. @module */
import { z } from "zod";
import type { Resync } from "../../state/records.ts";
import type { Difference, Differences } from "../../sync/apply/difference_log.ts";
import { countOf, lengthMs, PHASES, ResyncBars } from "../charts/resync_bars.tsx";
import { clip } from "../../base/clip.ts";
import { formatCount, formatDuration, plural } from "../../base/format.ts";
import { pageOfList } from "../select_rows.ts";
import { Badge, Empty, Pager, Section, Table, Time } from "../parts.tsx";
import { addressOf } from "./address.ts";
import { GuardsTable, LeftOutTable } from "../sections/held_tables.tsx";
import {
  Kinds,
  NoResync,
  ResyncLead,
  ResyncResult,
  ResyncWarnings,
} from "../sections/resyncs_section.tsx";

/** Differences on one page. */
const DIFFERENCES_PAGE = 25;

/** What the page of one resync can be asked for. */
export const resyncQuerySchema = z.object({
  page: z.coerce.number().int().min(1).max(1000).catch(1),
});
export type ResyncQuery = z.infer<typeof resyncQuerySchema>;

/** All that are in the history. */
export function ResyncsPage({ resyncs, isMaster, now }: {
  resyncs: readonly Resync[];
  isMaster: boolean;
  now: number;
}) {
  const note = resyncs.length > 0 && !isMaster ? "from an earlier term of this node" : undefined;
  return (
    <Section id="resyncs-page" title="Resyncs" note={note} first>
      {resyncs.length === 0 ? <NoResync isMaster={isMaster} /> : (
        <>
          <ResyncBars resyncs={resyncs} />
          <Table
            id="resyncs-table"
            caption="The last 50 resyncs, the newest first"
            columns={COLUMNS}
          >
            {resyncs.map((resync) => <ResyncRow resync={resync} now={now} />)}
          </Table>
        </>
      )}
    </Section>
  );
}

const COUNTS = ["Correct", "Created", "Updated", "Deleted", "Conflicts", "Held back", "Left"];
const TIMES = ["Took", ...PHASES.map(([, name]) => name)];
const COLUMNS = ["Started", "Reason", "Result", ...TIMES, ...COUNTS];

function ResyncRow({ resync, now }: { resync: Resync; now: number }) {
  const changes = (["created", "updated", "deleted", "conflicts"] as const)
    .map((name) => countOf(resync, name));
  const held = sumOf(resync.guards, ({ lost }) => lost);
  const left = sumOf(resync.leftOut, ({ total }) => total);
  return (
    <tr>
      <th scope="row">
        <a id={`resync-${resync.id}`} href={`/resyncs/${resync.id}`}>
          <Time at={resync.startedAt} now={now} />
        </a>
      </th>
      <td>{clip(resync.reason, 40)}</td>
      <td>
        <ResyncResult resync={resync} />
      </td>
      <td class="number">{resync.endedAt === null ? "–" : formatDuration(lengthMs(resync))}</td>
      {PHASES.map(([phase]) => <td class="number">{formatDuration(countOf(resync, phase))}</td>)}
      <td class="number">{formatCount(countOf(resync, "correct"))}</td>
      {[...changes, held, left].map((n) => (
        <td class={n > 0 ? "number changed" : "number zero"}>{formatCount(n)}</td>
      ))}
    </tr>
  );
}

function sumOf<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}

/** One resync. */
export function ResyncPage({ resync, differences, query, now }: {
  resync: Resync;
  /** null: nothing is kept. */
  differences: Differences | null;
  query: ResyncQuery;
  now: number;
}) {
  return (
    <>
      <Section id="resync-page" title="Resync" first>
        <ResyncLead resync={resync} now={now} />
        <Kinds kinds={resync.kinds} />
        <GuardsTable guards={resync.guards} />
        <LeftOutTable leftOut={resync.leftOut} />
        <ResyncWarnings warnings={resync.warnings} />
        <p class="links">
          <a href="/resyncs">All resyncs</a>
        </p>
      </Section>
      <Section id="differences" title="Differences, object by object">
        <DifferenceList resync={resync} differences={differences} query={query} />
      </Section>
    </>
  );
}

function DifferenceList({ resync, differences, query }: {
  resync: Resync;
  differences: Differences | null;
  query: ResyncQuery;
}) {
  if (!differences) {
    if (resync.endedAt === null) {
      return <Empty>It still runs: they show here when it is done.</Empty>;
    }
    if (resync.differences) {
      return <Empty>They could not be kept: look at the resource syncer's log.</Empty>;
    }
    return resync.error === null && resync.guards.length + resync.leftOut.length === 0
      ? <Empty>✓ None: etcd was as Neutron wants it.</Empty>
      : <Empty>None, as far as it was compared.</Empty>;
  }
  const { total, objects } = differences;
  const { rows, page, from } = pageOfList(objects, query.page, DIFFERENCES_PAGE);
  return (
    <>
      <p class="lead">
        {plural(total, "difference")}{" "}
        between etcd and Neutron when it was compared. Lines with − were in etcd, lines with + are
        what Neutron wants.
        {resync.dryRun ? " Nothing of it was written." : null}
        {total > objects.length
          ? ` The first ${formatCount(objects.length)} are kept; the log has the counts of all.`
          : null}
      </p>
      <ol class="differences" start={from + 1}>
        {rows.map((object) => <ObjectDifference object={object} />)}
      </ol>
      <Pager
        page={page}
        pageSize={DIFFERENCES_PAGE}
        total={objects.length}
        href={(page) => addressOf(`/resyncs/${resync.id}`, { page }, resyncQuerySchema)}
      />
    </>
  );
}

const ACTIONS = {
  create: ["ok", "created"],
  update: ["warn", "updated"],
  delete: ["error", "deleted"],
} as const;
const SUBJECTS = { port: "port", group: "security group", subnet: "subnet" } as const;

function ObjectDifference({ object }: { object: Difference }) {
  const { action, kind, key, subject, lines, cut } = object;
  const [level, word] = ACTIONS[action];
  return (
    <li>
      <h3>
        <Badge level={level} word={word} /> {clip(kind, 40)} of {SUBJECTS[subject.type]}{" "}
        <span class="id">{clip(subject.id, 64)}</span>
      </h3>
      <p class="id quiet">{clip(key, 500)}</p>
      <pre class="diff">
        {lines.map((line) => (
          <span class={line.startsWith("-") ? "old" : "new"}>{`${clip(line, 240)}\n`}</span>
        ))}
        {cut > 0 ? <span class="quiet">{`… and ${plural(cut, "more line")}`}</span> : null}
      </pre>
    </li>
  );
}
