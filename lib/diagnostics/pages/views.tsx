/**
 * The pages: which there are, and how each is made from the status and the details. A view is the same
 * whether it is loaded or followed live; its key is its address without what does not matter.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { z } from "zod";
import type { Sources } from "../details.ts";
import { roleMetrics } from "../role_metrics.ts";
import { ClusterSection } from "../sections/cluster_section.tsx";
import { EventsSection } from "../sections/events_section.tsx";
import { ResyncsSection } from "../sections/resyncs_section.tsx";
import { RolesSection } from "../sections/roles_section.tsx";
import { AgentsSection, HourSection, PortsSection } from "../sections/status_sections.tsx";
import { FindingsSection, VerdictSection } from "../sections/verdict_section.tsx";
import type { Status } from "../../health/status.ts";
import { addressOf } from "./address.ts";
import { AgentsPage, agentsQuerySchema } from "./agents_page.tsx";
import { ElectionPage } from "./election_page.tsx";
import { PortsPage, portsQuerySchema } from "./ports_page.tsx";
import { ResyncPage, type ResyncQuery, resyncQuerySchema, ResyncsPage } from "./resync_pages.tsx";
import { TracePage, traceQuerySchema } from "./trace_page.tsx";
import { RolePage, type RoleQuery, roleQuerySchema, SupervisorPage } from "./role_page.tsx";

/** The subject of a page does not exist (any more); the message says so. */
export class GoneError extends Error {}

/** A page as it was asked for. */
export interface View {
  /** Its address without what is the default: the same for all addresses that show the same. */
  readonly key: string;
  /** For the window; null on the overview. */
  readonly title: string | null;
  /** Its entry in the navigation. */
  readonly place: string;
  /** How often it reloads without JavaScript. */
  readonly reloadSeconds: number;
  /**
   * The main part just now. Rejects when a detail cannot be read.
   *
   * @throws {GoneError}
   */
  render(status: Status): Promise<Child>;
}

const RELOAD_SECONDS = 5;
const FORM_SECONDS = 60;
/** Of a page that asks Neutron and etcd when it is loaded. */
const TRACE_SECONDS = 600;

/** Where pages find what the status does not hold. */
export type ViewSources = Pick<Sources, "details" | "readMetrics" | "tracer">;

/** What was asked for, and where to find what is shown of it. */
interface Asked<Query> extends ViewSources {
  readonly query: Query;
  /** The subject that the path names; "" on a page without one. */
  readonly id: string;
}

/** One row of the table of pages. */
export interface Page<Query extends object = object> {
  /** Where it is; `:id` stands for the name of its subject. */
  readonly path: string;
  /** Its entry in the navigation; null: it has none. */
  readonly label: string | null;
  /** The entry that it belongs to. @default its own */
  readonly place?: string;
  /** For the window; null: none. @default the label, or its subject */
  readonly title?: string | null;
  /** What `:id` may be. */
  readonly id?: RegExp;
  /** What it can be asked for; what does not fit counts as not said. @default nothing */
  readonly query?: z.ZodType<Query>;
  /** @default 5; one with a form leaves time to fill it in. */
  readonly reloadSeconds?: number;
  /** As {@linkcode View.render}. */
  show(status: Status, asked: Asked<Query>): Child | Promise<Child>;
}

const NOTHING = z.object({});

/** The pages, in the order of the navigation. To add one: its row here and its file. */
export const PAGES: readonly Page[] = [
  { path: "/", label: "Overview", title: null, show: showOverview },
  {
    path: "/resyncs",
    label: "Resyncs",
    show: ({ resyncs, isMaster, at }) => (
      <ResyncsPage resyncs={resyncs} isMaster={isMaster} now={at} />
    ),
  },
  queried({
    path: "/resyncs/:id",
    label: null,
    place: "/resyncs",
    title: "Resync",
    id: /^[a-z0-9]{1,20}$/,
    query: resyncQuerySchema,
    reloadSeconds: FORM_SECONDS,
    show: showResync,
  }),
  queried({
    path: "/agents",
    label: "Agents",
    query: agentsQuerySchema,
    reloadSeconds: FORM_SECONDS,
    show: async ({ isMaster, at }, { query, details }) => (
      <AgentsPage file={await details.agents()} query={query} isMaster={isMaster} now={at} />
    ),
  }),
  queried({
    path: "/ports",
    label: "Ports",
    query: portsQuerySchema,
    reloadSeconds: FORM_SECONDS,
    show: async ({ ports: latest, isMaster, at: now }, { query, details }) => {
      const file = await details.portDifferences();
      return <PortsPage {...{ file, latest, query, isMaster, now }} />;
    },
  }),
  {
    path: "/election",
    label: "Election",
    show: (status) => <ElectionPage status={status} />,
  },
  queried({
    path: "/trace",
    label: null,
    title: "Trace",
    query: traceQuerySchema,
    reloadSeconds: TRACE_SECONDS,
    show: ({ at }, { query, tracer }) => <TracePage query={query} tracer={tracer} now={at} />,
  }),
  queried({
    path: "/roles/:id",
    label: null,
    place: "/",
    id: /^[a-z-]{1,40}$/,
    query: roleQuerySchema,
    show: showRole,
  }),
];

/** A row of a page that can be asked for something. */
function queried<Query extends object>(page: Page<Query>): Page {
  return page;
}

/** The view at an address, or null when there is none. */
export function viewOf(path: string, search: URLSearchParams, sources: ViewSources): View | null {
  for (const page of PAGES) {
    const id = subjectIn(path, page);
    if (id === null) continue;
    const { query: schema = NOTHING, title = page.label ?? id, place = page.path } = page;
    const query = schema.parse(Object.fromEntries(search));
    return {
      key: addressOf(path, query, schema),
      title,
      place,
      reloadSeconds: page.reloadSeconds ?? RELOAD_SECONDS,
      render: async (status) => await page.show(status, { ...sources, query, id }),
    };
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

function showOverview(status: Status, { details }: ViewSources) {
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

async function showResync(
  { resyncs, at }: Status,
  { id, query, details }: Asked<ResyncQuery>,
) {
  const found = resyncs.find((each) => each.id === id);
  if (!found) {
    throw new GoneError(`The resync ${id} is not in this node's history, which holds the last 50.`);
  }
  const differences = found.endedAt === null ? null : await details.differences(id);
  return <ResyncPage resync={found} differences={differences} query={query} now={at} />;
}

async function showRole(
  status: Status,
  { id: name, query, details, readMetrics }: Asked<RoleQuery>,
) {
  const log = details.log(name);
  const now = status.at;
  if (name === "supervisor") return <SupervisorPage log={log} query={query} now={now} />;
  const role = status.roles.find((each) => each.name === name);
  if (!role) throw new GoneError(`This node has no role ${name}.`);
  const metrics = roleMetrics(status, await readMetrics(), name);
  const permissions = details.permissions(name);
  const samples = details.samples();
  return <RolePage {...{ role, samples, metrics, permissions, log, query, now }} />;
}
