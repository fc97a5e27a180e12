/**
 * The API's frame: an application whose routes carry the schemas that validate what comes in and
 * describe what goes out, and from them the OpenAPI document.
 *
 * To add a route: give the record a zod schema (with `.meta({ id: "Name" })` it becomes a component
 * of the document), and in a file of this folder call
 *
 * ```ts
 * const things = get("cloud", "/api/v1/things", {
 *   summary: "The things of the cloud",
 *   request: { query: pageQuery },
 *   ...answers(thingsSchema, "A page of them", 400),
 * });
 * api.openapi(things, async (c) => c.json(await deps.readThings(c.req.valid("query")), 200));
 * ```
 *
 * from an `add…(api, deps)` function that `createApp` calls. `tests/diagnostics/openapi_test.ts`
 * validates the document and asks every GET of it whether its answer is what it describes.
 *
 * @module
 */
import { createRoute, OpenAPIHono, type RouteConfig } from "@hono/zod-openapi";
import { z } from "zod";

/** An application with described routes. */
export type Api = OpenAPIHono;

/** What every refusal looks like. */
const errorSchema = z.object({
  error: z.string().meta({ description: "What is wrong and what to do" }),
}).meta({ id: "Error" });

/** Where the document is. */
export const DOCUMENT_PATH = "/api/v1/openapi.json";

/** An application that answers a request which does not fit its schema with 400 and the reason. */
export function createApi(): Api {
  return new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return;
      return c.json({ error: z.prettifyError(result.error) }, 400);
    },
  });
}

/** Serves the OpenAPI 3.1 document of all routes. */
export function addDocument(api: Api, version: string): void {
  api.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "The value of CONDUCTOR_API_TOKEN, when it is set",
  });
  api.doc31(DOCUMENT_PATH, {
    openapi: "3.1.0",
    info: {
      title: "calico-conductor",
      version,
      description: "The state of one node and of the cloud as it sees it, and what an operator " +
        "can ask of it. Times are milliseconds since the epoch by the node's clock.",
      license: { name: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    tags: [
      { name: "node", description: "This node and its roles" },
      { name: "cloud", description: "What the nodes share" },
      { name: "sync", description: "Neutron to etcd" },
      { name: "status", description: "Agent and port status" },
      { name: "actions", description: "What an operator can ask for" },
      { name: "checks", description: "For load balancers, service managers and Prometheus" },
    ],
  });
}

/** A route that reads. */
export function get<P extends string, C extends Pick<RouteConfig, "request" | "responses">>(
  tag: "node" | "cloud" | "sync" | "status" | "checks",
  path: P,
  config: C & { readonly summary: string },
) {
  return createRoute({ method: "get", path, tags: [tag], ...config });
}

/** The answers of a route that reads: JSON, or one of these refusals. */
export function answers<T extends z.ZodType, C extends Refusal = never>(
  schema: T,
  description: string,
  ...codes: C[]
) {
  return { responses: { 200: json(schema, description), ...refusals(...codes) } };
}

/** A JSON answer of a route. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { "application/json": { schema } } };
}

const REFUSALS = {
  400: "The request does not fit its schema",
  401: "The token is missing or wrong",
  403: "Not from there: without a token actions are taken from loopback only",
  404: "There is no such thing",
  409: "Not now, for the reason given",
  413: "The body is too large",
  415: "The body is not JSON",
  503: "What should answer does not",
} as const;

type Refusal = keyof typeof REFUSALS;

/** The refusals of a route, each with {@linkcode errorSchema}. */
export function refusals<C extends Refusal>(...codes: C[]) {
  const answers = codes.map((code) => [code, json(errorSchema, REFUSALS[code])]);
  return Object.fromEntries(answers) as {
    [code in C]: ReturnType<typeof json<typeof errorSchema>>;
  };
}
