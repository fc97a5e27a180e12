/**
 * The pages' routes: each page, its live updates at `/events?view=<address>`, script, style and icon.
 * Nothing else is needed: no asset comes from elsewhere.
 *
 * @module
 */
import type { Child } from "hono/jsx";
import { describeError, type Log } from "../../base/log.ts";
import type { Api } from "../api/openapi.ts";
import { ASSETS } from "../client/assets.ts";
import type { Sources } from "../details.ts";
import { peer } from "../peer.ts";
import {
  ErrorMain,
  Layout,
  MissingMain,
  NodeState,
  type OtherNode,
  RefusedMain,
  type WindowState,
} from "../layout.tsx";
import { LiveStreams } from "../live.ts";
import { leadingNode } from "../sections/cluster_section.tsx";
import { Shared } from "../shared.ts";
import type { Status } from "../../health/status.ts";
import { addRestartForm, mayAct, type RestartDeps } from "./restart_form.tsx";
import { GoneError, PAGES, type View, viewOf } from "./views.tsx";

/** What the pages need. */
export interface PageDeps extends Sources, RestartDeps {
  /** Ends the open streams. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly maxStreams: number;
  /** Shortest time between two updates of a stream, milliseconds. */
  readonly updateIntervalMs: number;
}

/** Adds the routes; the streams that follow the pages. */
export function addPages(app: Api, deps: PageDeps): LiveStreams<View> {
  const documents = new Shared<Document>(deps.updateIntervalMs / 2, deps.updateIntervalMs * 2);
  for (const { path } of PAGES) {
    app.get(path, async (c) => {
      const url = new URL(c.req.url);
      const may = mayAct(c, deps.actions.token);
      const view = viewOf(url.pathname, url.searchParams, { ...deps, may });
      const { html, code } = await documents.get(view?.key ?? "", () => makeDocument(view, deps));
      return c.html(html, code);
    });
  }
  for (const { path, text, type } of ASSETS) {
    app.get(path, (c) => c.body(text, 200, { "content-type": type }));
  }
  addRestartForm(app, deps, async (c, code, reason) => {
    const { html } = await makeDocument(refusal(reason), deps);
    return c.html(html, code);
  });
  return addEvents(app, deps);
}

/** The page that says why something was not done. */
function refusal(reason: Child): View {
  return {
    key: "",
    title: "Not done",
    place: "",
    reloadSeconds: 3600,
    render: () => Promise.resolve(<RefusedMain reason={reason} />),
  };
}

/** A page as it is sent. */
interface Document {
  readonly html: string;
  readonly code: 200 | 404 | 503;
}

async function makeDocument(view: View | null, deps: PageDeps): Promise<Document> {
  const status = await deps.readStatus().catch((error) => failure(deps, error));
  const read = "failed" in status ? null : status;
  const { main, missing } = await render(view, status, deps);
  const html = await textOf(
    <Layout
      pages={PAGES}
      state={windowState(view, read)}
      version={read && read.node.version}
      others={read ? otherNodes(read) : []}
      place={view?.place ?? ""}
      now={deps.now()}
      reloadSeconds={view?.reloadSeconds ?? 60}
    >
      {main}
    </Layout>,
  );
  return { html, code: read === null ? 503 : missing ? 404 : 200 };
}

function windowState(view: View | null, status: Status | null): WindowState {
  const title = view ? view.title : "Not found";
  return {
    title,
    node: status && status.node.name,
    level: status ? status.verdict.level : "error",
  };
}

/** Those whose pages can be reached from another machine. */
function otherNodes({ cluster, node, leader }: Status): OtherNode[] {
  const leads = leadingNode(cluster, leader);
  return (cluster?.nodes ?? []).flatMap(({ name, page }) =>
    page === null || name === node.name ? [] : [{ name, page, leads: name === leads }]
  );
}

async function textOf(element: unknown): Promise<string> {
  return String(await (element as { toString(): string | Promise<string> }).toString());
}

function addEvents(app: Api, deps: PageDeps): LiveStreams<View> {
  const live = new LiveStreams<View>({
    renderAll: (views) => renderAll(views, deps),
    now: deps.now,
    signal: deps.signal,
    maxStreams: deps.maxStreams,
    intervalMs: deps.updateIntervalMs,
  });
  app.get("/events", (c) => {
    const address = c.req.query("view") ?? "/";
    const url = URL.canParse(address, "http://page") ? new URL(address, "http://page") : null;
    const may = mayAct(c, deps.actions.token);
    const view = url && viewOf(url.pathname, url.searchParams, { ...deps, may });
    if (!view) return c.text("There is no such page to follow.\n", 404);
    if (c.req.method === "HEAD") return c.body(null, 200, { "content-type": "text/event-stream" });
    const stream = live.open(peer(c) ?? "", view);
    if (stream) return c.body(stream, 200, { "content-type": "text/event-stream" });
    return c.text("Too many open streams, or the node stops; try again later.\n", 503, {
      "retry-after": "10",
    });
  });
  return live;
}

/** All views from one reading of the status. */
async function renderAll(
  views: readonly View[],
  deps: PageDeps,
): Promise<ReadonlyMap<string, string>> {
  const status = await deps.readStatus().catch((error) => failure(deps, error));
  const found = new Map<string, string>();
  for (const view of views) {
    const { main } = await render(view, status, deps);
    found.set(view.key, await textOf(main));
  }
  return found;
}

interface Failure {
  readonly failed: string;
}

interface Rendered {
  readonly main: Child;
  readonly missing?: boolean;
}

/** The main part of a view with the node's state before it. */
async function render(
  view: View | null,
  status: Status | Failure,
  deps: PageDeps,
): Promise<Rendered> {
  const { main, missing } = await mainOf(view, status, deps);
  const read = "failed" in status ? null : status;
  const said = view?.key.split("?")[0] === "/" || read === null || read.verdict.level === "ok";
  const state = (
    <NodeState
      state={windowState(view, read)}
      verdict={said ? null : read.verdict.text}
      others={Math.max(0, (read?.findings.length ?? 0) - 1)}
    />
  );
  return { main: <>{state}{main}</>, missing };
}

/** The main part of a view, or in its place what is wrong. */
async function mainOf(
  view: View | null,
  status: Status | Failure,
  deps: PageDeps,
): Promise<Rendered> {
  if (view === null) return missing("There is no such page.");
  if ("failed" in status) return { main: <ErrorMain reason={status.failed} /> };
  try {
    return { main: await view.render(status) };
  } catch (error) {
    if (error instanceof GoneError) return missing(error.message);
    return { main: <ErrorMain reason={failure(deps, error).failed} /> };
  }
}

function missing(what: string) {
  return { main: <MissingMain what={what} />, missing: true };
}

function failure({ log }: PageDeps, error: unknown): Failure {
  log.warn("cannot read the node's state", { error });
  return { failed: describeError(error) };
}
