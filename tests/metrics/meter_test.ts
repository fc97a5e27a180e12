import { rejects as assertRejects } from "node:assert/strict";
import fc from "fast-check";
import { openEtcd } from "../../lib/etcd/client.ts";
import { measured } from "../../lib/election/measured_election_store.ts";
import { formatFamilies, formatFor } from "../../lib/metrics/exposition.ts";
import { INSTRUMENTS } from "../../lib/metrics/instruments.ts";
import { MAX_SERIES, Meter, metricsSchema } from "../../lib/metrics/meter.ts";
import { publishMetrics } from "../../lib/metrics/publisher.ts";
import { MeasuredReporter } from "../../lib/status/measured_reporter.ts";
import type { StatusReporter } from "../../lib/status/reporter.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { watchKeys } from "../support/etcd_events.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { testConfig } from "../support/test_config.ts";

const never = new AbortController().signal;

Deno.test("a histogram counts every value once, in the first bucket that holds it", () => {
  const bounds: readonly number[] = INSTRUMENTS.agent_status_delay_seconds.buckets;
  const values = fc.array(
    fc.oneof(fc.double({ min: 0, max: 1000, noNaN: true }), fc.constantFrom(...bounds)),
  );
  fc.assert(fc.property(values, (given) => {
    const meter = new Meter();
    for (const value of given) meter.add("agent_status_delay_seconds", value, {});
    const series = meter.read().agent_status_delay_seconds?.[0];
    if (given.length === 0) return assertEquals(series, undefined);
    [...bounds, Infinity].forEach((bound, i) => {
      const below = i === 0 ? -1 : bounds[i - 1]!;
      const expected = given.filter((value) => value > below && value <= bound).length;
      assertEquals(series!.counts[i], expected, `le ${bound}`);
    });
    assert(Math.abs(series!.sum - given.reduce((sum, value) => sum + value, 0)) < 1e-6);
  }));
});

Deno.test("what is no time is not counted, and the number of series is bounded", () => {
  const meter = new Meter();
  for (const value of [NaN, -1, Infinity]) meter.add("agent_status_delay_seconds", value, {});
  assertEquals(meter.takeChanged(), null);
  for (let i = 0; i < 500; i++) {
    meter.add("http_request_duration_seconds", 0.1, { route: `/${i}`, code: "200" });
  }
  const series = meter.takeChanged()!.http_request_duration_seconds!;
  assertEquals(series.length, MAX_SERIES + 1);
  const other = series.find(({ labels }) => labels[0] === "other")!;
  assertEquals(other.counts.reduce((sum, count) => sum + count, 0), 500 - MAX_SERIES);
  assertEquals(meter.takeChanged(), null, "nothing new");
  const record = metricsSchema.parse({ at: 1, pid: 1, instruments: meter.read() });
  assert(JSON.stringify(record).length < 60_000, "fits into the state store");
});

Deno.test("metrics are written every 4 s while something changes, with how late the timer ran", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const written: string[][] = [];
  const meter = new Meter();
  const done = publishMetrics(meter, clock, (instruments) => {
    written.push(Object.keys(instruments));
    return Promise.resolve();
  }, stop.signal);
  await clock.advance(3900);
  assertEquals(written, []);
  meter.add("terms_started", 1, {});
  await clock.advance(200);
  assertEquals(written, [["event_loop_delay_seconds", "terms_started"]]);
  stop.abort();
  await done;
});

Deno.test({
  name: "calls to etcd are measured with their outcome, streams are not",
  // grpc-js keeps timers and sockets of cut streams for a while.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const meter = new Meter();
    await using server = await startEtcd();
    const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] }, meter);
    await etcd.put("a").value("b");
    assertEquals(await etcd.get("a").string(), "b");
    await etcd.get("none").string();
    await (await watchKeys(etcd, "a", () => {}))[Symbol.asyncDispose]();
    etcd.close();
    const gone = { ...testConfig().etcd, endpoints: [`http://127.0.0.1:${freePort()}`] };
    const lost = openEtcd({ ...gone, callTimeoutMs: 300 }, meter);
    await assertRejects(lost.get("a").string());
    lost.close();
    const counts = meter.read().etcd_request_duration_seconds!.map(({ labels, counts }) =>
      [...labels, counts.reduce((sum, count) => sum + count, 0)].join(" ")
    );
    assertEquals(counts.slice(0, 2), ["Put OK 1", "Range OK 2"]);
    assert(/^Range (UNAVAILABLE|DEADLINE_EXCEEDED) 1$/.test(counts[2]!), counts[2]!);
    assertEquals(counts.length, 3);
  },
});

Deno.test("reports are measured by kind and outcome, and fail as before", async () => {
  const meter = new Meter();
  const answers: (() => Promise<ReadonlyMap<string, unknown>>)[] = [
    () => Promise.resolve(new Map()),
    () => Promise.resolve(new Map([["p", "no"]])),
    () => Promise.reject(new Error("away")),
  ];
  const inner: StatusReporter = {
    gate: { open: true, whenOpen: () => Promise.resolve() },
    trouble: "a word",
    blocked: null,
    reportAgent: () => Promise.resolve(),
    reportPorts: () => answers.shift()!(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  await using reporter = new MeasuredReporter(inner, meter);
  assertEquals([reporter.trouble, reporter.gate.open], ["a word", true]);
  await reporter.reportAgent({ host: "h", start: false }, never);
  assertEquals((await reporter.reportPorts("h", [], never)).size, 0);
  assertEquals((await reporter.reportPorts("h", [], never)).size, 1);
  await assertRejects(reporter.reportPorts("h", [], never), /away/);
  const series = meter.read().status_report_duration_seconds!.map(({ labels }) => labels.join(" "));
  assertEquals(series, ["agent success", "port success", "port partial", "port failure"]);
});

Deno.test("the election's calls are measured, and fail as before", async () => {
  const meter = new Meter();
  const calls = {
    key: "k",
    description: "d",
    get: () => Promise.resolve(null),
    keepAlive: () => Promise.reject(new Error("away")),
  };
  const store = measured(calls as unknown as Parameters<typeof measured>[0], meter);
  assertEquals(await store.get(10), null);
  await assertRejects(store.keepAlive("1", 10), /away/);
  const series = meter.read().election_call_duration_seconds!.map(({ labels }) => labels.join(" "));
  assertEquals(series, ["get success", "keep_alive failure"]);
});

Deno.test("Prometheus's own text format only for those who take nothing else", () => {
  assertEquals(formatFor(undefined), "openmetrics");
  assertEquals(formatFor("*/*"), "openmetrics");
  assertEquals(formatFor("text/html,*/*;q=0.8"), "openmetrics");
  assertEquals(
    formatFor(
      "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    ),
    "openmetrics",
  );
  assertEquals(formatFor("text/plain;version=0.0.4"), "prometheus");
  assertEquals(formatFamilies([], "openmetrics"), "# EOF\n");
});
