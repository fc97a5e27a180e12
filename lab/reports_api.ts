/** Where the lab's status watchers report over HTTP, with the rules of Neutron's RPC. @module */
import { Hono } from "hono";
import { z } from "zod";
import type { Cloud } from "./model.ts";
import type { Random } from "./random.ts";

const reportSchema = z.object({
  agent_state: z.object({
    agent_state: z.object({
      agent_type: z.string(),
      binary: z.string(),
      host: z.string().min(1),
      topic: z.string(),
      configurations: z.record(z.string(), z.unknown()),
      start_flag: z.boolean().optional(),
    }),
  }),
  time: z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/),
});
const deviceSchema = z.object({
  device: z.string(),
  agent_id: z.string(),
  host: z.string(),
  status: z.enum(["ACTIVE", "DOWN", "ERROR"]),
});

/** The API below /lab/v1. */
export function reportsApi(cloud: Cloud, random: Random): Hono {
  const app = new Hono();
  app.post("/report_state", async (c) => {
    const parsed = reportSchema.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ error: parsed.error.message }, 400);
    const { agent_state } = parsed.data.agent_state;
    cloud.stats.agentReports++;
    const known = cloud.list("agents").find((agent) => agent.host === agent_state.host);
    const fields = { ...agent_state, alive: true, heartbeat_timestamp: parsed.data.time };
    if (known) cloud.change("agents", known.id, fields);
    else cloud.add("agents", { id: random.uuid(), ...fields });
    return c.body(null, 204);
  });
  app.post("/update_device", async (c) => {
    const parsed = deviceSchema.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ error: parsed.error.message }, 400);
    const { device, host, status } = parsed.data;
    cloud.stats.portReports++;
    const port = cloud.get("ports", device);
    const bound = port && port["binding:host_id"] === host && port["binding:vif_type"] === "tap";
    if (bound && port.status !== status) cloud.change("ports", device, { status });
    return c.body(null, 204);
  });
  app.get("/stats", (c) => {
    const portsByStatus: Record<string, number> = {};
    for (const port of cloud.vmPorts()) {
      const status = String(port.status);
      portsByStatus[status] = (portsByStatus[status] ?? 0) + 1;
    }
    const novaEvents = cloud.novaEvents.length;
    return c.json({
      ...cloud.stats,
      novaEvents,
      agents: cloud.list("agents").length,
      portsByStatus,
    });
  });
  return app;
}
