import { assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { NoBusReporter } from "../../lib/status/no_bus_reporter.ts";

Deno.test("without a bus reports wait until the end, and why is said once one does", async () => {
  const reporter = new NoBusReporter();
  const stop = new AbortController();
  assertEquals([reporter.gate.open, reporter.trouble], [false, null]);
  const waiting = reporter.gate.whenOpen(stop.signal);
  assertMatch(String(reporter.trouble), /not reported to Neutron: transport_url/);
  stop.abort(new Error("the term is over"));
  await assertRejects(() => waiting, Error);
  await assertRejects(() => reporter.gate.whenOpen(stop.signal), Error);
});
