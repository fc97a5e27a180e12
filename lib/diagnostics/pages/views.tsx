/**
 * The pages: which there are, and how each is made from the status and the details. A view is the same
 * whether it is loaded or followed live; its key is its address without what does not matter, and where
 * it matters, whether who looks may act.
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
import { AgentsSection, PastSection, PortsSection } from "../sections/status_sections.tsx";
import { FindingsSection, VerdictSection } from "../sections/verdict_section.tsx";
import { UpkeepSection } from "../sections/upkeep_section.tsx";
import { spanSchema } from "../spans.ts";
import { runningResync } from "../../health/running_resync.ts";
import type { Status } from "../../health/status.ts";
import { roundsNow } from "../../health/status_now.ts";
import { windowQuerySchema } from "../charts/time_window.ts";
import { addressOf } from "../address.ts";
import { AgentsPage, agentsQuerySchema } from "./agents_page.tsx";
import {
  ConfigurationPage,
  type ConfigurationQuery,
  configurationQuerySchema,
} from "./configuration_page.tsx";
import { ElectionPage } from "./election_page.tsx";
import { PortsPage, portsQuerySchema } from "./ports_page.tsx";
import { ResyncHoursPage } from "./resync_hours_page.tsx";
import { ResyncPage, type ResyncQuery, resyncQuerySchema } from "./resync_page.tsx";
import { partOf, ResyncsPage } from "./resyncs_page.tsx";
import type { MayAct } from "./restart_form.tsx";
import { TracePage, traceQuerySchema } from "./trace_page.tsx";
import { RolePage, type RoleQuery, roleQuerySchema, SupervisorPage } from "./role_page.tsx";

/** The subject of a page does not exist (any more); the message says so. */
export class GoneError extends Error {}

/** A page as it was asked for. */
export interface View {
  /** The same for all addresses, and all who look, that are shown the same. */
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
export type ViewSources = Pick<Sources, "details" | "readMetrics" | "tracer"> & {
  /** Whether who looks may act. */
  readonly may: MayAct;
};

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
  /** It is another one for those who may act. @default false */
  readonly acts?: boolean;
  /** As {@linkcode View.render}. */
  show(status: Status, asked: Asked<Query>): Child | Promise<Child>;
}

const NOTHING = z.object({});
const overviewQuerySchema = z.object({ span: spanSchema });
type OverviewQuery = z.infer<typeof overviewQuerySchema>;

/** The pages, in the order of the navigation. To add one: its row here and its file. */
export const PAGES: readonly Page[] = [
  queried({
    path: "/",
    label: "Overview",
    title: null,
    query: overviewQuerySchema,
    show: showOverview,
  }),
  queried({
    path: "/resyncs",
    label: "Resyncs",
    query: resyncQuerySchema,
    show: showResyncs,
  }),
  {
    path: "/resyncs/hours",
    label: null,
    place: "/resyncs",
    title: "Resyncs by the hour",
    show: async ({ at }, { details }) => (
      <ResyncHoursPage hours={await details.resyncHours()} now={at} />
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
    show: async ({ since, at }, { query, details }) => (
      <AgentsPage file={await details.agents()} query={query} since={since} now={at} />
    ),
  }),
  queried({
    path: "/ports",
    label: "Ports",
    query: portsQuerySchema,
    reloadSeconds: FORM_SECONDS,
    show: async ({ ports: latest, since, at: now }, { query, details }) => {
      const file = await details.portDifferences();
      return <PortsPage {...{ file, latest, query, since, now }} />;
    },
  }),
  queried({
    path: "/election",
    label: "Election",
    query: windowQuerySchema,
    show: (status, { query }) => <ElectionPage status={status} query={query} />,
  }),
  queried({
    path: "/configuration",
    label: "Configuration",
    query: configurationQuerySchema,
    show: (_, { query, details }: Asked<ConfigurationQuery>) => (
      <ConfigurationPage options={details.configuration()} query={query} />
    ),
  }),
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
    reloadSeconds: 15,
    acts: true,
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
      key: `${page.acts ? sources.may : ""}${addressOf(path, query, schema)}`,
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

function showOverview(status: Status, { query, details }: Asked<OverviewQuery>) {
  const { isMaster, at } = status;
  return (
    <>
      <h1 class="hidden" id="title">Overview</h1>
      <VerdictSection status={status} />
      <FindingsSection findings={status.findings} />
      <RolesSection roles={status.roles} now={at} />
      <AgentsSection status={status} />
      <PortsSection status={status} />
      <ResyncsSection
        resyncs={status.resyncs}
        running={runningResync(status)}
        notifications={status.notifications}
        rounds={roundsNow(status)}
        isMaster={isMaster}
        now={at}
      />
      <PastSection
        samples={details.samples(query.span)}
        span={query.span}
        href={(span) => addressOf("/", { ...query, span }, overviewQuerySchema)}
        now={at}
      />
      <ClusterSection status={status} />
      <UpkeepSection status={status} configuration={details.configuration()} />
      <EventsSection events={status.events} now={at} />
    </>
  );
}

async function showResyncs(status: Status, { query: { page }, details }: Asked<ResyncQuery>) {
  const { resyncs, isMaster, at: now } = status;
  const { total } = await details.olderResyncs(0, 0);
  const older = await details.olderResyncs(...partOf(page, total));
  return (
    <ResyncsPage {...{ resyncs, running: runningResync(status), older, page, isMaster, now }} />
  );
}

async function showResync(status: Status, { id, query, details }: Asked<ResyncQuery>) {
  const { resyncs, at } = status;
  const newest = resyncs.find((each) => each.id === id);
  const found = newest ?? await details.olderResync(id);
  if (!found) {
    throw new GoneError(
      `The resync ${id} is not in this node's history, which holds the last 50, and for a week ` +
        "those that changed something, failed or were slow.",
    );
  }
  const differences = found.endedAt === null ? null : await details.differences(id);
  const running = found === runningResync(status);
  return (
    <ResyncPage
      {...{ resync: found, running, old: !newest, differences, query, now: at }}
    />
  );
}

async function showRole(
  status: Status,
  { id: name, query, details, readMetrics, may }: Asked<RoleQuery>,
) {
  const log = details.log(name);
  const now = status.at;
  if (name === "supervisor") return <SupervisorPage log={log} query={query} now={now} />;
  const role = status.roles.find((each) => each.name === name);
  if (!role) throw new GoneError(`This node has no role ${name}.`);
  const metrics = roleMetrics(status, await readMetrics(), name);
  const permissions = details.permissions(name);
  const samples = details.samples(query.span);
  return <RolePage {...{ role, may, samples, metrics, permissions, log, query, now }} />;
}
