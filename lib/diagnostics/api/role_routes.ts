/** This node: its roles with what each may do, its last log records and what it measures; its configuration. @module */
import { z } from "zod";
import { effectiveRowSchema } from "../../config/effective_rows.ts";
import { logRecordSchema } from "../../process/child_output.ts";
import { permissionRowSchema } from "../../state/page_feed.ts";
import { metricsSchema } from "../../metrics/meter.ts";
import { roleStatusSchema } from "../../health/facts.ts";
import type { Sources } from "../details.ts";
import { answers, type Api, get } from "./openapi.ts";

const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"];
const named = z.object({ name: z.string().min(1).max(64) });
const role = roleStatusSchema.meta({ id: "Role" });

const roles = get("node", "/api/v1/roles", {
  summary: "The roles of this node",
  ...answers(z.object({ at: z.number(), roles: z.array(role) }).meta({ id: "Roles" }), "All"),
});
const one = get("node", "/api/v1/roles/{name}", {
  summary: "One role, with its row of the permission table and what it measures",
  request: { params: named },
  ...answers(
    z.object({
      role,
      permissions: permissionRowSchema.nullable().meta({
        description: "Everything that its process may do; null: the supervisor has not told",
      }),
      measured: metricsSchema.shape.instruments.meta({
        description: "Its histograms and counters, by the name in /metrics without conductor_; " +
          "counts are per bucket",
      }),
    }).meta({ id: "RoleDetail" }),
    "The role",
    400,
    404,
  ),
});
const log = get("node", "/api/v1/roles/{name}/log", {
  summary: "The last log records of a role, oldest first",
  request: {
    params: named,
    query: z.object({
      level: z.enum(["debug", "info", "warn", "error"]).default("debug").meta({
        description: "Only of this level or worse",
      }),
      limit: z.coerce.number().int().min(1).max(300).default(100),
    }),
  },
  ...answers(
    z.object({ records: z.array(logRecordSchema) }).meta({ id: "RoleLog" }),
    "At most 300",
    400,
    404,
  ),
});

const configuration = get("node", "/api/v1/configuration", {
  summary: "Every option with its value in force and where that comes from; no secret",
  ...answers(
    z.object({ options: z.array(effectiveRowSchema.meta({ id: "Option" })) })
      .meta({ id: "Configuration" }),
    "All options; none before the supervisor has told them",
  ),
});

/** Adds the routes. */
export function addRoles(api: Api, { readStatus, readMetrics, details }: Sources): void {
  const missing = (name: string) => ({ error: `this node has no role ${JSON.stringify(name)}` });
  api.openapi(roles, async (c) => {
    const { at, roles } = await readStatus();
    return c.json({ at, roles }, 200);
  });
  api.openapi(one, async (c) => {
    const { name } = c.req.valid("param");
    const role = (await readStatus()).roles.find((each) => each.name === name);
    if (!role) return c.json(missing(name), 404);
    const measured = (await readMetrics())[name] ?? {};
    const row = details.permissions(name);
    const permissions = row && permissionRowSchema.parse(row);
    return c.json({ role, permissions, measured }, 200);
  });
  api.openapi(configuration, (c) => c.json({ options: [...details.configuration()] }, 200));
  api.openapi(log, async (c) => {
    const { name } = c.req.valid("param");
    if (!(await readStatus()).roles.some((each) => each.name === name)) {
      return c.json(missing(name), 404);
    }
    const { level, limit } = c.req.valid("query");
    const least = LEVELS.indexOf(level.toUpperCase());
    const records = details.log(name)
      .filter((record) => LEVELS.indexOf(record.level) >= least).slice(-limit);
    return c.json({ records }, 200);
  });
}
