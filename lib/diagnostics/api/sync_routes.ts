/** Resyncs, and what each found to differ. @module */
import { z } from "zod";
import { resyncSchema } from "../../state/records.ts";
import { differenceSchema } from "../../sync/apply/difference_log.ts";
import type { Sources } from "../details.ts";
import { answers, type Api, get } from "./openapi.ts";
import { paged, pageQuery, pageSchema } from "./paging.ts";

const id = z.object({ id: resyncSchema.shape.id });
const resyncs = get("sync", "/api/v1/resyncs", {
  summary: "This node's resyncs with their phases and counts, newest first",
  ...answers(z.object({ resyncs: z.array(resyncSchema) }).meta({ id: "Resyncs" }), "At most 50"),
});
const resync = get("sync", "/api/v1/resyncs/{id}", {
  summary: "One resync",
  request: { params: id },
  ...answers(resyncSchema, "The resync", 400, 404),
});
const differences = get("sync", "/api/v1/resyncs/{id}/differences", {
  summary: "What a resync found to differ, object by object",
  request: { params: id, query: pageQuery },
  ...answers(
    z.object({
      found: z.number().int().meta({ description: "Differences, of which the first are kept" }),
      page: pageSchema,
      objects: z.array(differenceSchema),
    }).meta({ id: "Differences" }),
    "A page of those that are kept",
    400,
    404,
  ),
});

/** Adds the routes. */
export function addSync(api: Api, { readStatus, details }: Sources): void {
  const missing = (id: string) => ({
    error: `the resync ${id} is not in this node's history, which holds the last 50`,
  });
  const find = async (id: string) => (await readStatus()).resyncs.find((each) => each.id === id);
  api.openapi(resyncs, async (c) => c.json({ resyncs: (await readStatus()).resyncs }, 200));
  api.openapi(resync, async (c) => {
    const { id } = c.req.valid("param");
    const found = await find(id);
    return found ? c.json(found, 200) : c.json(missing(id), 404);
  });
  api.openapi(differences, async (c) => {
    const { id } = c.req.valid("param");
    if (!await find(id)) return c.json(missing(id), 404);
    const file = await details.differences(id);
    const { items, page } = paged(file?.objects ?? [], c.req.valid("query"), c.req.url);
    return c.json({ found: file?.total ?? 0, page, objects: items }, 200);
  });
}
