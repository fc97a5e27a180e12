// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** The history of resyncs as a table: the newest with their bars, and a page at a time those before them. Pure. @module */
import { MAX_RESYNCS, type Resync } from "../../state/records.ts";
import { countOf, lengthMs, PHASES, ResyncBars } from "../charts/resync_bars.tsx";
import type { OlderPage } from "../details.ts";
import { formatCount, formatDuration } from "../../base/format.ts";
import { Foreign, Pager, Section, Table, Time } from "../parts.tsx";
import { addressOf } from "../address.ts";
import { NoResync, ResyncResult } from "../sections/resyncs_section.tsx";
import { resyncQuerySchema } from "./resync_page.tsx";

/** Where the older ones of page `page` are: after how many, and how many; the newest are page 1. */
export function partOf(page: number, older: number): [offset: number, limit: number] {
  const shown = pageShown(page, older);
  return shown === 1 ? [0, 0] : [(shown - 2) * MAX_RESYNCS, MAX_RESYNCS];
}

/** A page beyond the last is the last. */
function pageShown(page: number, older: number): number {
  return Math.min(page, 1 + Math.ceil(older / MAX_RESYNCS));
}

/** The newest, or those of one page before them. */
export function ResyncsPage({ resyncs, running, older, page, isMaster, now }: {
  /** The newest. */
  resyncs: readonly Resync[];
  /** The one that runs. */
  running: Resync | null;
  /** As {@linkcode partOf} says. */
  older: OlderPage;
  page: number;
  isMaster: boolean;
  now: number;
}) {
  const { total } = older;
  const shown = pageShown(page, total);
  const rows = shown === 1 ? resyncs : older.resyncs;
  const note = resyncs.length > 0 && !isMaster ? "from an earlier term of this node" : undefined;
  return (
    <Section id="resyncs-page" title="Resyncs" note={note} first>
      {resyncs.length === 0 ? <NoResync isMaster={isMaster} /> : (
        <>
          {shown === 1 ? <ResyncBars resyncs={resyncs} /> : (
            <p>
              Before the last{" "}
              {MAX_RESYNCS}: those of a week that changed something, failed, were slow or held
              something back. Of more than fit, the least interesting are gone.
            </p>
          )}
          <Table
            id="resyncs-table"
            caption={shown === 1
              ? "The last 50 resyncs, the newest first"
              : "Older resyncs that mattered, the newest first"}
            columns={COLUMNS}
          >
            {rows.map((resync) => (
              <ResyncRow resync={resync} running={resync === running} now={now} />
            ))}
          </Table>
          <Pager
            page={shown}
            pageSize={MAX_RESYNCS}
            total={total === 0 ? resyncs.length : MAX_RESYNCS + total}
            href={(page) => addressOf("/resyncs", { page }, resyncQuerySchema)}
          />
          <p class="links">
            <a href="/resyncs/hours">All of a week, by the hour</a>
          </p>
        </>
      )}
    </Section>
  );
}

const COUNTS = ["Correct", "Created", "Updated", "Deleted", "Conflicts", "Held back", "Left"];
const TIMES = ["Took", ...PHASES.map(([, name]) => name)];
const COLUMNS = ["Started", "Reason", "Result", ...TIMES, ...COUNTS];

function ResyncRow({ resync, running, now }: { resync: Resync; running: boolean; now: number }) {
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
      <td>
        <Foreign of={resync.reason} max={40} />
      </td>
      <td>
        <ResyncResult resync={resync} running={running} />
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
