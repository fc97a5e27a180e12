import { assertEquals, assertMatch } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { SAME_SIGNAL_MS, StopRequest } from "../../lib/node/stop_request.ts";

function scene() {
  const clock = new FakeClock();
  const log = new LogRecorder();
  return { clock, log, request: new StopRequest({ clock, log }) };
}

Deno.test("signals of one second are one wish: a terminal and a task runner both send it", async () => {
  const { clock, log, request } = scene();
  request.told("SIGINT");
  request.told("SIGINT");
  await clock.advance(SAME_SIGNAL_MS);
  request.told("SIGTERM");
  assertEquals([request.stop.aborted, request.hurry.aborted], [true, false]);
  assertEquals(request.stop.reason, "SIGINT");
  assertEquals(log.records.map(({ level }) => level), ["info"]);
});

Deno.test("a later one hurries, once, and the log says how much later it came", async () => {
  const { clock, log, request } = scene();
  request.told("SIGINT");
  await clock.advance(SAME_SIGNAL_MS + 500);
  request.told("SIGINT");
  request.told("SIGINT");
  assertEquals(request.hurry.aborted, true);
  const [, hurried] = log.at("info");
  assertEquals(hurried!.fields, { reason: "SIGINT", afterMs: 1500 });
  assertEquals(log.records.length, 2, "each is said once");
  assertMatch(hurried!.message, /told a second time to stop/);
});
