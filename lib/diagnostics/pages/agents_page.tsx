// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** All Felix agents, and hosts without one: sorted (these first, then the stalest), filtered, a page at a time. Pure. @module */
import { z } from "zod";
import type { AgentsFile } from "../../status/agents_file.ts";
import { AGENT_STATES, countStates } from "../../status/freshness.ts";
import { ShareBar } from "../charts/share_bar.tsx";
import { formatCount } from "../../base/format.ts";
import { Empty, Pager, Section, Table } from "../parts.tsx";
import { Choice, Filter, ListNote } from "./list_parts.tsx";
import { addressOf } from "../address.ts";
import { AGENT_ORDERS, pageOfList, selectAgents } from "../select_rows.ts";
import {
  AGENT_COLUMNS,
  AgentRow,
  agentShares,
  StrandedMigrations,
} from "../sections/agent_parts.tsx";

/** Agents on one page. */
export const AGENTS_PAGE = 100;
const MAX_PAGES = 1000;

/** What the page can be asked for; what does not fit counts as not said. */
export const agentsQuerySchema = z.object({
  /** Part of the host's name. */
  q: z.string().max(100).catch(""),
  state: z.enum(["", ...AGENT_STATES]).catch(""),
  /** By the age of the status (the oldest first), the host, Felix's uptime or the last report. */
  sort: z.enum(AGENT_ORDERS).catch("age"),
  page: z.coerce.number().int().min(1).max(MAX_PAGES).catch(1),
});
export type AgentsQuery = z.infer<typeof agentsQuerySchema>;

const pathOf = (query: AgentsQuery) => addressOf("/agents", query, agentsQuerySchema);

/** The page's main part. */
export function AgentsPage({ file, query, since, now }: {
  file: AgentsFile | null;
  query: AgentsQuery;
  /** Start of this node's term; null: it does not lead. */
  since: number | null;
  now: number;
}) {
  if (!file || file.agents.length === 0) {
    const none = since !== null
      ? "No agent yet: each host shows here as soon as its Felix writes a status to etcd."
      : "This node has not been master: the master knows the agents. Open its page.";
    return <Section id="agents-page" title="Felix agents" none={none} first />;
  }
  const all = selectAgents(file.agents, query, now);
  const { rows: found, page } = pageOfList(all, query.page, AGENTS_PAGE);
  const note = <ListNote of="agent" file={file} since={since} now={now} />;
  return (
    <Section id="agents-page" title="Felix agents" note={note} first>
      <ShareBar id="freshness" shares={agentShares(countsOf(file, now))} />
      {file.stranded && file.stranded.total > 0
        ? <StrandedMigrations stranded={file.stranded} now={now} />
        : null}
      <Filter path="/agents" text={["Host contains", query.q]}>
        <Choice name="state" label="State" options={AGENT_STATES} chosen={query.state} />
        {query.sort === "age" ? null : <input type="hidden" name="sort" value={query.sort} />}
      </Filter>
      {file.total + (file.absent ?? 0) > file.agents.length
        ? <p class="quiet">Only the stalest {formatCount(file.agents.length)} are listed.</p>
        : null}
      {found.length === 0
        ? (
          <Empty>
            No agent fits. <a href="/agents">Show all</a>
          </Empty>
        )
        : (
          <Table id="agents-list" caption="Felix agents" columns={columns(query)}>
            {found.map((agent) => <AgentRow agent={agent} now={now} />)}
          </Table>
        )}
      <Pager
        page={page}
        pageSize={AGENTS_PAGE}
        total={all.length}
        href={(page) => pathOf({ ...query, page })}
      />
    </Section>
  );
}

/** What the list shows; where hosts without an agent are not known, their number is none either. */
function countsOf({ agents, absent }: AgentsFile, now: number) {
  const { gone, unserved, ...counts } = countStates(agents, now);
  return absent === undefined ? counts : { ...counts, gone, unserved };
}

function columns(query: AgentsQuery) {
  const sorted = (sort: AgentsQuery["sort"], name: string) =>
    query.sort === sort
      ? <b>{name} ↑</b>
      : <a id={`sort-${sort}`} href={pathOf({ ...query, sort, page: 1 })}>{name}</a>;
  const [host, state, status, up, reported, endpoints] = AGENT_COLUMNS;
  return [
    sorted("host", host),
    state,
    sorted("age", status),
    sorted("up", up),
    sorted("reported", reported),
    endpoints,
  ];
}
