import fc from "fast-check";
import {
  advance,
  type Event,
  type Leadership,
  type Reading,
  type Settings,
  START,
  type State,
} from "../../lib/election/machine.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const SETTINGS: Settings = {
  name: "node-1",
  pid: 10,
  key: "/election",
  ttlMs: 15_000,
  refreshMs: 5000,
  marginMs: 2000,
  respectUnleased: false,
};
/** All clocks `ms` after an origin, the wall clock stepped by `step`. */
const at = (ms: number, step = 0): Reading => ({
  wall: 1_000_000 + ms + step,
  monotonic: ms,
  uptime: Math.floor(ms / 1000),
});
const term = (sentMs: number): Leadership => ({
  lease: "9",
  term: "5",
  since: 1_000_000 + sentMs,
  sent: at(sentMs),
});
const absent: Event = { type: "observed", key: null, pidAlive: true, predecessor: false };
const leader = (sentMs: number): State =>
  advance(START.state, { type: "elected", leadership: term(sentMs) }, at(sentMs), SETTINGS).state;

Deno.test("absent key: stand, publish, wait, refresh, publish anew", () => {
  assertEquals(START.effect, { do: "read" });
  let { state, effect } = advance(START.state, absent, at(0), SETTINGS);
  assertEquals([state.name, effect], ["candidate", { do: "stand", stale: null }]);
  const leadership = term(0);
  ({ state, effect } = advance(state, { type: "elected", leadership }, at(20), SETTINGS));
  assertEquals(effect, { do: "publish", leadership, validMs: 13_000 });
  ({ state, effect } = advance(state, { type: "published" }, at(30), SETTINGS));
  assertEquals([effect.do, state.name], ["wait", "leader"]);
  ({ state, effect } = advance(state, { type: "woken" }, at(5000), SETTINGS));
  assert(effect.do === "refresh");
  assertEquals(effect.deadlineMs, 8000, "never past the end of the term");
  ({ state, effect } = advance(state, { type: "refreshed", sent: at(5000) }, at(5010), SETTINGS));
  assert(effect.do === "publish");
  assertEquals(effect.leadership.sent, at(5000));
});

Deno.test("a grant that took longer than its validity is given back, not published", () => {
  const { state, effect } = advance(
    START.state,
    { type: "elected", leadership: term(0) },
    at(13_000),
    SETTINGS,
  );
  assertEquals([state.name, effect.do], ["follower", "end"]);
});

const ENDS: [string, Event, Reading, RegExp][] = [
  ["the key is another's", { type: "refused" }, at(100), /another's/],
  ["time has run out", { type: "woken" }, at(13_000), /not refreshed/],
  ["the clock jumped forward", { type: "woken" }, at(100, 1500), /stepped by 1500 ms/],
  ["the clock jumped backward", { type: "woken" }, at(100, -1500), /stepped by -1500 ms/],
  ["it cannot be published", { type: "unpublished", problem: "disk full" }, at(100), /disk full/],
  ["an operator asks", { type: "step-down", by: "me", pauseMs: 9 }, at(100), /asked by me/],
];
for (const [what, event, now, reason] of ENDS) {
  Deno.test(`a term ends when ${what}`, () => {
    const { state, effect } = advance(leader(0), event, now, SETTINGS);
    assert(effect.do === "end");
    assertMatch(effect.reason, reason);
    assertEquals(state.name, "follower");
  });
}

Deno.test("etcd out of reach: tried again each half second until the term is over", () => {
  let state = leader(0);
  let waits = 0;
  for (let ms = 5000; ms < 13_000; ms += 500) {
    const step = advance(state, { type: "unreachable", problem: "gone" }, at(ms), SETTINGS);
    assert(step.effect.do === "wait" && step.effect.ms <= 500);
    assertEquals(step.effect.problem, "gone");
    state = step.state;
    waits++;
  }
  assertEquals(waits, 16);
  const { effect } = advance(state, { type: "woken" }, at(13_000), SETTINGS);
  assert(effect.do === "end");
  assertMatch(effect.reason, /not refreshed.*gone/);
});

Deno.test("after a step-down it follows, and stands again only after the pause", () => {
  const event: Event = { type: "step-down", by: "me", pauseMs: 30_000 };
  let { state } = advance(leader(0), event, at(100), SETTINGS);
  ({ state } = advance(state, { type: "released" }, at(110), SETTINGS));
  const early = advance(state, absent, at(30_099), SETTINGS);
  assertEquals([early.state.name, early.effect.do], ["follower", "wait"]);
  assertEquals(advance(state, absent, at(30_100), SETTINGS).effect.do, "stand");
});

Deno.test("a node that could not publish its term leaves the next one to others for a while", () => {
  const event: Event = { type: "unpublished", problem: "disk full" };
  let { state } = advance(leader(0), event, at(100), SETTINGS);
  ({ state } = advance(state, { type: "released" }, at(110), SETTINGS));
  assertEquals(advance(state, absent, at(9_000), SETTINGS).effect.do, "wait");
  assertEquals(advance(state, absent, at(10_100), SETTINGS).effect.do, "stand");
});

Deno.test("stop: a leader releases, everyone finishes", () => {
  const led = advance(leader(0), { type: "stop" }, at(10), SETTINGS);
  assertEquals([led.state.name, led.effect.do], ["stopping", "end"]);
  assertEquals(advance(led.state, { type: "released" }, at(20), SETTINGS).effect.do, "finish");
  assertEquals(advance(START.state, { type: "stop" }, at(0), SETTINGS).effect.do, "finish");
});

Deno.test("whatever happens, nothing is published past the lease, and every end is said", () => {
  const event = (now: Reading) =>
    fc.oneof(
      fc.constantFrom<Event>(
        { type: "woken" },
        { type: "published" },
        { type: "refused" },
        { type: "released" },
        { type: "outrun" },
        { type: "unreachable", problem: "p" },
        { type: "step-down", by: "x", pauseMs: 1000 },
        absent,
      ),
      fc.nat(20_000).map((ms): Event => ({ type: "refreshed", sent: at(now.monotonic - ms) })),
      fc.nat(20_000).map((ms): Event => ({
        type: "elected",
        leadership: term(now.monotonic - ms),
      })),
    );
  const walk = fc.array(fc.tuple(fc.nat(8000), fc.integer({ min: -9000, max: 9000 })), {
    maxLength: 30,
  });
  fc.assert(fc.property(walk, fc.gen(), (steps, gen) => {
    let state: State = START.state;
    let ms = 0;
    let step = 0;
    for (const [pause, jump] of steps) {
      ms += pause;
      if (Math.abs(jump) > 8000) step += jump;
      const now = at(ms, step);
      const before = state;
      const next = advance(state, gen(event, now), now, SETTINGS);
      state = next.state;
      if (next.effect.do === "publish") {
        const { sent } = next.effect.leadership;
        const age = now.monotonic - sent.monotonic;
        assert(age < 13_000, "published when it is over");
        assertEquals(state.name, "leader");
      }
      if (before.name === "leader" && state.name !== "leader") assertEquals(next.effect.do, "end");
      if (next.effect.do === "wait") assert(next.effect.ms > 0 && next.effect.ms <= 2000);
      if (next.effect.do === "refresh") assert(next.effect.deadlineMs > 0);
    }
  }));
});
