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
import { osloTime } from "../../lib/status/http_reporter.ts";
import { LIVE, NewestQueue, RETRY, SNAPSHOT } from "../../lib/status/newest_queue.ts";
import { Writers } from "../../lib/status/writers.ts";

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
  assertEquals(parsePortStatus(bytes('{"status":"sideways"}')), null);
  assertEquals(parsePortStatus(bytes("{no")), "ERROR");
  assertEquals(parsePortStatus(null), "ERROR");
  const good = '{"time":"2026-01-02T03:04:05Z","uptime":5,"first_update":true}';
  assertEquals(parseAgentStatus(bytes(good)), {
    time: Date.UTC(2026, 0, 2, 3, 4, 5),
    uptimeSeconds: 5,
    firstUpdate: true,
  });
  assertEquals(parseAgentStatus(bytes('{"time":"yesterday","uptime":5}')), null);
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

Deno.test("the queue behaves as a sorted list in which the newest value of a key wins", () => {
  const put = fc.record({
    key: fc.constantFrom("a", "b", "c", "d"),
    value: fc.nat(),
    priority: fc.constantFrom(LIVE, SNAPSHOT, RETRY),
  });
  fc.assert(fc.property(fc.array(put), (puts) => {
    const queue = new NewestQueue<number>();
    const oracle: { key: string; value: number; priority: number }[] = [];
    for (const { key, value, priority } of puts) {
      queue.put(key, value, priority);
      const waiting = oracle.find((entry) => entry.key === key);
      if (waiting && waiting.priority <= priority) waiting.value = value;
      else {
        if (waiting) oracle.splice(oracle.indexOf(waiting), 1);
        oracle.push({ key, value, priority });
      }
    }
    const expected = oracle.toSorted((a, b) => a.priority - b.priority);
    assertEquals(queue.size, expected.length);
    const taken = expected.map(() => queue.take(() => false));
    assertEquals(taken, expected.map(({ key, value }) => ({ key, value })));
    assertEquals(queue.take(() => false), null);
  }));
});

Deno.test("never two in flight for one key, the newest wins, a failure is tried again", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const started: string[] = [];
  const finish: { resolve(): void; reject(error: Error): void }[] = [];
  const writers = new Writers<number>({
    count: 2,
    clock,
    signal: stop.signal,
    write(key, value) {
      started.push(`${key}=${value}`);
      return new Promise((resolve, reject) => finish.push({ resolve, reject }));
    },
    onSuccess: () => {},
    onFailure: () => {},
  });
  writers.put("a", 1, SNAPSHOT);
  writers.put("a", 2, LIVE);
  writers.put("a", 3, LIVE);
  assertEquals(started, ["a=1"]);
  finish[0]!.resolve();
  await clock.advance(0);
  assertEquals(started, ["a=1", "a=3"]);
  finish[1]!.reject(new Error("no"));
  await clock.advance(4999);
  assertEquals(started.length, 2);
  await clock.advance(2);
  assertEquals(started, ["a=1", "a=3", "a=3"]);
  finish[2]!.resolve();
  await writers.join();
  assertEquals(writers.length, 0);
  stop.abort();
  writers.put("b", 1, LIVE);
  assert(!started.includes("b=1"), "written after the end");
});
