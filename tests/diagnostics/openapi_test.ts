import { Ajv2020 } from "npm:ajv@8.20.0/dist/2020.js";
import { Validator } from "npm:@seriousme/openapi-schema-validator@2.11.0";
import { DOCUMENT_PATH } from "../../lib/diagnostics/api/openapi.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { fullMeter } from "../monitoring/full_metrics.ts";
import { bare, readDocs, withTables } from "./api_docs.ts";
import { details } from "./details_fixture.ts";
import { facts, guard, left, NOW, resync, status } from "./fixtures.ts";
import { fullTrace } from "../trace/trace_fixture.ts";
import { type Setup, testApp } from "./test_app.ts";

interface Operation {
  summary?: string;
  tags?: string[];
  responses: Record<string, { content?: Record<string, { schema: Record<string, unknown> }> }>;
  parameters?: { name: string; in: string; required?: boolean }[];
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  tags: { name: string }[];
  components: Record<string, unknown>;
}

/** A node on which there is something of everything. */
const FULL: Setup = {
  readStatus: () =>
    Promise.resolve(status({ resyncs: [resync({ guards: [guard()], leftOut: [left()] })] })),
  details: details(300),
  trace: () => Promise.resolve(fullTrace("example")),
  readMetrics: () => Promise.resolve({ manager: fullMeter().read() }),
  actions: {
    readResync: () =>
      Promise.resolve({
        id: "1",
        at: NOW,
        state: "done",
        doing: "done",
        dryRun: true,
        kinds: facts().resyncs[0]!.kinds,
        warnings: ["a warning"],
        guards: [guard()],
        leftOut: [left()],
        error: null,
        differences: 3,
      }),
    readAsked: (id) =>
      Promise.resolve({
        id,
        total: 3,
        objects: [{
          action: "update",
          kind: "Subnet",
          key: "/calico/dhcp/v2/no-region/subnet/s",
          subject: { type: "subnet", id: "s" },
          lines: ["- 1", "+ null"],
          cut: 0,
          changes: [{ path: "/a", before: 1, after: null }, { path: "/b", after: { c: [1] } }],
          moreChanges: 0,
        }],
      }),
  },
};

async function document(): Promise<Document> {
  return await (await testApp().request(DOCUMENT_PATH)).json();
}

Deno.test("the document is valid OpenAPI 3.1", async () => {
  const found = await document();
  assertEquals(found.openapi, "3.1.0");
  const validator = new Validator();
  const result = await validator.validate(found as unknown as Record<string, unknown>);
  assertEquals(result.valid, true, JSON.stringify(result.errors));
  assertEquals(validator.version, "3.1");
});

Deno.test("every route below /api is in the document, with a summary and a known tag", async () => {
  const { paths, tags } = await document();
  const known = new Set(tags.map((tag) => tag.name));
  for (const { method, path } of testApp().routes) {
    if (!path.startsWith("/api/") || method === "ALL" || path === DOCUMENT_PATH) continue;
    const name = path.replaceAll(/:(\w+)(\{[^}]*\})?/g, "{$1}");
    const operation = paths[name]?.[method.toLowerCase()];
    assert(operation, `${method} ${name} is not described`);
    assert(operation.summary, `${method} ${name} has no summary`);
    assert(operation.tags?.every((tag) => known.has(tag)), `${method} ${name}: tags`);
  }
});

Deno.test("every GET answers what the document says", async () => {
  const found = await document();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  ajv.addSchema({ $id: "doc", ...found });
  let checked = 0;
  for (const [path, { get }] of Object.entries(found.paths)) {
    if (!get) continue;
    const response = await testApp(FULL).request(examplePath(path) + exampleQuery(get));
    assertEquals(response.status, 200, path);
    const type = response.headers.get("content-type")!.split(";")[0]!;
    const described = get.responses[String(response.status)]?.content ?? {};
    const entry = Object.entries(described).find(([name]) => name.split(";")[0] === type);
    assert(entry, `${path}: ${response.status} ${type} is not described`);
    if (type !== "application/json") {
      await response.body?.cancel();
      continue;
    }
    const pointer = ["paths", path, "get", "responses", String(response.status), "content"]
      .concat([entry[0], "schema"]).map(escapePointer).join("/");
    const validate = ajv.getSchema(`doc#/${pointer}`)!;
    assert(validate(await response.json()), `${path}: ${ajv.errorsText(validate.errors)}`);
    checked++;
  }
  assert(checked >= 18, `only ${checked} checked`);
});

/** The path with something that exists in the fixtures in each parameter. */
function examplePath(path: string): string {
  const examples: Record<string, string> = { name: "manager", id: resync().id };
  return path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => examples[name] ?? "1");
}

/** A value for each parameter of the query that has to be given. */
function exampleQuery({ parameters = [] }: Operation): string {
  const needed = parameters.filter(({ in: place, required }) => place === "query" && required);
  return needed.length > 0 ? `?${needed.map(({ name }) => `${name}=example`).join("&")}` : "";
}

function escapePointer(part: string): string {
  return encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));
}

Deno.test("status and resyncs carry what is held back and left", async () => {
  const get = async (path: string) => await (await testApp(FULL).request(path)).json();
  const { held, resyncs } = await get("/api/v1/status");
  const id = resync().id;
  assertEquals(held.guards, [{ ...guard(), resync: id }]);
  assertEquals(held.leftOut, [{ ...left(), resync: id }]);
  assertEquals(held.watching, null);
  assertEquals([resyncs[0].guards, resyncs[0].leftOut], [[guard()], [left()]]);
  const found = await get(`/api/v1/resyncs/${id}`);
  assertEquals([found.guards, found.leftOut], [[guard()], [left()]]);
  assertEquals([found.whole, found.dryRun], [true, false]);
  const report = await get("/api/v1/resync");
  assertEquals([report.guards, report.left_out], [[guard()], [left()]]);
});

Deno.test("docs/api.md names every route and metric", async () => {
  const docs = await readDocs();
  assertEquals(bare(docs), bare(await withTables(docs)));
});
