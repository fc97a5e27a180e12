import { systemClock } from "../../lib/base/clock.ts";
import { ElectionReport } from "../../lib/election/election_report.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";

Deno.test("a watch that does not come is a problem on the page, unless there is a worse one", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const beats: (string | null)[] = [];
  const report = new ElectionReport({
    log: new LogRecorder(),
    clock: systemClock,
    store,
    alive: (_doing, problem = null) => beats.push(problem),
  });
  const follower = { state: "follower", leader: "a:1", term: "7", problem: null } as const;
  report.onWatchTrouble(new Error("etcd has not attached a watch 3 times in a row"));
  await report.show(follower);
  const blind = /^a change of leader is noticed late: etcd has not attached a watch 3 times/;
  assertMatch((await store.readElection())!.problem!, blind);
  assertMatch(beats.at(-1)!, blind);
  await report.show({ ...follower, problem: "etcd does not answer" });
  assertEquals((await store.readElection())!.problem, "etcd does not answer");
  report.onWatchTrouble(null);
  await report.show(follower);
  assertEquals((await store.readElection())!.problem, null);
  assertEquals(beats.at(-1), null);
});

Deno.test("etcd away is an error for who does not lead, once it lasts", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const [log, clock] = [new LogRecorder(), new FakeClock()];
  const report = new ElectionReport({ log, clock, store, alive: () => {} });
  const errors = () => log.at("error").length;
  const away = (state: "follower" | "leader") =>
    report.show(
      { state, leader: null, term: null, problem: "etcd does not answer" },
      "no answer",
    );
  const there = () => report.show({ state: "follower", leader: null, term: null, problem: null });
  // As where this node and etcd start together.
  await away("follower");
  assertEquals(errors(), 0);
  await there();
  await clock.advance(60_000);
  await away("follower");
  await clock.advance(9_000);
  await away("follower");
  assertEquals(errors(), 0);
  await clock.advance(2_000);
  await away("follower");
  assertEquals(errors(), 1);
  await there();
  await clock.advance(60_000);
  await away("leader");
  await clock.advance(12_000);
  await away("leader");
  assertEquals(errors(), 1);
  await away("follower");
  assertEquals(errors(), 2);
});

Deno.test("a stop while etcd is away does not say that it serves again", async () => {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const log = new LogRecorder();
  const report = new ElectionReport({ log, clock: systemClock, store, alive: () => {} });
  report.onWatchTrouble(new Error("etcd has not attached a watch"));
  const shown = { leader: null, term: null } as const;
  await report.show({ ...shown, state: "follower", problem: "etcd is away" }, "no answer");
  await report.show({ ...shown, state: "stopping", problem: null });
  assertEquals(log.records.map(({ message }) => message), ["etcd is away"]);
});
