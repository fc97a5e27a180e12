import { withLimitedWarnings } from "../../lib/base/rate_limited.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";

Deno.test("a warning that comes with each request is told once a minute, with how many there were", async () => {
  const clock = new FakeClock();
  const kept = new LogRecorder();
  const log = withLimitedWarnings(kept, clock);
  for (let i = 0; i < 100; i++) log.warn("cannot read", { i });
  log.warn("something else");
  log.info("goes through");
  log.error("goes through, too");
  await clock.advance(60_000);
  log.warn("cannot read", { i: 100 });
  assertEquals(kept.records.map(({ level, message, fields }) => [level, message, fields]), [
    ["warn", "cannot read", { i: 0 }],
    ["warn", "something else", {}],
    ["info", "goes through", {}],
    ["error", "goes through, too", {}],
    ["warn", "cannot read", { i: 100, leftOut: 99 }],
  ]);
});
