import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  LIVE,
  NewestQueue,
  type Priority,
  RETRY,
  SNAPSHOT,
} from "../../lib/status/newest_queue.ts";
import { BatchSize } from "../../lib/status/batch_size.ts";
import { DoubtfulReportError } from "../../lib/status/doubtful_report.ts";
import { notTaken } from "../../lib/status/list_answer.ts";
import { UnclearError, WorkQueue } from "../../lib/status/work_queue.ts";

const hostOf = (key: string) => key.split("/")[0]!;

/** A queue whose writes end when the test says so; keys are `host/port`, values numbers. */
function scene(workers: number, maxBatch = 100) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const writes: {
    keys: string[];
    done(failed?: ReadonlyMap<string, unknown>): Promise<void>;
    fail(error: Error): Promise<void>;
  }[] = [];
  const gate = { open: true };
  const errors: string[] = [];
  const queue = new WorkQueue<string>({
    workers,
    maxBatch,
    clock,
    signal: stop.signal,
    gate: { ...gate, whenOpen: () => new Promise(() => {}) },
    groupOf: hostOf,
    write: (batch) =>
      new Promise((resolve, reject) =>
        writes.push({
          keys: batch.map(({ key }) => key),
          done: (failed = new Map()) => (resolve(failed), clock.advance(0)),
          fail: (error) => (reject(error), clock.advance(0)),
        })
      ),
    onSuccess: () => {},
    onFailure: ({ key }) => errors.push(key),
  });
  return {
    clock,
    queue,
    writes,
    errors,
    put: (keys: readonly string[], priority: Priority = LIVE) =>
      keys.forEach((key) => queue.put(key, key, priority)),
    async end() {
      stop.abort();
      for (const { done } of writes) await done();
      await queue.join();
    },
  };
}

