import { FenceLostError } from "../../lib/etcd/client.ts";
import { Attempts } from "../../lib/sync/attempts.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";

const MINUTE_MS = 60_000;

/** `random`: where in the second half of a pause chance puts the next try; by default at its end. */
function attempts(resyncIntervalSeconds = 60, random = 1) {
  const [clock, log, stop] = [new FakeClock(), new LogRecorder(), new AbortController()];
  const term = { term: "1", id: "n:1", electionKey: "/e", signal: stop.signal };
  const sync = { resyncIntervalSeconds, resyncMaxIntervalSeconds: 600 };
  return { clock, log, stop, of: new Attempts(term, sync, { clock, log }, () => random) };
}

const fail = () => Promise.reject(new Error("no Neutron"));

Deno.test("a failed resync is tried again with growing delay, and a good one ends that", async () => {
  const { clock, of } = attempts();
  const delays: number[] = [];
  const retryAt = (at: number) => void delays.push((at - clock.monotonic()) / 1000);
  for (let i = 0; i < 7; i++) await of.try(fail, retryAt);
  assertEquals(delays, [1, 2, 4, 8, 16, 30, 30]);
  assertEquals(of.problem, "the last resync failed (no Neutron); next try in 30 s");
  await of.try(() => Promise.resolve(), retryAt);
  assertEquals([of.failing, of.problem, delays.length], [false, null, 7]);
  await of.try(fail, retryAt);
  assertEquals(delays.at(-1), 1);
});

Deno.test("chance takes up to half of a pause away", async () => {
  const { clock, of } = attempts(60, 0.5);
  const delays: number[] = [];
  for (let i = 0; i < 3; i++) await of.try(fail, (at) => void delays.push(at - clock.monotonic()));
  assertEquals(delays, [750, 1500, 3000]);
});

Deno.test("that none has succeeded for too long is said once a minute, with the last failure", async () => {
  const { clock, log, of } = attempts();
  await of.try(fail, () => {});
  const said = () => log.records.filter(({ message }) => message.startsWith("no resync"));
  of.monitor();
  assertEquals(said().length, 0);
  clock.step(60 * MINUTE_MS); // the machine's clock is set
  of.monitor();
  assertEquals(said().length, 0);
  await clock.advance(11 * MINUTE_MS);
  for (let i = 0; i < 3; i++) of.monitor();
  await clock.advance(MINUTE_MS);
  for (let i = 0; i < 3; i++) of.monitor();
  assertEquals(said().map(({ message }) => message), [
    "no resync has succeeded for 11 min",
    "no resync has succeeded for 12 min",
  ]);
  const failure = "the last resync failed (no Neutron); next try in 1 s";
  assertEquals(of.problem, `no resync has succeeded for 12 min: ${failure}`);
  of.succeeded();
  of.monitor();
  assertEquals([of.problem, said().length], [null, 2]);
});

Deno.test("who has lost the lead does not try again", async () => {
  const { stop, of } = attempts();
  const retryAt = () => assert(false, "tried again");
  const lost = () => Promise.reject(new FenceLostError("1", "n:1"));
  await assertRejects(() => of.try(lost, retryAt), FenceLostError);
  stop.abort();
  await of.try(fail, retryAt);
  assertEquals(of.problem, null);
});

Deno.test("failures of one cause are one line, then one a minute, and one when it is over", async () => {
  const { clock, log, of } = attempts();
  const late = (i: number) => () =>
    Promise.reject(new Error(`no answer of 127.0.0.1:${9000 + i} in ${i} ms`));
  for (let i = 0; i < 8; i++) {
    await of.try(late(i), () => {});
    await clock.advance(10_000);
  }
  await of.try(() => Promise.resolve(), () => {});
  assertEquals(log.records.map(({ level, message, fields }) => [level, message, fields.lasts]), [
    ["error", "resync failed, will be tried again", undefined],
    ["error", "resync failed, will be tried again", "1 min"],
    ["info", "resyncs succeed again", undefined],
  ]);
  assertEquals(log.records.at(-1)!.fields, { lasted: "1 min 20 s" });
});

Deno.test("a try knows how many have failed before it, and how the last of them did", async () => {
  const { of } = attempts();
  assertEquals(of.next, { attempt: 1, failureBefore: null });
  await of.try(fail, () => {});
  await of.try(() => Promise.reject(new Error("no etcd")), () => {});
  assertEquals(of.next, { attempt: 3, failureBefore: "no etcd" });
  await of.try(() => Promise.resolve(), () => {});
  assertEquals(of.next, { attempt: 1, failureBefore: null });
});

Deno.test("what is tried later than the pause asks for is said to be", async () => {
  const { of } = attempts();
  await of.try(fail, (at) => at + 100_000);
  assertEquals(of.problem, "the last resync failed (no Neutron); next try in 101 s");
});
