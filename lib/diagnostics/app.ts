/**
 * The diagnostics server's routes. Answers are made from one status read per request; a read that
 * takes longer than 2 s counts as failed. Nothing is written but by the actions of `action_routes.ts`.
 *
 * @module
 */
import type { MiddlewareHandler } from "hono";
import { compress, COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/compress";
import { routePath } from "hono/route";
import { HTTPException } from "hono/http-exception";
import { deadline } from "../base/deadline.ts";
import { describeError, type Log } from "../base/log.ts";
import type { Family } from "../metrics/exposition.ts";
import type { Meter } from "../metrics/meter.ts";
import { VERSION } from "../base/version.ts";
import { type ActionDeps, addActions } from "./api/action_routes.ts";
import { addChecks } from "./api/check_routes.ts";
import { addDocument, type Api, createApi } from "./api/openapi.ts";
import { addCloud } from "./api/cloud_routes.ts";
import { addRoles } from "./api/role_routes.ts";
import { addStatusRoutes } from "./api/status_routes.ts";
import { addSync } from "./api/sync_routes.ts";
import { addTrace } from "./api/trace_routes.ts";
import { addState } from "./api/state_routes.ts";
import type { Sources } from "./details.ts";
import { guard, securityHeaders } from "./guards.ts";
import { askBeforePage } from "./pages/ask_before_page.ts";
import { addPages } from "./pages/page_routes.tsx";
import { RateLimit } from "./rate_limit.ts";
import { Shared } from "./shared.ts";
import { type AskTrace, Tracer } from "./tracer.ts";
import type { Status } from "../health/status.ts";

/** What the server needs. */
export interface AppDeps extends Omit<Sources, "tracer"> {
  /** Asks the resource syncer for a trace. */
  readonly trace: AskTrace;
  /** Takes what the page itself measures. */
  readonly meter?: Meter;
  /** Ends the open streams. */
  readonly signal: AbortSignal;
  /** One that limits its warnings, because anybody may be refused as often as they like. */
  readonly log: Log;
  readonly actions: Omit<ActionDeps, "log">;
  /** Names beside loopback's and addresses that may stand in the Host header. */
  readonly allowedHosts: readonly string[];
  /** Requests per second of one client, after a burst of twice that; 0: any. */
  readonly requestRate: number;
  /** @default 256 */
  readonly maxStreams?: number;
  /** Shortest time between two updates of a stream, milliseconds. @default 1000 */
  readonly updateIntervalMs?: number;
}

const READ_TIMEOUT_MS = 2000;
/** So long, ms, one reading of the state answers everybody. */
const STATUS_FRESH_MS = 250;
/** Traces per second of one client, after a burst of twice that. */
const TRACE_RATE = 1;

/** The application; `app.request()` needs no port. */
export function createApp(deps: AppDeps): Api {
  const intervalMs = deps.updateIntervalMs ?? 1000;
  const statuses = new Shared<Status>(Math.min(STATUS_FRESH_MS, intervalMs));
  const readStatus = () =>
    statuses.get("", () =>
      deadline(deps.readStatus(), READ_TIMEOUT_MS, () => {
        throw new Error(`no answer within ${READ_TIMEOUT_MS} ms`);
      }));
  const app = createApi();
  const rate = new RateLimit(deps.requestRate, () => performance.now());
  if (deps.meter) app.use(measure(deps.meter));
  app.use(compress({ contentTypeFilter: isCompressed }));
  app.use(securityHeaders);
  app.use(guard(deps.allowedHosts, rate, deps.log));
  app.notFound((c) => c.text("There is nothing here. The page is at /\n", 404));
  app.onError((error, c) => {
    // What the framework refuses itself, such as a body that is no JSON.
    if (error instanceof HTTPException) return c.json({ error: error.message }, error.status);
    deps.log.warn("request failed", { path: c.req.path, error });
    const reasons = [describeError(error)];
    return c.json({ error: "the node's state cannot be read", reasons }, 500);
  });
  const { log, maxStreams = 256 } = deps;
  const traceRate = Math.min(TRACE_RATE, deps.requestRate);
  const tracer = new Tracer(deps.trace, traceRate, () => performance.now());
  const sources = { ...deps, readStatus, tracer };
  app.use("/trace", askBeforePage(tracer));
  const live = addPages(app, { ...sources, maxStreams, updateIntervalMs: intervalMs });
  addState(app, sources);
  addRoles(app, sources);
  addCloud(app, sources);
  addSync(app, sources);
  addTrace(app, tracer);
  addStatusRoutes(app, sources);
  addChecks(app, { ...sources, ownFamilies: () => [streams(live.size)] });
  addActions(app, { ...deps.actions, log });
  addDocument(app, VERSION);
  return app;
}

/** What is text; streams of events are left alone, or what is new would wait for what fills a block. */
function isCompressed(type: string): boolean {
  return COMPRESSIBLE_CONTENT_TYPE_REGEX.test(type) || type.startsWith("application/openmetrics");
}

/** Measures every answer under the path of its route, so that addresses make no series. */
function measure(meter: Meter): MiddlewareHandler {
  return async (c, next) => {
    const from = performance.now();
    await next();
    const code = String(c.res.status);
    const route = code === "404" ? "none" : routePath(c, -1);
    meter.add("http_request_duration_seconds", (performance.now() - from) / 1000, { route, code });
  };
}

function streams(open: number): Family {
  const samples = [{ labels: {}, value: open }];
  return { name: "page_streams", type: "gauge", help: "Open streams of the page", samples };
}