const ports = (host: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${host}/${i}`);

/** Time until 535 ports of three hosts are told, each answer coming after 5 s; and the most calls at once. */
async function drain(maxBatch: number) {
  const s = scene(4, maxBatch);
  const from = s.clock.monotonic();
  s.put([...ports("a", 200), ...ports("b", 235), ...ports("c", 100)]);
  let most = 0;
  for (let at = 0; at < s.writes.length;) {
    await s.clock.advance(5000);
    const answered = s.writes.slice(at);
    most = Math.max(most, answered.length);
    at = s.writes.length;
    for (const { done } of answered) await done();
  }
  const told = s.writes.flatMap(({ keys }) => keys);
  assertEquals([told.length, new Set(told).size, s.queue.length], [535, 535, 0]);
  const seconds = (s.clock.monotonic() - from) / 1000;
  await s.end();
  return { seconds, most, calls: s.writes.length, first: s.writes[0]!.keys };
}

Deno.test("535 live changes of few hosts with slow answers drain 20 times as fast as one by one", async () => {
  const oneByOne = await drain(1);
  const together = await drain(100);
  assert(
    together.seconds * 20 < oneByOne.seconds,
    `${together.seconds} s, one by one ${oneByOne.seconds} s`,
  );
  assertEquals([oneByOne.most, together.most], [4, 4], "calls at once");
  assert(together.calls <= 30, `${together.calls} calls`);
  assertEquals(together.first, ["a/0"], "the first does not wait for others");
});

Deno.test("a write carries more while writes are quick, and fewer when each key takes long", async () => {
  /** Sizes of writes of as many keys as may be, each of which takes so long, ms. */
  const sizes = (rounds: number, perKeyMs: number, timeoutMs = 60_000) => {
    const size = new BatchSize(100);
    return Array.from({ length: rounds }, () => {
      const keys = size.limit;
      const ms = Math.min(keys * perKeyMs, timeoutMs);
      size.learn(keys, ms, keys * perKeyMs >= timeoutMs);
      return keys;
    });
  };
  assertEquals(sizes(6, 30), [8, 16, 32, 64, 100, 100]);
  assert(sizes(40, 5000).every((keys) => keys * 5000 < 60_000), "none takes until its deadline");
  assertEquals(sizes(8, 30_000).slice(0, 4), [8, 4, 2, 1]);
  const small = new BatchSize(100);
  small.learn(3, 100, false);
  assertEquals(small.limit, 8, "a write that was not full says nothing of more");
  // Neutron takes 5 s for each port: no call may take longer than its deadline.
  const s = scene(4);
  s.put([...ports("a", 60), ...ports("b", 60)]);
  const due = new Map<number, number>();
  let longest = 0;
  for (let second = 0; s.queue.length > 0 && second < 400; second++) {
    s.writes.forEach(({ keys }, at) => due.has(at) || due.set(at, second + keys.length * 5));
    for (const [at, end] of due) {
      if (end === second) await s.writes[at]!.done();
    }
    longest = Math.max(longest, ...s.writes.map(({ keys }) => keys.length * 5));
    await s.clock.advance(1000);
  }
  assertEquals(s.queue.length, 0, "as fast as one by one, at 0.8 ports a second");
  assert(longest < 60, `a call took ${longest} s`);
  await s.end();
});

Deno.test("a lone live change, or a few, go by themselves", async () => {
  const s = scene(4);
  s.put(["a/1", "a/2", "a/3"]);
  assertEquals(s.writes.map(({ keys }) => keys), [["a/1"], ["a/2"], ["a/3"]]);
  s.put(["a/4", "a/5"]); // the last worker is not for this host
  assertEquals(s.writes.length, 3);
  await s.writes[0]!.done();
  assertEquals(s.writes[3]!.keys, ["a/4"]);
  await s.end();
});

Deno.test("one host never has all workers, however much waits of it", async () => {
  const s = scene(4, 10);
  s.put(ports("a", 300));
  assertEquals(s.writes.length, 3);
  s.put(["b/0"]);
  assertEquals(s.writes.at(-1)!.keys, ["b/0"], "at once, while no answer has come");
  const alone = scene(1);
  alone.put(["a/0"]);
  assertEquals(alone.writes.length, 1, "but one worker is for all");
  await s.end();
  await alone.end();
});

Deno.test("a host that flaps does not hold up the others' first changes", async () => {
  const s = scene(2, 10);
  const flapping = ports("flaps", 40);
  s.put(flapping);
  s.put(ports("old", 20), SNAPSHOT);
  s.put(ports("failed", 5), RETRY);
  const first = new Map<string, number>();
  for (let at = 0; at < 60 && at < s.writes.length; at++) {
    for (const key of s.writes[at]!.keys) if (!first.has(key)) first.set(key, at);
    if (at === 10) s.put(["new/0"]);
    s.put(flapping); // all of it has changed again
    await s.writes[at]!.done();
  }
  const latest = (host: string) =>
    Math.max(...[...first].filter(([key]) => hostOf(key) === host).map(([, at]) => at));
  assertEquals(first.size, 66, "all was told, though it never stopped");
  assert(latest("new") <= 13, `a new host's change waited until call ${latest("new")}`);
  assert(latest("old") < 40 && latest("failed") < 40, "what is not live has its turns");
  await s.end();
});

Deno.test("first changes come before repeats, in one host too, until all was told", () => {
  const queue = new NewestQueue<string>(hostOf);
  const next = () => queue.take({ max: 1, isBusy: () => false }).map(({ key }) => key).join();
  const put = (key: string) => queue.put(key, key, LIVE);
  put("a/1");
  assertEquals(next(), "a/1");
  ["a/1", "a/2", "b/1"].forEach(put);
  assertEquals([next(), next(), next()], ["a/2", "b/1", "a/1"]);
  queue.forgetTaken();
  ["a/1", "c/1"].forEach(put);
  assertEquals([next(), next()], ["a/1", "c/1"]);
});

