// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** One resync with its differences, those that are the same together. Pure. @module */
import { z } from "zod";
import type { Resync } from "../../state/records.ts";
import { grouped, isTold, valueText, wordOf } from "../../sync/apply/difference_groups.ts";
import type { Difference, Differences } from "../../sync/apply/difference_log.ts";
import type { JsonChange } from "../../sync/apply/json_changes.ts";
import { clip } from "../../base/clip.ts";
import { formatCount, plural } from "../../base/format.ts";
import { pageOfList } from "../select_rows.ts";
import { Badge, Empty, Foreign, Pager, Section } from "../parts.tsx";
import { addressOf } from "../address.ts";
import { GuardsTable, LeftOutTable } from "../sections/held_tables.tsx";
import { Kinds, ResyncLead, ResyncWarnings } from "../sections/resyncs_section.tsx";

/** Differences, or groups of them, on one page. */
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
      <Section id="differences" title="Differences">
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
  const groups = grouped(objects);
  const { rows, page, from } = pageOfList(groups, query.page, DIFFERENCES_PAGE);
  return (
    <>
      <p class="lead">
        {plural(total, "difference")}{" "}
        between etcd and Neutron when it was compared; objects that differ in the same way stand
        together. Left of an arrow, and in lines with −, is what was in etcd; right of it, and in
        lines with +, what Neutron wants.
        {resync.dryRun ? " Nothing of it was written." : null}
        {total > objects.length
          ? ` The first ${formatCount(objects.length)} are kept; the log has the counts of all.`
          : null}
      </p>
      <ol class="differences" start={from + 1}>
        {rows.map((group) => <GroupDifference group={group} />)}
      </ol>
      <Pager
        page={page}
        pageSize={DIFFERENCES_PAGE}
        total={groups.length}
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
/** Keys of a group that are named. */
const MAX_KEYS = 10;
const MAX_VALUE_CHARS = 240;

/** Objects that differ in the same way; mostly it is one. */
function GroupDifference({ group }: { group: readonly Difference[] }) {
  const first = group[0]!;
  const [level, word] = ACTIONS[first.action];
  const what = clip(wordOf(first.kind), 40);
  const more = group.length - MAX_KEYS;
  return (
    <li>
      <h3>
        <Badge level={level} word={word} /> {group.length > 1 ? plural(group.length, what) : (
          <>
            {what}{" "}
            <span class="id">
              <Foreign of={first.subject.id} max={64} />
            </span>
          </>
        )}
      </h3>
      {isTold(first)
        ? <Places changes={first.changes} />
        : <Lines lines={first.lines} cut={first.cut} />}
      {group.slice(0, MAX_KEYS).map(({ key }) => (
        <p class="id quiet">
          <Foreign of={key} max={500} />
        </p>
      ))}
      {more > 0 ? <p class="quiet">and {formatCount(more)} more</p> : null}
    </li>
  );
}

/** Place by place: path, what was there and what is to be there. */
function Places({ changes }: { changes: readonly JsonChange[] }) {
  return (
    <pre class="diff">
      {changes.map(({ path, before, after }) => (
        <span>
          <Foreign of={path} max={500} />{"  "}
          <span class="old"><Foreign of={valueText(before)} max={MAX_VALUE_CHARS} /></span>
          {" → "}
          <span class="new"><Foreign of={valueText(after)} max={MAX_VALUE_CHARS} /></span>
          {"\n"}
        </span>
      ))}
    </pre>
  );
}

function Lines({ lines, cut }: Pick<Difference, "lines" | "cut">) {
  return (
    <pre class="diff">
      {lines.map((line) => (
        <span class={line.startsWith("-") ? "old" : "new"}><Foreign of={line} max={240} />{`\n`}</span>
      ))}
      {cut > 0 ? <span class="quiet">{`… and ${plural(cut, "more line")}`}</span> : null}
    </pre>
  );
}
