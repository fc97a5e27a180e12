/** What the nodes share, and this node's history: as JSON, each list bounded. @module */
import { z } from "zod";
import {
  clusterSchema,
  compactionSchema,
  comparisonSchema,
  electionSchema,
  mastershipSchema,
  nodeSchema,
  rawElectionKeySchema,
  ROLE_NAMES,
  samplesSchema,
  sightingSchema,
  termSchema,
} from "../../state/records.ts";
import { comparisonNow } from "../../health/configurations.ts";
import { sourcedEventSchema } from "../../health/facts.ts";
import { gapsBetween, gapSchema, knownUntil } from "../../health/term_gaps.ts";
import { REQUESTS } from "../../state/asked_for.ts";
import type { Sources } from "../details.ts";
import { answers, type Api, get } from "./openapi.ts";

const ms = z.number();
const readAt = clusterSchema.shape.at.nullable().meta({
  description: "When this node's manager read it, or null: it has not yet",
});

const nodes = get("cloud", "/api/v1/nodes", {
  summary: "The nodes that are registered, and who leads",
  ...answers(
    z.object({
      readAt,
      leader: z.string().nullable().meta({
        description: "The election value, <name>:<pid>; null: nobody leads, or it is not known",
      }),
      nodes: z.array(nodeSchema),
      configurations: comparisonSchema.nullable().meta({
        description: "This node's configuration beside theirs; null: not known",
      }),
    }).meta({ id: "Nodes" }),
    "At most 50",
  ),
});
const terms = get("cloud", "/api/v1/terms", {
  summary: "The terms of mastership, why each ended, and when nobody led, newest first",
  ...answers(
    z.object({
      readAt,
      terms: z.array(termSchema),
      gaps: z.array(gapSchema).meta({ description: "Times in which nobody led" }),
      seen: z.array(sightingSchema).meta({ description: "What this node saw of the key" }),
    }).meta({ id: "Terms" }),
    "At most 100 terms",
  ),
});
const election = get("cloud", "/api/v1/election", {
  summary: "The election as this node sees it, and the raw key",
  ...answers(
    z.object({
      isMaster: z.boolean(),
      mastership: mastershipSchema.nullable(),
      election: electionSchema.nullable(),
      readAt,
      key: rawElectionKeySchema.nullable().meta({
        description: "As etcd holds it; null: there is none, or it was not read",
      }),
    }).meta({ id: "ElectionState" }),
    "The state",
  ),
});
const compaction = get("cloud", "/api/v1/compaction", {
  summary: "What the compactor of this node has done",
  ...answers(compactionSchema, "Its account", 404),
});
const eventQuery = z.object({
  source: z.enum([REQUESTS, "supervisor", "lab", ...ROLE_NAMES]).optional(),
  level: z.enum(["info", "warn", "error"]).optional().meta({
    description: "Only of this level or worse",
  }),
  limit: z.coerce.number().int().min(1).max(100).default(100),
});
const events = get("node", "/api/v1/events", {
  summary: "What has happened on this node, newest first",
  request: { query: eventQuery },
  ...answers(
    z.object({ events: z.array(sourcedEventSchema) }).meta({ id: "Events" }),
    "At most 100",
    400,
  ),
});
const series = get("node", "/api/v1/series", {
  summary: "Status lag, queue length and memory over the last hour or day",
  request: {
    query: z.object({
      span: z.enum(["hour", "day"]).default("hour").meta({
        description: "hour: a sample every 10 s; day: the highest values of each 5 min",
      }),
    }),
  },
  ...answers(samplesSchema.extend({ now: ms }).meta({ id: "Series" }), "Oldest first", 400),
});

const WORSE = { info: 0, warn: 1, error: 2 } as const;

/** Adds the routes. */
export function addCloud(api: Api, { readStatus, details }: Sources): void {
  api.openapi(nodes, async (c) => {
    const status = await readStatus();
    const { at: readAt = null, nodes = [] } = status.cluster ?? {};
    return c.json(
      { readAt, leader: status.leader, nodes, configurations: comparisonNow(status) },
      200,
    );
  });
  api.openapi(terms, async (c) => {
    const { cluster, at } = await readStatus();
    const { terms = [], seen = [] } = cluster ?? {};
    const gaps = cluster ? gapsBetween(terms, seen, knownUntil(cluster, at)) : [];
    return c.json({ readAt: cluster?.at ?? null, terms, gaps, seen }, 200);
  });
  api.openapi(election, async (c) => {
    const { isMaster, mastership, election, cluster } = await readStatus();
    const [key, readAt] = [cluster?.electionKey ?? null, cluster?.at ?? null];
    return c.json({ isMaster, mastership, election, readAt, key }, 200);
  });
  api.openapi(compaction, async (c) => {
    const found = (await readStatus()).compaction;
    if (found) return c.json(found, 200);
    return c.json({ error: "this node has compacted nothing: it was no master yet" }, 404);
  });
  api.openapi(events, async (c) => {
    const { source, level, limit } = c.req.valid("query");
    const found = (await readStatus()).events.filter((event) =>
      (source === undefined || event.source === source) &&
      (level === undefined || WORSE[event.level] >= WORSE[level])
    );
    return c.json({ events: found.slice(0, limit) }, 200);
  });
  api.openapi(series, async (c) => {
    const { span } = c.req.valid("query");
    return c.json({ ...details.samples(span), now: (await readStatus()).at }, 200);
  });
}
