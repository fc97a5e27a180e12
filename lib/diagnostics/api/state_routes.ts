/** The state as JSON: what the page shows, in the shapes in which it is read. @module */
import { statusSchema } from "../../health/status.ts";
import type { Sources } from "../details.ts";
import { answers, type Api, get } from "./openapi.ts";

const status = get("node", "/api/v1/status", {
  summary: "Everything the overview shows, with the verdict",
  ...answers(statusSchema.meta({ id: "Status" }), "The node's state"),
});

/** Adds the routes. */
export function addState(api: Api, deps: Sources): void {
  api.openapi(status, async (c) => c.json(await deps.readStatus(), 200));
}
