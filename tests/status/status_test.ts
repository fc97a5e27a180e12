import fc from "fast-check";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import {
  agentHost,
  endpointId,
  felixPrefix,
  parseAgentStatus,
  parsePortStatus,
} from "../../lib/status/felix_status.ts";
import { osloTime } from "../../lib/status/reporter.ts";
import { LIVE, NewestQueue, RETRY, SNAPSHOT } from "../../lib/status/newest_queue.ts";
import { Lag } from "../../lib/base/lag.ts";
import { WorkQueue } from "../../lib/status/work_queue.ts";

const prefix = felixPrefix(null);
const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("keys of agents and endpoints are told apart from each other and from others", () => {
  assertEquals(agentHost(`${prefix}h 1/status`, prefix), "h 1");
  assertEquals(agentHost(`${prefix}h/status/x`, prefix), null);
  assertEquals(agentHost(`${prefix}round-trip-check`, prefix), null);
  const key = `${prefix}h/workload/openstack/openstack%2fdev-1/endpoint/p-1`;
  assertEquals(endpointId(key, prefix), { host: "h", device: "dev-1", port: "p-1" });
  assertEquals(endpointId(`${key}/more`, prefix), null);
  assertEquals(agentHost(key, prefix), null);
});

Deno.test("status values: the known ones, the unknown, and what is no status at all", () => {
  assertEquals(parsePortStatus(bytes('{"status":"up"}')), "ACTIVE");
  assertEquals(parsePortStatus(bytes('{"status":"down"}')), "DOWN");
  assertEquals(parsePortStatus(bytes('{"status":"error"}')), "ERROR");
  assertEquals(parsePortStatus(bytes('{"status":"sideways"}')), "ERROR");
  assertEquals(parsePortStatus(bytes("{}")), "ERROR");
  assertEquals(parsePortStatus(bytes("{no")), "ERROR");
  assertEquals(parsePortStatus(null), "ERROR");
  const good = '{"time":"2026-01-02T03:04:05Z","uptime":5,"first_update":true}';
  assertEquals(parseAgentStatus(bytes(good)), {
    time: Date.UTC(2026, 0, 2, 3, 4, 5),
    uptimeSeconds: 5,
    firstUpdate: true,
  });
  for (
    const [time, ms] of [
      ["2026-01-02T03:04:05", Date.UTC(2026, 0, 2, 3, 4, 5)], // without a zone: UTC
      ["2026-01-02T03:04:05+02:00", Date.UTC(2026, 0, 2, 1, 4, 5)],
      ["yesterday", null],
      [5, null],
      [null, null],
      [undefined, null],
    ] as const
  ) {
    const value = bytes(JSON.stringify({ time, uptime: "x", first_update: 3 }));
    assertEquals(parseAgentStatus(value), { time: ms, uptimeSeconds: null, firstUpdate: false });
  }
  for (const bad of ["{no", "[]", "5", "null", '"x"']) {
    assertEquals(parseAgentStatus(bytes(bad)), null);
  }
});

Deno.test("nothing that can stand in etcd throws", () => {
  fc.assert(fc.property(fc.string(), fc.uint8Array(), (text, raw) => {
    agentHost(prefix + text, prefix);
    endpointId(prefix + text, prefix);
    parseAgentStatus(raw);
    parsePortStatus(raw);
    parsePortStatus(bytes(JSON.stringify(text)));
  }));
});

Deno.test("oslo's time has six digits and no zone", () => {
  assertEquals(osloTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), "2026-01-02T03:04:05.006000");
});

const value = fc.record({ host: fc.constantFrom("x", "y"), n: fc.nat() });
const take = <T>(queue: NewestQueue<T>, max: number, few = 0, busy = (_key: string) => false) =>
  queue.take({ max, few, isBusy: busy });
const put = fc.record({
  key: fc.constantFrom("a", "b", "c", "d"),
  value,
  priority: fc.constantFrom(LIVE, SNAPSHOT, RETRY),
});

Deno.test("the queue: newest value of a key, live first, groups in order, none lost", () => {
  const few = fc.integer({ min: 0, max: 3 });
  fc.assert(fc.property(fc.array(put), fc.integer({ min: 1, max: 3 }), few, (puts, max, few) => {
    const queue = new NewestQueue<{ host: string; n: number }>(({ host }) => host);
    const newest = new Map<string, unknown>();
    const best = new Map<string, number>();
    for (const { key, value, priority } of puts) {
      queue.put(key, value, priority);
      newest.set(key, value);
      best.set(key, Math.min(best.get(key) ?? RETRY, priority));
    }
    assertEquals(queue.size, newest.size);
    let lane = 0;
    const live = () => [...newest.keys()].filter((key) => best.get(key) === LIVE).length;
    for (let batch = take(queue, max, few); batch.length > 0;) {
      const priorities = new Set(batch.map(({ key }) => best.get(key)!));
      assertEquals(priorities.size, 1, "one lane in one batch");
      assert([...priorities][0]! >= lane, "a better lane comes first");
      lane = [...priorities][0]!;
      assert(batch.length <= (lane === LIVE && live() <= few ? 1 : max));
      for (const { key, value } of batch) {
        assertEquals(value, newest.get(key) as typeof value);
        newest.delete(key);
      }
      batch = take(queue, max, few);
    }
    assertEquals(newest.size, 0);
    assertEquals(queue.size, 0);
  }));
});

