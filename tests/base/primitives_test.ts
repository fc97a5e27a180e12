import { abortable, whenAborted } from "../../lib/base/abortable.ts";
import { type Backoff, backoffMs } from "../../lib/base/backoff.ts";
import { deadline } from "../../lib/base/deadline.ts";
import { parseJson, parseJsonObject } from "../../lib/base/json.ts";
import { Ring } from "../../lib/base/ring.ts";
import { suggest } from "../../lib/base/suggest.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A signal that counts who listens to it. */
class CountedSignal {
  readonly controller = new AbortController();
  listeners = 0;

  constructor() {
    const { signal } = this.controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => (this.listeners++, add(...args));
    signal.removeEventListener = (...args: Parameters<typeof add>) => (
      this.listeners--, remove(...args)
    );
  }
}

class Reason extends Error {}
const never = () => new Promise<never>(() => {});
const unexpected = () => {
  throw new Error("nothing was late");
};

Deno.test("abortable: what the work gives or throws, and no listener is left", async () => {
  const counted = new CountedSignal();
  const { signal } = counted.controller;
  assertEquals(await abortable(Promise.resolve(1), signal), 1);
  await assertRejects(() => abortable(Promise.reject(new Reason()), signal), Reason);
  assertEquals(counted.listeners, 0);
});

Deno.test("abortable: the signal's reason, before or while it waits; a later failure is dropped", async () => {
  const counted = new CountedSignal();
  const { signal } = counted.controller;
  const work = Promise.withResolvers<void>();
  const waiting = assertRejects(() => abortable(work.promise, signal), Reason);
  counted.controller.abort(new Reason());
  await waiting;
  work.reject(new Error("too late to be heard"));
  await assertRejects(() => abortable(Promise.resolve(1), signal), Reason);
  assertEquals(counted.listeners, 0);
  await whenAborted(signal);
});

Deno.test("when aborted: resolves with the signal, not before", async () => {
  const stop = new AbortController();
  let over = false;
  const waiting = whenAborted(stop.signal).then(() => over = true);
  await Promise.resolve();
  assertEquals(over, false);
  stop.abort();
  await waiting;
});

// Deno's sanitizers fail these tests when a timer is left.
Deno.test("deadline: what the work gives or throws in time; no timer or listener is left", async () => {
  const counted = new CountedSignal();
  const { signal } = counted.controller;
  assertEquals(await deadline(Promise.resolve(1), 60_000, unexpected), 1);
  assertEquals(await deadline(Promise.resolve(1), 60_000, unexpected, { signal }), 1);
  await assertRejects(() => deadline(Promise.reject(new Reason()), 60_000, unexpected), Reason);
  assertEquals(counted.listeners, 0);
});

Deno.test("deadline: a value or an error when it is late, and what comes then is dropped", async () => {
  const clock = new FakeClock();
  const work = Promise.withResolvers<string>();
  const value = deadline(work.promise, 100, () => "late", { clock });
  const thrown = assertRejects(
    () =>
      deadline(work.promise, 100, () => {
        throw new Reason();
      }, { clock }),
    Reason,
  );
  let settled = false;
  value.then(() => settled = true);
  await clock.advance(99);
  assertEquals(settled, false);
  await clock.advance(1);
  assertEquals(await value, "late");
  await thrown;
  work.reject(new Error("too late to be heard"));
});

Deno.test("deadline: the signal ends the wait, and no timer is left", async () => {
  const stop = new AbortController();
  const waiting = assertRejects(
    () => deadline(never(), 60_000, unexpected, { signal: stop.signal }),
    Reason,
  );
  stop.abort(new Reason());
  await waiting;
});

Deno.test("backoff: doubles up to its limit; chance keeps to its part of the pause", () => {
  const pauses = (jitter: Backoff["jitter"], random: number) =>
    [0, 1, 2, 3, 60, 2000].map((n) => backoffMs({ firstMs: 100, maxMs: 500, jitter }, n, random));
  assertEquals(pauses("none", 0.9), [100, 200, 400, 500, 500, 500]);
  assertEquals(pauses("full", 0), [0, 0, 0, 0, 0, 0]);
  assertEquals(pauses("full", 0.5), [50, 100, 200, 250, 250, 250]);
  assertEquals(pauses("equal", 0), [50, 100, 200, 250, 250, 250]);
  assertEquals(pauses("equal", 0.5), [75, 150, 300, 375, 375, 375]);
  assertEquals(pauses("around", 0), [50, 100, 200, 250, 250, 250]);
  assertEquals(pauses("around", 0.5), [100, 200, 400, 500, 500, 500]);
  const drawn = new Set(Array.from({ length: 20 }, () => pauses("full", Math.random())[0]));
  assert(drawn.size > 1);
});

Deno.test("ring: keeps the last, the oldest first; what is taken is gone", () => {
  const ring = new Ring<number>(3);
  assertEquals([...ring], []);
  for (const n of [1, 2]) ring.push(n);
  assertEquals([[...ring], ring.size], [[1, 2], 2]);
  for (const n of [3, 4, 5]) ring.push(n);
  assertEquals([[...ring], ring.size], [[3, 4, 5], 3]);
  assertEquals([ring.take(2), [...ring]], [[3, 4], [5]]);
  for (const n of [6, 7, 8, 9]) ring.push(n);
  assertEquals([ring.take(), ring.size], [[7, 8, 9], 0]);
  ring.push(10);
  assertEquals([...ring], [10]);
});

Deno.test("JSON or nothing: null is a value; a list is no object", () => {
  assertEquals([parseJson("[1]"), parseJson("null"), parseJson("{"), parseJson("")], [
    [1],
    null,
    undefined,
    undefined,
  ]);
  assertEquals(parseJsonObject('{"a":1}'), { a: 1 });
  assertEquals(["[1]", "null", "1", '"a"', "{"].map(parseJsonObject), [
    null,
    null,
    null,
    null,
    null,
  ]);
});

Deno.test("a word that is too long to be misspelt is near to none", () => {
  assertEquals(suggest("strat", ["start", "status"]), "start");
  const long = "x".repeat(65);
  assertEquals(suggest(long, [long]), null);
});
