/** Nova's external events: a migrating port that is plugged completes its migration. @module */
import { Hono } from "hono";
import { z } from "zod";
import type { Cloud } from "./model.ts";

const bodySchema = z.object({
  events: z.array(z.object({
    name: z.literal("network-vif-plugged"),
    server_uuid: z.string(),
    tag: z.string(),
    status: z.enum(["completed", "failed"]),
  })).min(1),
});

/** The API below /compute/v2.1. */
export function novaApi(cloud: Cloud): Hono {
  const app = new Hono();
  app.post("/os-server-external-events", async (c) => {
    const parsed = bodySchema.safeParse(await c.req.json().catch(() => null));
    if (!parsed.success) return c.json({ badRequest: { message: parsed.error.message } }, 400);
    for (const event of parsed.data.events) {
      cloud.novaEvents.push(event);
      const port = cloud.get("ports", event.tag);
      const target = (port?.["binding:profile"] as { migrating_to?: string } | undefined)
        ?.migrating_to;
      if (port && target && port.device_id === event.server_uuid) {
        cloud.change("ports", port.id, { "binding:host_id": target, "binding:profile": {} });
      }
    }
    return c.json({ events: parsed.data.events.map((event) => ({ ...event, code: 200 })) });
  });
  return app;
}
