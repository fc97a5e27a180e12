/** Health for service managers and load balancers, metrics for Prometheus. @module */
import { z } from "zod";
import { describeError, type Log } from "../../base/log.ts";
import { CONTENT_TYPES, type Family, formatFamilies, formatFor } from "../../metrics/exposition.ts";
import { families } from "../metrics.ts";
import type { Status } from "../../health/status.ts";
import { crashLoops } from "../../health/verdict.ts";
import type { Sources } from "../details.ts";
import { type Api, get, json } from "./openapi.ts";

/** What these routes need. */
export interface CheckDeps extends Sources {
  /** What only the page's process knows. */
  readonly ownFamilies: () => Family[];
  readonly log: Log;
}

const reasons = z.array(z.string()).meta({ description: "Why not; empty when all is well" });
const health = z.object({ healthy: z.boolean(), reasons }).meta({ id: "Health" });
const readiness = z.object({ ready: z.boolean(), reasons }).meta({ id: "Readiness" });
const text = { "text/plain": { schema: z.string() } };

const livez = get("checks", "/livez", {
  summary: "Whether the page's process answers",
  responses: { 200: { description: "It does", content: text } },
});
const healthz = get("checks", "/healthz", {
  summary: "Whether a restart of the node would help",
  responses: { 200: json(health, "Healthy"), 503: json(health, "Not healthy") },
});
const readyz = get("checks", "/readyz", {
  summary: "Whether every role runs and the node can lead",
  responses: { 200: json(readiness, "Ready"), 503: json(readiness, "Not ready") },
});
const metrics = get("checks", "/metrics", {
  summary: "OpenMetrics 1.0, or Prometheus's older text format where only text/plain is accepted",
  responses: {
    200: {
      description: "The metrics",
      content: {
        [CONTENT_TYPES.openmetrics]: { schema: z.string() },
        [CONTENT_TYPES.prometheus]: { schema: z.string() },
      },
    },
  },
});

/** Adds the routes. */
export function addChecks(api: Api, deps: CheckDeps): void {
  const { readStatus, log } = deps;
  const reasonsOf = (judge: (status: Status) => string[]): Promise<string[]> =>
    readStatus().then(judge, (error) => {
      log.warn("cannot read the node's state", { error });
      return [`the node's state cannot be read: ${describeError(error)}`];
    });
  api.openapi(livez, (c) => c.text("alive\n", 200));
  api.openapi(healthz, async (c) => {
    const reasons = await reasonsOf(({ roles }) => crashLoops(roles));
    return c.json({ healthy: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  api.openapi(readyz, async (c) => {
    const reasons = await reasonsOf((status) => status.notReady);
    return c.json({ ready: reasons.length === 0, reasons }, reasons.length === 0 ? 200 : 503);
  });
  api.openapi(metrics, async (c) => {
    const format = formatFor(c.req.header("accept"));
    const all = [...families(await readStatus(), await deps.readMetrics()), ...deps.ownFamilies()];
    return c.body(formatFamilies(all, format), 200, { "content-type": CONTENT_TYPES[format] });
  });
}
