import { CLUSTER_OBJECTS, completed } from "../../../lib/sync/apply/cluster_objects.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const NOW = "2026-11-24T14:02:03Z";
const [INFORMATION, CONFIGURATION] = [CLUSTER_OBJECTS[0]!, CLUSTER_OBJECTS[1]!];
const parsed = (text: string | null) => text === null ? null : JSON.parse(text);

Deno.test("what others have set stays, and what is complete is not written again", () => {
  const stored = {
    metadata: { name: "default", note: 1 },
    spec: { interfacePrefix: "cali", x: 1 },
  };
  const text = completed(CONFIGURATION, JSON.stringify(stored), NOW);
  assertEquals(parsed(text), {
    metadata: { name: "default", note: 1 },
    spec: { interfacePrefix: "cali,tap", x: 1, endpointReportingEnabled: true },
    kind: "FelixConfiguration",
    apiVersion: "projectcalico.org/v3",
  });
  assertEquals(completed(CONFIGURATION, text!, NOW), null);
  const reordered = JSON.stringify(Object.fromEntries(Object.entries(parsed(text)).reverse()));
  assertEquals(completed(CONFIGURATION, reordered, NOW), null);
});

Deno.test("what is of no use to Felix is made anew: no JSON, a list of settings, a number of a word", () => {
  for (const text of ["", "{", "null", '{"metadata":1e999,"spec":[1]}', '{"spec":"abc"}']) {
    const { metadata, spec } = parsed(completed(INFORMATION, text, NOW));
    assertEquals([metadata.name, metadata.creationTimestamp], ["default", NOW]);
    assertEquals(Object.keys(spec).sort(), ["clusterGUID", "clusterType", "datastoreReady"]);
    assert(/^[0-9a-f]{32}$/.test(spec.clusterGUID), spec.clusterGUID);
  }
  const odd = '{"spec":{"clusterGUID":1e999,"datastoreReady":"no"}}';
  const { spec } = parsed(completed(INFORMATION, odd, NOW));
  assertEquals([typeof spec.clusterGUID, spec.datastoreReady], ["string", true]);
});
