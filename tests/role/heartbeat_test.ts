import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { type Heartbeat, Heartbeats, Watchdog, whileOnTime } from "../../lib/role/heartbeat.ts";

function scene(roleTimeoutMs = 5000) {
  const clock = new FakeClock();
  const beats: Heartbeat[] = [];
  return {
    clock,
    beats,
    life: new Heartbeats(clock, roleTimeoutMs, (heartbeat) => beats.push(heartbeat)),
  };
}

Deno.test("beats come at most once a second, a new problem at once", async () => {
  const { clock, beats, life } = scene();
  using _life = life;
  for (let i = 0; i < 10; i++) {
    life.alive("working");
    await clock.advance(250);
  }
  assertEquals(beats.length, 3);
  life.alive("working", "no etcd");
  assertEquals(beats.at(-1)!.problem, "no etcd");
});

Deno.test("a loop that does not come back falls silent at once, or when its wait is over", async () => {
  const { clock, beats, life } = scene();
  using _life = life;
  life.alive("working");
  await clock.advance(20_000);
  assertEquals(beats.length, 1, "a timer alone says nothing");
  life.alive("waits for an answer", null, 5000);
  const from = clock.monotonic();
  await clock.advance(60_000);
  const said = beats.slice(1);
  assert(said.length >= 5 && said.length <= 6, `${said.length} beats`);
  assert(said.every(({ doing }) => doing === "waits for an answer"));
  assert(beats.at(-1)!.at - 1_000_000 - from <= 5000, "a sign after the wait's end");
});

Deno.test("beats come five times in the supervisor's patience, and every two seconds at least", async () => {
  for (
    const [roleTimeoutMs, intervalMs] of [[2000, 500], [10_000, 2000], [600_000, 2000]] as const
  ) {
    const { clock, beats, life } = scene(roleTimeoutMs);
    using _life = life;
    for (let passed = 0; passed < 60_000; passed += 250) {
      life.alive("working");
      await clock.advance(250);
    }
    assertEquals(beats.length, 60_000 / intervalMs, `role_timeout ${roleTimeoutMs}`);
  }
});

Deno.test("what a role does most of the time is not hidden by what it does when a sign is due", async () => {
  const { clock, beats, life } = scene(600_000);
  using _life = life;
  for (let turn = 0; turn < 20; turn++) {
    life.alive("a pass");
    await clock.advance(10);
    for (let second = 0; second < 2; second++) {
      life.alive("waiting");
      await clock.advance(995);
    }
  }
  assert(beats.some(({ doing }) => doing === "waiting"), "it is never seen to wait");
});

Deno.test("coming back early ends the promise", async () => {
  const { clock, beats, life } = scene();
  using _life = life;
  life.alive("waits", null, 60_000);
  life.alive("works");
  await clock.advance(60_000);
  assert(beats.length <= 2, `${beats.length} beats`);
});

Deno.test("no sign passes while a loop beside is late, and the log names it once", async () => {
  const clock = new FakeClock();
  const log = new LogRecorder();
  const said: string[] = [];
  const watch = new Watchdog("the watch", clock);
  const alive = whileOnTime((doing) => said.push(doing), [watch], log);
  alive("not begun");
  watch.within(1000);
  await clock.advance(900);
  alive("on time");
  await clock.advance(200);
  alive("late");
  alive("late");
  assertEquals(said, ["not begun", "on time"]);
  assertEquals(log.at("warn").map(({ fields }) => fields), [{ loop: "the watch" }]);
  watch.within(1000);
  alive("back");
  watch.rest();
  await clock.advance(60_000);
  alive("at rest");
  assertEquals(said.slice(2), ["back", "at rest"]);
});
