import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { formatTrace } from "../../lib/trace/text.ts";
import { traceSchema } from "../../lib/trace/trace.ts";
import { withTrace } from "./trace_scene.ts";

Deno.test("a port on which all agree is told by its id, its VM, its host and its address", () =>
  withTrace(async ({ trace, port, keyOf, etcd }) => {
    const found = await trace(port.id);
    console.log(formatTrace(found));
    assertEquals(traceSchema.parse(structuredClone(found)), found);
    assertEquals([found.verdict, found.troubles], ["agrees", []]);
  }));
