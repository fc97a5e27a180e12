/**
 * The pages: which there are, and how each is made from the status and the details. A view is the same
 * whether it is loaded or followed live; its key is its address without what does not matter.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import type { Details, Sources } from "../details.ts";
import { MissingMain } from "../layout.tsx";
import { roleMetrics } from "../role_metrics.ts";
import { ClusterSection } from "../sections/cluster_section.tsx";
import { EventsSection } from "../sections/events_section.tsx";
import { ResyncsSection } from "../sections/resyncs_section.tsx";
import { RolesSection } from "../sections/roles_section.tsx";
import { AgentsSection, HourSection, PortsSection } from "../sections/status_sections.tsx";
import { FindingsSection, VerdictSection } from "../sections/verdict_section.tsx";
import type { Status } from "../../health/status.ts";
import { AgentsPage, agentsPath, agentsQuerySchema } from "./agents_page.tsx";
import { ElectionPage } from "./election_page.tsx";
import { PortsPage, portsPath, portsQuerySchema } from "./ports_page.tsx";
import { ResyncPage, resyncQuerySchema, ResyncsPage } from "./resync_pages.tsx";
import { RolePage, roleQuerySchema, SupervisorPage } from "./role_page.tsx";

/** What a page shows just now. */
export interface Rendered {
  readonly main: Child;
  /** The subject does not exist (any more). */
  readonly missing?: boolean;
}

/** A page. */
export interface View {
  /** The same for all addresses that show the same. */
  readonly key: string;
  /** For the window; null on the overview. */
  readonly title: string | null;
  /** Its entry in the navigation. */
  readonly place: string;
  /** How often it reloads without JavaScript; one with a form leaves time to fill it in. */
  readonly reloadSeconds: number;
  /** Rejects when a detail cannot be read. */
  render(status: Status): Promise<Rendered>;
}

const RELOAD_SECONDS = 5;
const FORM_SECONDS = 60;

/** Where pages find what the status does not hold. */
export type ViewSources = Pick<Sources, "details" | "readMetrics">;

/** One row of the table of pages. */
export interface Page {
  /** Where it is; `:id` stands for the name of its subject. */
  readonly path: string;
  /** Its entry in the navigation; null: it has none. */
  readonly label: string | null;
  /** What `:id` may be. */
  readonly id?: RegExp;
  view(query: Query, sources: ViewSources, id: string): View;
}

/** The pages, in the order of the navigation. To add one: its row here and its file. */
export const PAGES: readonly Page[] = [
  { path: "/", label: "Overview", view: (_query, { details }) => overview(details) },
  { path: "/resyncs", label: "Resyncs", view: resyncs },
  {
    path: "/resyncs/:id",
    label: null,
    id: /^[a-z0-9]{1,20}$/,
    view: (query, { details }, id) => resync(id, query, details),
  },
  { path: "/agents", label: "Agents", view: (query, { details }) => agents(query, details) },
  { path: "/ports", label: "Ports", view: (query, { details }) => ports(query, details) },
  { path: "/election", label: "Election", view: election },
  {
    path: "/roles/:id",
    label: null,
    id: /^[a-z-]{1,40}$/,
    view: (query, sources, id) => role(id, query, sources),
  },
];

/** The page at an address, or null when there is none. */
export function viewOf(path: string, search: URLSearchParams, sources: ViewSources): View | null {
  for (const page of PAGES) {
    const id = subjectIn(path, page);
    if (id !== null) return page.view(Object.fromEntries(search), sources, id);
  }
  return null;
}

/** The subject that a path names, "" for a page without one; null: it is another page's. */
function subjectIn(path: string, page: Page): string | null {
  if (!page.id) return path === page.path ? "" : null;
  const [folder = ""] = page.path.split(":");
  const id = path.slice(folder.length);
  return path.startsWith(folder) && page.id.test(id) ? id : null;
}

type Query = Readonly<Record<string, string>>;

