/** Resyncs, and what each found to differ. @module */
import { z } from "zod";
import { resyncHourSchema, resyncSchema } from "../../state/records.ts";
import { differenceSchema } from "../../sync/apply/difference_log.ts";
import { differenceGroupSchema, groupsOf } from "../../sync/apply/difference_groups.ts";
import type { Sources } from "../details.ts";
import { answers, type Api, get } from "./openapi.ts";
import { paged, pageOf, pageQuery, pageSchema } from "./paging.ts";

const id = z.object({ id: resyncSchema.shape.id });
const resyncs = get("sync", "/api/v1/resyncs", {
  summary: "This node's resyncs with their phases and counts, newest first",
  request: { query: pageQuery.extend({ limit: pageQuery.shape.limit.unwrap().default(50) }) },
  ...answers(
    z.object({ resyncs: z.array(resyncSchema), page: pageSchema }).meta({ id: "Resyncs" }),
    "The last 50, whatever they did, and beyond them those of a week that mattered",
    400,
  ),
});
const hours = get("sync", "/api/v1/resync-hours", {
  summary: "How many resyncs ended in each hour of a week, newest first, and the longest pause",
  ...answers(
    z.object({ hours: z.array(resyncHourSchema.meta({ id: "ResyncHour" })) })
      .meta({ id: "ResyncHours" }),
    "An hour without one is absent",
  ),
});
const resync = get("sync", "/api/v1/resyncs/{id}", {
  summary: "One resync",
  request: { params: id },
  ...answers(resyncSchema, "The resync", 400, 404),
});
const differences = get("sync", "/api/v1/resyncs/{id}/differences", {
  summary: "What a resync found to differ, object by object, and what is the same in several",
  request: { params: id, query: pageQuery },
  ...answers(
    z.object({
      found: z.number().int().meta({ description: "Differences, of which the first are kept" }),
      page: pageSchema,
      objects: z.array(differenceSchema),
      groups: z.array(differenceGroupSchema).meta({
        description: "Of all that are kept: what is the same in several objects, the most first",
      }),
    }).meta({ id: "Differences" }),
    "A page of those that are kept",
    400,
    404,
  ),
});

/** Adds the routes. */
export function addSync(api: Api, { readStatus, details }: Sources): void {
  const missing = (id: string) => ({
    error: `the resync ${id} is not in this node's history, which holds the last 50, ` +
      "and for a week those that changed something, failed or were slow",
  });
  const find = async (id: string) =>
    (await readStatus()).resyncs.find((each) => each.id === id) ?? await details.olderResync(id);
  api.openapi(resyncs, async (c) => {
    const newest = (await readStatus()).resyncs;
    const { limit, offset } = c.req.valid("query");
    const first = newest.slice(offset, offset + limit);
    const older = await details.olderResyncs(
      Math.max(0, offset - newest.length),
      limit - first.length,
    );
    const total = newest.length + older.total;
    const page = pageOf(total, { limit, offset }, c.req.url);
    return c.json({ resyncs: [...first, ...older.resyncs], page }, 200);
  });
  api.openapi(hours, async (c) => c.json({ hours: [...await details.resyncHours()] }, 200));
  api.openapi(resync, async (c) => {
    const { id } = c.req.valid("param");
    const found = await find(id);
    return found ? c.json(found, 200) : c.json(missing(id), 404);
  });
  api.openapi(differences, async (c) => {
    const { id } = c.req.valid("param");
    if (!await find(id)) return c.json(missing(id), 404);
    const file = await details.differences(id);
    const kept = file?.objects ?? [];
    const { items, page } = paged(kept, c.req.valid("query"), c.req.url);
    return c.json(
      { found: file?.total ?? 0, page, objects: items, groups: groupsOf(kept) },
      200,
    );
  });
}