Deno.test("never two in flight for one port, and what came meanwhile follows", async () => {
  const s = scene(4);
  s.put(ports("a", 50));
  const busy = new Set(s.writes.flatMap(({ keys }) => keys));
  s.put(ports("a", 50)); // all of them again, three of which are on their way
  await s.writes[0]!.done();
  const [again] = s.writes.slice(3);
  assert(again!.keys.length > 4);
  const others = [...busy].filter((key) => !s.writes[0]!.keys.includes(key));
  assertEquals(again!.keys.filter((key) => others.includes(key)), []);
  for (let at = 1; at < s.writes.length; at++) await s.writes[at]!.done();
  assertEquals(s.queue.length, 0);
  const told = s.writes.flatMap(({ keys }) => keys);
  for (const key of busy) assertEquals(told.filter((other) => other === key).length, 2);
  await s.end();
});

Deno.test("a call of several that fails as a whole is tried port by port: one keeps only itself", async () => {
  const s = scene(1);
  s.put(ports("a", 5), SNAPSHOT);
  await s.writes[0]!.done();
  assertEquals(s.writes[1]!.keys.length, 4);
  await s.writes[1]!.fail(new Error("the other side's exception"));
  assertEquals(s.errors.length, 4);
  await s.clock.advance(6000);
  for (let at = 2; at < s.writes.length; at++) {
    const { keys, done, fail } = s.writes[at]!;
    assertEquals(keys.length, 1);
    if (keys[0] === "a/2") await fail(new Error("this one"));
    else await done();
  }
  assertEquals(s.queue.length, 1, "the bad one");
  // The others go together again.
  s.put(["b/0", ...ports("a", 5)], SNAPSHOT);
  await s.writes.at(-1)!.done();
  assertEquals(s.writes.at(-1)!.keys.includes("a/2"), s.writes.at(-1)!.keys.length === 1);
  await s.end();
});

Deno.test("what is in doubt and not sent does not make the next report larger", async () => {
  const s = scene(1);
  s.put(ports("a", 60), SNAPSHOT);
  await s.writes[0]!.done();
  const { length } = s.writes[1]!.keys;
  for (const at of [1, 2]) {
    const doubts = s.writes[at]!.keys.map((key) => [key, new DoubtfulReportError()] as const);
    await s.writes[at]!.done(new Map(doubts));
    assertEquals(s.writes[at + 1]!.keys.length, length);
  }
  await s.writes[3]!.done();
  assertEquals(s.writes[4]!.keys.length, 2 * length, "what was sent and was quick does");
  await s.end();
});

Deno.test("what the answer to several does not name is tried alone, what it names is not", async () => {
  const s = scene(1);
  s.put(ports("a", 6), SNAPSHOT);
  await s.writes[0]!.done();
  const refused = new Map<string, unknown>([
    ["a/1", new Error("named")],
    ["a/2", new Error("named")],
    ["a/3", new UnclearError("not named")],
  ]);
  await s.writes[1]!.done(refused);
  await s.clock.advance(6000);
  assertEquals(s.writes[2]!.keys, ["a/1", "a/2"]);
  await s.writes[2]!.done();
  assertEquals(s.writes[3]!.keys, ["a/3"]);
  await s.end();
});

Deno.test("an answer to several: taken, failed, not named, and what is no answer", () => {
  const updates = ["up", "down", "no", "odd"].map((port) => ({ port }));
  const answer = {
    devices_up: ["up", 7],
    devices_down: [{ device: "down", exists: false }, null],
    failed_devices_up: ["no", "another"],
    failed_devices_down: [],
  };
  const errors = notTaken(answer, updates)!;
  assertEquals([...errors.keys()], ["no", "odd"]);
  assert(errors.get("odd") instanceof UnclearError && !(errors.get("no") instanceof UnclearError));
  assertEquals(notTaken({}, updates)!.size, 4);
  const both = { devices_up: ["up"], failed_devices_up: ["up"] };
  assertEquals([...notTaken(both, [{ port: "up" }])!.keys()], ["up"], "failed counts");
  for (const bad of [null, [], "x", { failed_devices_up: "none" }]) {
    assertEquals(notTaken(bad, updates), null, JSON.stringify(bad));
  }
});
