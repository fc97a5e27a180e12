// deno-lint-ignore-file jsx-key -- rendered to text once; there is nothing to reconcile
/** All Felix agents: sorted (the stalest first), filtered, a page at a time. Pure. @module */
import { z } from "zod";
import type { AgentsFile } from "../../status/agents_file.ts";
import { countFreshness, FRESHNESS } from "../../status/freshness.ts";
import { ShareBar } from "../charts/share_bar.tsx";
import { formatCount } from "../../base/format.ts";
import { Empty, Pager, Section, Table } from "../parts.tsx";
import { Choice, Filter, ListNote } from "./list_parts.tsx";
import { addressOf } from "./address.ts";
import { AGENT_ORDERS, pageOfList, selectAgents } from "../select_rows.ts";
import { AgentRow, freshnessShares } from "../sections/agent_parts.tsx";

/** Agents on one page. */
export const AGENTS_PAGE = 100;
const MAX_PAGES = 1000;

/** What the page can be asked for; what does not fit counts as not said. */
export const agentsQuerySchema = z.object({
  /** Part of the host's name. */
  q: z.string().max(100).catch(""),
  state: z.enum(["", ...FRESHNESS]).catch(""),
  /** By the age of the status (the oldest first), the host, Felix's uptime or the last report. */
  sort: z.enum(AGENT_ORDERS).catch("age"),
  page: z.coerce.number().int().min(1).max(MAX_PAGES).catch(1),
});
export type AgentsQuery = z.infer<typeof agentsQuerySchema>;

const pathOf = (query: AgentsQuery) => addressOf("/agents", query, agentsQuerySchema);

/** The page's main part. */
export function AgentsPage({ file, query, isMaster, now }: {
  file: AgentsFile | null;
  query: AgentsQuery;
  isMaster: boolean;
  now: number;
}) {
  if (!file || file.total === 0) {
    const none = isMaster
      ? "No agent yet: each host shows here as soon as its Felix writes a status to etcd."
      : "This node has not been master: the master knows the agents. Open its page.";
    return <Section id="agents-page" title="Felix agents" none={none} first />;
  }
  const all = selectAgents(file.agents, query, now);
  const { rows: found, page } = pageOfList(all, query.page, AGENTS_PAGE);
  const note = <ListNote of="agent" file={file} isMaster={isMaster} now={now} />;
  return (
    <Section id="agents-page" title="Felix agents" note={note} first>
      <ShareBar
        id="freshness"
        shares={freshnessShares({ byFreshness: countFreshness(file.agents, now) })}
      />
      <Filter path="/agents" text={["Host contains", query.q]}>
        <Choice name="state" label="State" options={FRESHNESS} chosen={query.state} />
        {query.sort === "age" ? null : <input type="hidden" name="sort" value={query.sort} />}
      </Filter>
      {file.total > file.agents.length
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

function columns(query: AgentsQuery) {
  const sorted = (sort: AgentsQuery["sort"], name: string) =>
    query.sort === sort
      ? <b>{name} ↑</b>
      : <a id={`sort-${sort}`} href={pathOf({ ...query, sort, page: 1 })}>{name}</a>;
  return [
    sorted("host", "Host"),
    "State",
    sorted("age", "Felix's status"),
    sorted("up", "Felix up"),
    sorted("reported", "Reported"),
  ];
}