function overview(details: Details): View {
  return {
    key: "/",
    title: null,
    place: "/",
    reloadSeconds: RELOAD_SECONDS,
    render: (status) => Promise.resolve({ main: <Overview status={status} details={details} /> }),
  };
}

function Overview({ status, details }: { status: Status; details: Details }) {
  const { isMaster, at } = status;
  return (
    <>
      <h1 class="hidden" id="title">Overview</h1>
      <VerdictSection status={status} />
      <FindingsSection findings={status.findings} />
      <RolesSection roles={status.roles} now={at} />
      <HourSection samples={details.samples()} now={at} />
      <ClusterSection status={status} />
      <ResyncsSection
        resyncs={status.resyncs}
        notifications={status.notifications}
        isMaster={isMaster}
        now={at}
      />
      <AgentsSection agents={status.agents} isMaster={isMaster} now={at} />
      <PortsSection ports={status.ports} isMaster={isMaster} now={at} />
      <EventsSection events={status.events} now={at} />
    </>
  );
}

function election(): View {
  return {
    key: "/election",
    title: "Election",
    place: "/election",
    reloadSeconds: RELOAD_SECONDS,
    render: (status) => Promise.resolve({ main: <ElectionPage status={status} /> }),
  };
}

function resyncs(): View {
  return {
    key: "/resyncs",
    title: "Resyncs",
    place: "/resyncs",
    reloadSeconds: RELOAD_SECONDS,
    render: ({ resyncs, isMaster, at }) =>
      Promise.resolve({ main: <ResyncsPage resyncs={resyncs} isMaster={isMaster} now={at} /> }),
  };
}

function resync(id: string, given: Query, details: Details): View {
  const query = resyncQuerySchema.parse(given);
  return {
    key: `/resyncs/${id}?page=${query.page}`,
    title: "Resync",
    place: "/resyncs",
    reloadSeconds: FORM_SECONDS,
    async render({ resyncs, at }) {
      const found = resyncs.find((each) => each.id === id);
      if (!found) {
        const what = `The resync ${id} is not in this node's history, which holds the last 50.`;
        return { main: <MissingMain what={what} />, missing: true };
      }
      const differences = found.endedAt === null ? null : await details.differences(id);
      return {
        main: <ResyncPage resync={found} differences={differences} query={query} now={at} />,
      };
    },
  };
}

function agents(given: Query, details: Details): View {
  const query = agentsQuerySchema.parse(given);
  return {
    key: agentsPath(query),
    title: "Agents",
    place: "/agents",
    reloadSeconds: FORM_SECONDS,
    async render({ isMaster, at }) {
      const file = await details.agents();
      return { main: <AgentsPage file={file} query={query} isMaster={isMaster} now={at} /> };
    },
  };
}

function ports(given: Query, details: Details): View {
  const query = portsQuerySchema.parse(given);
  return {
    key: portsPath(query),
    title: "Ports",
    place: "/ports",
    reloadSeconds: FORM_SECONDS,
    async render({ ports, isMaster, at }) {
      const file = await details.portDifferences();
      return {
        main: <PortsPage file={file} latest={ports} query={query} isMaster={isMaster} now={at} />,
      };
    },
  };
}

function role(name: string, given: Query, { details, readMetrics }: ViewSources): View {
  const query = roleQuerySchema.parse(given);
  return {
    key: `/roles/${name}?level=${query.level}`,
    title: name,
    place: "/",
    reloadSeconds: RELOAD_SECONDS,
    async render(status) {
      const log = details.log(name);
      if (name === "supervisor") {
        return { main: <SupervisorPage log={log} query={query} now={status.at} /> };
      }
      const found = status.roles.find((each) => each.name === name);
      if (!found) {
        const what = `This node has no role ${name}.`;
        return { main: <MissingMain what={what} />, missing: true };
      }
      const metrics = roleMetrics(status, await readMetrics(), name);
      return {
        main: (
          <RolePage
            role={found}
            samples={details.samples()}
            metrics={metrics}
            permissions={details.permissions(name)}
            log={log}
            query={query}
            now={status.at}
          />
        ),
      };
    },
  };
}
