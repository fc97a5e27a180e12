/** An OTLP/HTTP receiver that keeps the spans it is sent, as JSON. @module */
import { z } from "zod";

const attribute = z.object({
  key: z.string(),
  value: z.object({
    stringValue: z.string().optional(),
    intValue: z.union([z.string(), z.number()]).optional(),
    doubleValue: z.number().optional(),
  }),
});
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  startTimeUnixNano: z.union([z.string(), z.number()]),
  endTimeUnixNano: z.union([z.string(), z.number()]),
  attributes: z.array(attribute).default([]),
  status: z.object({ code: z.number().optional() }).optional(),
});
const traces = z.object({
  resourceSpans: z.array(z.object({
    resource: z.object({ attributes: z.array(attribute) }),
    scopeSpans: z.array(z.object({
      scope: z.object({ name: z.string() }),
      spans: z.array(span),
    })),
  })),
});

/** One span, with what its process said of itself. */
export interface ReceivedSpan extends z.infer<typeof span> {
  scope: string;
  resource: Record<string, string>;
}

/** Listens on a free port of loopback. */
export function startOtlpReceiver(): AsyncDisposable & { url: string; spans: ReceivedSpan[] } {
  const spans: ReceivedSpan[] = [];
  const stop = new AbortController();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, signal: stop.signal, onListen: () => {} },
    async (request) => {
      const body = await request.text();
      if (new URL(request.url).pathname !== "/v1/traces") return Response.json({});
      for (const { resource, scopeSpans } of traces.parse(JSON.parse(body)).resourceSpans) {
        const told = resource.attributes.map(({ key, value }) => [key, value.stringValue ?? ""]);
        for (const { scope, spans: found } of scopeSpans) {
          for (const each of found) {
            spans.push({ ...each, scope: scope.name, resource: Object.fromEntries(told) });
          }
        }
      }
      return Response.json({});
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server.finished;
    },
  };
}
