import type { Blocked } from "../../lib/bus/link.ts";
import { BlockedBus } from "../../lib/status/blocked_bus.ts";
import { LongQueueLog } from "../../lib/status/long_queue.ts";
import { assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";

function scene() {
  const clock = new FakeClock();
  const log = new LogRecorder();
  const reporter: { blocked: Blocked | null; trouble: string | null } = {
    blocked: null,
    trouble: null,
  };
  const said = () => log.records.map(({ level, message, fields }) => [level, message, fields]);
  return { clock, log, reporter, said, bus: new BlockedBus(reporter, { log, clock }) };
}

Deno.test("that the broker takes nothing is said once, and how long it lasted", async () => {
  const { clock, reporter, said, bus } = scene();
  assertEquals([bus.look(), said()], [null, []]);
  const since = clock.now() - 500;
  reporter.blocked = { reason: "low on memory", since };
  for (let i = 0; i < 3; i++) {
    assertEquals(bus.look(), { reason: "low on memory", since });
    await clock.advance(60_000);
  }
  const begin = ["warn", "RabbitMQ takes no messages: reports wait", { reason: "low on memory" }];
  assertEquals(said(), [begin]);
  reporter.blocked = null;
  assertEquals(bus.look(), null);
  bus.look();
  assertEquals(said(), [begin, ["info", "RabbitMQ takes messages again", { lasted: "3 min 1 s" }]]);
});

Deno.test("a connection that is lost while it is blocked is not called good again", async () => {
  const { clock, reporter, said, bus } = scene();
  const since = clock.now();
  reporter.blocked = { reason: "low on disk", since };
  bus.look();
  Object.assign(reporter, { blocked: null, trouble: "connection reset" });
  await clock.advance(5000);
  assertEquals(bus.look(), null, "a dead one is another thing");
  assertEquals(said().length, 1);
  // The alarm goes on, as the next connection shows.
  Object.assign(reporter, {
    blocked: { reason: "low on disk", since: clock.now() },
    trouble: null,
  });
  assertEquals(bus.look(), { reason: "low on disk", since });
  assertEquals(said().length, 1);
});

Deno.test("a blocked connection is no problem of the role's, a dead one is", () => {
  const { reporter, bus } = scene();
  assertEquals([bus.problem(null), bus.problem("reports fail")], [null, "reports fail"]);
  Object.assign(reporter, {
    blocked: { reason: "low on disk", since: 0 },
    trouble: "it takes none",
  });
  assertEquals([bus.problem(null), bus.problem("reports fail")], [null, null]);
  Object.assign(reporter, { blocked: null, trouble: "connection reset" });
  assertEquals(bus.problem("reports fail"), "connection reset");
});

Deno.test("a long queue has the reason that is true", () => {
  const { log, reporter } = scene();
  const queue = new LongQueueLog(log, reporter);
  reporter.blocked = { reason: "low on memory", since: 0 };
  queue.judge(1001);
  queue.judge(2000);
  queue.judge(500);
  reporter.blocked = null;
  queue.judge(1001);
  assertEquals(log.records.map(({ message }) => message), [
    "many port status reports wait: the broker takes no messages",
    "the queue of port status reports is of normal length again",
    "many port status reports wait: Neutron takes them too slowly",
  ]);
});
