/** Felix agents and port status: thousands of them, a page at a time. @module */
import { z } from "zod";
import { agentSchema, portsSchema } from "../../state/records.ts";
import { AGENT_STATES, agentState } from "../../status/freshness.ts";
import { portDifferenceSchema } from "../../status/port_differences.ts";
import { AGENT_ORDERS, selectAgents, selectPorts } from "../select_rows.ts";
import type { Sources } from "../details.ts";
import { answers, type Api, get } from "./openapi.ts";
import { paged, pageQuery, pageSchema } from "./paging.ts";

const q = z.string().max(100).default("");
const NEVER_MASTER = { error: "this node has not been master: the master knows. Ask its page." };
const writtenAt = z.number().meta({ description: "When the list was written, ms since the epoch" });

const agents = get("status", "/api/v1/agents", {
  summary: "Felix agents, by default hosts without one and those with the oldest status first",
  request: {
    query: pageQuery.extend({
      q: q.meta({ description: "Part of the host's name" }),
      state: z.enum(AGENT_STATES).optional(),
      sort: z.enum(AGENT_ORDERS).default("age"),
      order: z.enum(["asc", "desc"]).default("asc").meta({
        description: "asc: the oldest, smallest or first comes first",
      }),
    }),
  },
  ...answers(
    z.object({
      writtenAt,
      known: z.number().int().meta({ description: "Agents in all" }),
      absent: z.number().int().optional().meta({
        description: "Hosts without a status, gone or never there; left out: not known",
      }),
      page: pageSchema,
      agents: z.array(agentSchema.extend({ state: z.enum(AGENT_STATES) })),
    }).meta({ id: "AgentsPage" }),
    "A page of them",
    400,
    404,
  ),
});
const ports = get("status", "/api/v1/ports", {
  summary: "Port status in figures, and the latest reports",
  ...answers(portsSchema.meta({ id: "Ports" }), "The figures", 404),
});
const portDifferences = get("status", "/api/v1/ports/differences", {
  summary: "Ports whose status Neutron does not show, those that have lasted longest first",
  request: {
    query: pageQuery.extend({
      q: q.meta({ description: "Part of the host's name or of the port's id" }),
      why: portDifferenceSchema.shape.why.optional(),
    }),
  },
  ...answers(
    z.object({
      writtenAt,
      known: z.number().int().meta({ description: "Such ports in all" }),
      page: pageSchema,
      ports: z.array(portDifferenceSchema),
    }).meta({ id: "PortDifferences" }),
    "A page of them",
    400,
    404,
  ),
});

/** Adds the routes. */
export function addStatusRoutes(api: Api, deps: Sources): void {
  const { readStatus, details } = deps;
  api.openapi(agents, async (c) => {
    const file = await details.agents();
    if (!file) return c.json(NEVER_MASTER, 404);
    const { q, state = "", sort, order, ...query } = c.req.valid("query");
    const now = deps.now();
    const found = selectAgents(file.agents, { q, state, sort }, now);
    if (order === "desc") found.reverse();
    const { items, page } = paged(found, query, c.req.url);
    const agents = items.map((agent) => ({ ...agent, state: agentState(agent, now) }));
    return c.json(
      { writtenAt: file.at, known: file.total, absent: file.absent, page, agents },
      200,
    );
  });
  api.openapi(ports, async (c) => {
    const { ports } = await readStatus();
    return ports ? c.json(ports, 200) : c.json(NEVER_MASTER, 404);
  });
  api.openapi(portDifferences, async (c) => {
    const file = await details.portDifferences();
    if (!file) return c.json(NEVER_MASTER, 404);
    const { q, why = "", ...query } = c.req.valid("query");
    const found = selectPorts(file.ports, { q, why });
    const { items, page } = paged(found, query, c.req.url);
    return c.json({ writtenAt: file.at, known: file.total, page, ports: items }, 200);
  });
}
