/** What the API lets an operator do; who may, says `authorize.ts`. @module */
import { createRoute, type RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";
import { describeError, type Log } from "../../base/log.ts";
import { OBJECT_ID, OBJECT_ID_HELP } from "../../openstack/object_id.ts";
import { RestartRefusedError, UnknownRoleError } from "../../state/restart_request.ts";
import { reportOf, reportSchema } from "../../sync/report/report.ts";
import type { ResyncOptions } from "../../state/resync_request.ts";
import type { ResyncAnswer, StepDownRequest } from "../../state/records.ts";
import type { Differences } from "../../sync/apply/difference_log.ts";
import { asker, authorize, emptyIsObject, limitBody } from "./authorize.ts";
import { answers, type Api, get, json, refusals } from "./openapi.ts";

/** What the actions need. */
export interface ActionDeps {
  /** Bearer token, or null: from this machine only. */
  readonly token: string | null;
  /** Asks the manager; rejects when it does not answer. */
  stepDown(by: string, pauseSeconds: number): Promise<NonNullable<StepDownRequest["outcome"]>>;
  /** Leaves a request for the resource syncer; rejects on a standby, but for a dry run. */
  requestResync(request: ResyncOptions): Promise<{ readonly id: string }>;
  /** Asks the supervisor; resolves when it has taken the request up. */
  restart(role: string, by: string): Promise<void>;
  /** The last request's answer. */
  readResync(): Promise<ResyncAnswer | null>;
  /** What is kept of what was found for that request. */
  readAsked(id: string): Promise<Differences | null>;
  readonly log: Log;
}

const stepDownBody = z.strictObject({
  pause_seconds: z.number().int().min(0).max(86_400).default(60).meta({
    description: "How long the node does not stand again, s",
  }),
}).meta({ id: "StepDownRequest" });
const stepDownAnswer = z.object({ outcome: z.enum(["stepped down", "not leading"]) })
  .meta({ id: "StepDownAnswer" });

const objectId = z.string().regex(OBJECT_ID, `allowed: ${OBJECT_ID_HELP}`);
const ids = z.array(objectId).max(500).default([]);
const resyncBody = z.strictObject({
  networks: ids,
  subnets: ids,
  ports: ids,
  security_groups: ids,
  include_sgs_for_ports: z.boolean().default(false),
  dry_run: z.boolean().default(false).meta({
    description: "Compare and write nothing; a node that does not lead takes it too",
  }),
  allow_deletions: z.boolean().default(false).meta({
    description: "Believe Neutron, once, that so much is gone",
  }),
  allow_empty: z.boolean().default(false).meta({
    description: "The same as allow_deletions, as it was called before",
    deprecated: true,
  }),
}).meta({ id: "ResyncRequest", description: "Everything, unless a list names something" });
const resyncAccepted = z.object({
  id: z.string(),
  result: z.string().meta({ description: "Where to ask how it goes" }),
}).meta({ id: "ResyncAccepted" });

const roleParam = z.object({ name: z.string().min(1).max(64) });
const restartAnswer = z.object({
  outcome: z.literal("restarting"),
  result: z.string().meta({ description: "Where to see it come back" }),
}).meta({ id: "RestartAnswer" });

/** What all actions have in common. */
function action(path: string, summary: string, { token, log }: ActionDeps) {
  return {
    method: "post",
    path,
    tags: ["actions"],
    summary,
    security: [{ token: [] }, {}],
    middleware: [authorize(token, log), limitBody(log), emptyIsObject],
  } as const satisfies Omit<RouteConfig, "responses">;
}

function body<T extends z.ZodType>(schema: T) {
  return { body: { content: { "application/json": { schema } } } };
}

/** Adds the actions below `/api/v1/`. */
export function addActions(api: Api, deps: ActionDeps): void {
  addStepDown(api, deps);
  addResync(api, deps);
  addRestart(api, deps);
}

function addStepDown(api: Api, deps: ActionDeps): void {
  const route = createRoute({
    ...action("/api/v1/step-down", "Give mastership away", deps),
    request: body(stepDownBody),
    responses: {
      200: json(stepDownAnswer, "This node has stepped down"),
      409: json(stepDownAnswer, "It does not lead"),
      ...refusals(400, 401, 403, 413, 415, 503),
    },
  });
  api.openapi(route, async (c) => {
    const by = asker(c);
    try {
      const outcome = await deps.stepDown(by, c.req.valid("json").pause_seconds);
      deps.log.info("step-down was asked for", { by, outcome });
      return c.json({ outcome }, outcome === "stepped down" ? 200 : 409);
    } catch (error) {
      return c.json({ error: describeError(error) }, 503);
    }
  });
}

function addResync(api: Api, deps: ActionDeps): void {
  const ask = createRoute({
    ...action("/api/v1/resync", "Make etcd equal to Neutron now", deps),
    request: body(resyncBody),
    responses: {
      202: json(resyncAccepted, "The resource syncer is asked"),
      ...refusals(400, 401, 403, 409, 413, 415),
    },
  });
  const read = get("sync", "/api/v1/resync", {
    summary: "How it goes with the resync that was asked for last",
    ...answers(reportSchema, "Its state, its counts and the first of the differences", 404),
  });
  api.openapi(ask, async (c) => {
    const { networks, subnets, ports, security_groups: groups, ...how } = c.req.valid("json");
    const only = { networks, subnets, ports, groups };
    const by = asker(c);
    try {
      const { id } = await deps.requestResync({
        ...only,
        by,
        includeGroups: how.include_sgs_for_ports,
        dryRun: how.dry_run,
        allowDeletions: how.allow_deletions || how.allow_empty,
      });
      deps.log.info("resync was asked for", { by, id });
      return c.json({ id, result: "/api/v1/resync" }, 202);
    } catch (error) {
      return c.json({ error: describeError(error) }, 409);
    }
  });
  api.openapi(read, async (c) => {
    const answer = await deps.readResync();
    if (!answer) return c.json({ error: "no resync was asked for yet" }, 404);
    const kept = await deps.readAsked(answer.id);
    return c.json(reportOf(answer, kept?.objects ?? []), 200);
  });
}

function addRestart(api: Api, deps: ActionDeps): void {
  const route = createRoute({
    ...action(
      "/api/v1/roles/{name}/restart",
      "Restart a role in order, or now if it waits",
      deps,
    ),
    request: { params: roleParam, ...body(z.strictObject({}).meta({ id: "RestartRequest" })) },
    responses: {
      202: json(restartAnswer, "The supervisor restarts it"),
      ...refusals(400, 401, 403, 404, 409, 413, 415, 503),
    },
  });
  api.openapi(route, async (c) => {
    const by = asker(c);
    const { name } = c.req.valid("param");
    try {
      await deps.restart(name, by);
      deps.log.info("restart of a role was asked for", { by, name });
      return c.json({ outcome: "restarting" as const, result: `/api/v1/roles/${name}` }, 202);
    } catch (error) {
      if (error instanceof UnknownRoleError) return c.json({ error: error.message }, 404);
      if (error instanceof RestartRefusedError) return c.json({ error: error.message }, 409);
      return c.json({ error: describeError(error) }, 503);
    }
  });
}
