// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** One resync with its differences. Pure. @module */
import { z } from "zod";
import type { Resync } from "../../state/records.ts";
import type { Difference, Differences } from "../../sync/apply/difference_log.ts";
import { clip } from "../../base/clip.ts";
import { formatCount, plural } from "../../base/format.ts";
import { pageOfList } from "../select_rows.ts";
import { Badge, Empty, Pager, Section } from "../parts.tsx";
import { addressOf } from "./address.ts";
import { GuardsTable, LeftOutTable } from "../sections/held_tables.tsx";
import { Kinds, ResyncLead, ResyncWarnings } from "../sections/resyncs_section.tsx";

/** Differences on one page. */
const DIFFERENCES_PAGE = 25;

/** What the list, and the page of one, can be asked for. */
export const resyncQuerySchema = z.object({
  page: z.coerce.number().int().min(1).max(1000).catch(1),
});
export type ResyncQuery = z.infer<typeof resyncQuerySchema>;

/** One resync. */
export function ResyncPage({ resync, running, old, differences, query, now }: {
  resync: Resync;
  running: boolean;
  /** It is not among the newest. */
  old: boolean;
  /** null: nothing is kept. */
  differences: Differences | null;
  query: ResyncQuery;
  now: number;
}) {
  return (
    <>
      <Section id="resync-page" title="Resync" first>
        <ResyncLead resync={resync} running={running} now={now} />
        <Kinds kinds={resync.kinds} />
        <GuardsTable guards={resync.guards} />
        <LeftOutTable leftOut={resync.leftOut} />
        <ResyncWarnings warnings={resync.warnings} />
        <p class="links">
          <a href="/resyncs">All resyncs</a>
        </p>
      </Section>
      <Section id="differences" title="Differences, object by object">
        <DifferenceList {...{ resync, running, old, differences, query }} />
      </Section>
    </>
  );
}

function DifferenceList({ resync, running, old, differences, query }: {
  resync: Resync;
  running: boolean;
  old: boolean;
  differences: Differences | null;
  query: ResyncQuery;
}) {
  if (!differences) {
    if (resync.endedAt === null) {
      return running
        ? <Empty>It still runs: they show here when it is done.</Empty>
        : <Empty>Not known: its process ended in the middle, or it still runs.</Empty>;
    }
    if (resync.differences && old) {
      return <Empty>They are kept no longer: those of newer resyncs have taken the room.</Empty>;
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
