/** The state as JSON: what the page shows, in the shapes in which it is read. @module */
import { createRoute } from "@hono/zod-openapi";
import { statusSchema } from "../../health/status.ts";
import type { Sources } from "../details.ts";
import { type Api, json } from "./openapi.ts";

const status = createRoute({
  method: "get",
  path: "/api/v1/status",
  tags: ["node"],
  summary: "Everything the overview shows, with the verdict",
  responses: { 200: json(statusSchema.meta({ id: "Status" }), "The node's state") },
});

/** Adds the routes. */
export function addState(api: Api, deps: Sources): void {
  api.openapi(status, async (c) => c.json(await deps.readStatus(), 200));
}
