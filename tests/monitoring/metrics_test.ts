import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { fullMetrics, INSTRUMENT_NAMES } from "./full_metrics.ts";
import { parseOpenMetrics, run } from "./tools.ts";

Deno.test("the metrics are OpenMetrics to a parser of it, with units, help and hostile labels", async () => {
  const { type, text } = await fullMetrics("application/openmetrics-text;version=1.0.0,*/*;q=0.1");
  assertEquals(type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  const families = await parseOpenMetrics(text);
  const byName = new Map(families.map((family) => [family.name, family]));
  assertEquals(byName.size, families.length, "a family stands there once");
  for (const { name, help, unit, samples } of families) {
    assertMatch(name, /^conductor_[a-z_]+$/);
    assertMatch(help, /^[A-Z].*\.$/);
    assert(samples.length > 0, `${name} has no sample`);
    const last = name.split("_").at(-1)!;
    assertEquals(unit, ["seconds", "bytes"].includes(last) ? last : "", name);
  }
  for (const name of INSTRUMENT_NAMES) {
    assert(byName.has(`conductor_${name}`), `${name} is missing`);
  }
  const build = byName.get("conductor_build")!;
  assertEquals(build.type, "info");
  assertEquals(build.samples[0]![1].node, 'node "1"\\');
  const calls = byName.get("conductor_etcd_request_duration_seconds")!;
  assertEquals(calls.type, "histogram");
  const of = (suffix: string, le?: string) =>
    calls.samples.find(([name, labels]) =>
      name.endsWith(suffix) && labels.role === "manager" && labels.le === le
    )!;
  assertEquals(of("_bucket", "0.001")[2], 1);
  assertEquals(of("_bucket", "0.5")[2], 2);
  assertEquals(of("_bucket", "+Inf")[2], 3);
  assertEquals([of("_count")[2], of("_sum")[2]], [3, 4000.3]);
  assertEquals(of("_count")[1].method, 'a "method"\\\n');
  const held = byName.get("conductor_deletions_held_back")!;
  assertEquals([held.type, held.samples.length], ["gauge", 2]);
  const shown = held.samples.map(([, { collection, why }, n]) => `${collection} ${why} ${n}`);
  assertEquals(shown, ["security-groups empty 117", 'a "collection"\\  many 117']);
});

Deno.test("promtool finds nothing to say about names and help", async () => {
  const { type, text } = await fullMetrics("text/plain");
  assertEquals(type, "text/plain; version=0.0.4; charset=utf-8");
  assertEquals(await run("promtool", ["check", "metrics"], text), "");
  assert(!text.includes("# EOF"));
});
