/** A trace: what Neutron, etcd, Felix and this node say of a port, a VM, an address or a host. @module */
import { z } from "zod";
import { peer } from "../peer.ts";
import { MAX_QUERY_CHARS, QUERY_HELP, readQuery } from "../../trace/query.ts";
import { traceSchema } from "../../trace/trace.ts";
import type { Tracer } from "../tracer.ts";
import { asker } from "./authorize.ts";
import { answers, type Api, get } from "./openapi.ts";

const trace = get("sync", "/api/v1/trace", {
  summary: "What Neutron, etcd, Felix and this node say of a port, VM, address or host",
  request: {
    query: z.object({
      q: z.string().min(1).max(MAX_QUERY_CHARS).meta({ description: QUERY_HELP }),
    }),
  },
  ...answers(traceSchema, "What differs, and why; asked now, so that it may take 45 s", 400, 503),
});

/** Adds the route. */
export function addTrace(api: Api, tracer: Tracer): void {
  api.openapi(trace, async (c) => {
    const query = readQuery(c.req.valid("query").q);
    if (query === null) return c.json({ error: `q: allowed is ${QUERY_HELP}` }, 400);
    const traced = await tracer.ask(query.text, peer(c) ?? "", asker(c));
    if ("trace" in traced) return c.json(traced.trace, 200);
    if (traced.why === "busy") c.header("retry-after", "5");
    return c.json({ error: traced.refused }, 503);
  });
}