Deno.test("the queue: first come first served within a lane, and busy keys are passed over", () => {
  const queue = new NewestQueue<string>((host) => host);
  for (const [key, host] of [["1", "x"], ["2", "y"], ["3", "x"]] as const) {
    queue.put(key, host, SNAPSHOT);
  }
  queue.put("9", "z", RETRY);
  queue.put("8", "x", LIVE);
  queue.put("9", "z", LIVE);
  const keys = () => take(queue, 10, 10, (key) => key === "1").map(({ key }) => key);
  assertEquals([keys(), keys(), keys(), keys()], [["8"], ["9"], ["3"], ["2"]]);
  assertEquals(keys(), []);
  assertEquals(queue.size, 1);
});

function scene(count: number) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const started: string[] = [];
  const finish: { resolve(failed?: string[]): void; reject(error: Error): void }[] = [];
  const gate = { open: true, opened: Promise.withResolvers<void>() };
  const delays: number[] = [];
  const writers = new WorkQueue<number>({
    workers: count,
    maxBatch: 2,
    clock,
    signal: stop.signal,
    gate: {
      get open() {
        return gate.open;
      },
      whenOpen: () => gate.opened.promise,
    },
    groupOf: () => "host",
    write(batch) {
      started.push(batch.map(({ key, value }) => `${key}=${value}`).join(" "));
      return new Promise((resolve, reject) =>
        finish.push({
          resolve: (failed = []) => resolve(new Map(failed.map((key) => [key, new Error("no")]))),
          reject,
        })
      );
    },
    onSuccess: () => {},
    onFailure: (_entry, _error, retryMs) => delays.push(retryMs),
  });
  return { clock, stop, started, finish, gate, delays, writers };
}

Deno.test("never two in flight for one key, the newest wins, a failure is tried again", async () => {
  const { clock, stop, started, finish, writers } = scene(2);
  writers.put("a", 1, SNAPSHOT);
  writers.put("a", 2, LIVE);
  writers.put("a", 3, LIVE);
  assertEquals(started, ["a=1"]);
  assertEquals(writers.length, 1, "one port, in flight and with news that wait");
  finish[0]!.resolve();
  await clock.advance(0);
  assertEquals(started, ["a=1", "a=3"]);
  finish[1]!.reject(new Error("no"));
  await clock.advance(4900);
  assertEquals(started.length, 2);
  await clock.advance(200);
  assertEquals(started, ["a=1", "a=3", "a=3"]);
  finish[2]!.resolve();
  await clock.advance(1000);
  await writers.join();
  assertEquals(writers.length, 0);
  stop.abort();
  writers.put("b", 1, LIVE);
  assert(!started.includes("b=1"), "written after the end");
});

Deno.test("a snapshot's keys go together; only those that failed are tried again, ever later", async () => {
  const { clock, started, finish, delays, writers, stop } = scene(1);
  for (const key of ["a", "b", "c"]) writers.put(key, 1, SNAPSHOT);
  assertEquals(started, ["a=1"]);
  finish[0]!.resolve();
  await clock.advance(0);
  assertEquals(started, ["a=1", "b=1 c=1"]);
  finish[1]!.resolve(["c"]);
  for (let i = 2; i < 12; i++) {
    await clock.advance(61_000);
    assertEquals(started[i], "c=1");
    finish[i]!.resolve(["c"]);
    await clock.advance(0);
  }
  assertEquals(delays.toSorted((x, y) => x - y), delays);
  assertEquals([delays[0], delays.at(-1)], [5000, 60_000]);
  writers.put("c", 2, LIVE); // something newer does not wait
  assertEquals(started.at(-1), "c=2");
  assertEquals(writers.length, 1);
  finish.at(-1)!.resolve();
  await clock.advance(1000);
  stop.abort();
  await writers.join();
  assertEquals(writers.length, 0);
});

Deno.test("while the gate is closed all waits, newest per key", async () => {
  const { clock, started, finish, gate, writers, stop } = scene(4);
  gate.open = false;
  for (let n = 1; n <= 3; n++) for (const key of ["a", "b"]) writers.put(key, n, LIVE);
  await clock.advance(60_000);
  assertEquals(started, []);
  assertEquals(writers.length, 2);
  gate.open = true;
  gate.opened.resolve();
  await clock.advance(0);
  assertEquals(started, ["a=3", "b=3"]);
  for (const { resolve } of finish) resolve();
  await clock.advance(0);
  stop.abort();
  await writers.join();
});

Deno.test("lag is the median of the last minute, so that one wrong clock does not hide it", async () => {
  const clock = new FakeClock();
  const lag = new Lag(clock);
  assertEquals(lag.summary(), { lagMs: null, maxLagMs: null });
  for (const ms of [100, 90_000, 300, 200, 250]) lag.add(ms);
  assertEquals(lag.summary(), { lagMs: 250, maxLagMs: 90_000 });
  await clock.advance(61_000);
  assertEquals(lag.summary(), { lagMs: null, maxLagMs: null });
});
