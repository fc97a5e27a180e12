import fc from "fast-check";
import { advance, START } from "../../lib/election/machine.ts";
import { describeTermEnd } from "../../lib/election/reasons.ts";
import type {
  Effect,
  Event,
  Leadership,
  Reading,
  Settings,
  State,
} from "../../lib/election/states.ts";
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
const KEY = { value: "node-2:7", createRevision: "5", modRevision: "6", lease: "9" };
const observed = (change: Partial<Event & { type: "observed" }> = {}): Event => ({
  type: "observed",
  key: null,
  granted: false,
  predecessor: false,
  ...change,
});
const absent = observed();
const NOBODY: Event = { type: "cleared", believedUntil: -Infinity };
/** A follower that has published nobody. */
const follower = advance(START.state, NOBODY, at(0), SETTINGS).state;
const leader = (sentMs: number): State =>
  advance(follower, { type: "elected", leadership: term(sentMs) }, at(sentMs), SETTINGS).state;

Deno.test("absent key: stand, publish, wait, refresh, publish anew", () => {
  assertEquals(START.effect, { do: "clear" });
  let { state, effect } = advance(START.state, NOBODY, at(0), SETTINGS);
  assertEquals([state.name, effect], ["follower", { do: "read" }]);
  ({ state, effect } = advance(state, absent, at(0), SETTINGS));
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

/** The effect that ends a term, once it is known until when somebody believes in it. */
function ending(state: State, believedUntil: number, now: Reading): Effect & { do: "end" } {
  const { effect } = advance(state, { type: "cleared", believedUntil }, now, SETTINGS);
  assert(effect.do === "end");
  return effect;
}

/** A follower whose term has ended by `event`. */
function afterEnd(event: Event, believedUntil = -Infinity): State {
  let { state } = advance(leader(0), event, at(100), SETTINGS);
  ({ state } = advance(state, { type: "cleared", believedUntil }, at(105), SETTINGS));
  return advance(state, { type: "ended" }, at(110), SETTINGS).state;
}

Deno.test("a grant that took longer than its validity is given back, not published", () => {
  const elected: Event = { type: "elected", leadership: term(0) };
  const { state, effect } = advance(follower, elected, at(13_000), SETTINGS);
  assertEquals([state.name, effect.do], ["ending", "clear"]);
  assert(ending(state, -Infinity, at(13_000)).release);
});

const ENDS: [string, Event, Reading, RegExp][] = [
  ["the key is another's", { type: "conflict" }, at(100), /another's/],
  ["time has run out", { type: "woken" }, at(13_000), /not refreshed/],
  ["the clock jumped forward", { type: "woken" }, at(100, 1500), /stepped by 1500 ms/],
  ["the clock jumped backward", { type: "woken" }, at(100, -1500), /stepped by -1500 ms/],
  ["it cannot be published", { type: "unpublished", problem: "disk full" }, at(100), /disk full/],
  ["an operator asks", { type: "step-down", by: "me", pauseMs: 9 }, at(100), /asked by me/],
];
for (const [what, event, now, reason] of ENDS) {
  Deno.test(`a term ends when ${what}`, () => {
    const { state, effect } = advance(leader(0), event, now, SETTINGS);
    assertEquals([state.name, effect.do], ["ending", "clear"]);
    assertMatch(describeTermEnd(ending(state, -Infinity, now).end), reason);
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
  const over = advance(state, { type: "woken" }, at(13_000), SETTINGS);
  assertMatch(
    describeTermEnd(ending(over.state, -Infinity, at(13_000)).end),
    /not refreshed.*gone/,
  );
});

Deno.test("after a step-down it follows, and stands again only after the pause", () => {
  const event: Event = { type: "step-down", by: "me", pauseMs: 30_000 };
  const state = afterEnd(event);
  const early = advance(state, absent, at(30_099), SETTINGS);
  assertEquals([early.state.name, early.effect.do], ["follower", "wait"]);
  assertEquals(advance(state, absent, at(30_100), SETTINGS).effect.do, "stand");
});

Deno.test("a node that could not publish its term leaves the next one to others for a while", () => {
  const event: Event = { type: "unpublished", problem: "disk full" };
  const state = afterEnd(event);
  assertEquals(advance(state, absent, at(9_000), SETTINGS).effect.do, "wait");
  assertEquals(advance(state, absent, at(10_100), SETTINGS).effect.do, "stand");
});

Deno.test("stop: a leader publishes nobody, releases, finishes; a follower finishes", () => {
  const led = advance(leader(0), { type: "stop" }, at(10), SETTINGS);
  assertEquals([led.state.name, led.effect.do], ["ending", "clear"]);
  const cleared = advance(led.state, NOBODY, at(20), SETTINGS);
  assert(cleared.effect.do === "end" && cleared.effect.release);
  assertEquals(advance(cleared.state, { type: "ended" }, at(30), SETTINGS).effect.do, "finish");
  assertEquals(advance(START.state, { type: "stop" }, at(0), SETTINGS).effect.do, "finish");
  assertEquals(advance(follower, { type: "stop" }, at(0), SETTINGS).effect.do, "finish");
});

Deno.test("stop in the middle of an end: what is left of the end is done, then it finishes", () => {
  const over = advance(leader(0), { type: "conflict" }, at(100), SETTINGS);
  const stopped = advance(over.state, { type: "stop" }, at(101), SETTINGS);
  assertEquals([stopped.state.name, stopped.effect.do], ["ending", "clear"]);
  const cleared = advance(over.state, NOBODY, at(102), SETTINGS);
  const later = advance(cleared.state, { type: "stop" }, at(103), SETTINGS);
  assertEquals(later.effect, cleared.effect);
  assertEquals(advance(later.state, { type: "ended" }, at(104), SETTINGS).effect.do, "finish");
});

Deno.test("while somebody may believe in a term, its key is neither released nor taken again", () => {
  for (const event of [{ type: "conflict" }, { type: "stop" }] satisfies Event[]) {
    const { state } = advance(leader(0), event, at(100), SETTINGS);
    assert(!ending(state, 14, at(13_999)).release, "uptime 13 s");
    assert(ending(state, 14, at(14_000)).release);
  }
  const state = afterEnd({ type: "conflict" }, 14);
  const left = observed({ key: { ...KEY, value: "node-1:10" }, granted: true });
  for (const seen of [left, absent]) {
    const early = advance(state, seen, at(13_999), SETTINGS);
    assert(early.effect.do === "wait");
    assertMatch(early.effect.problem!, /cannot be published.*disk/);
    assertEquals(advance(early.state, { type: "woken" }, at(13_999), SETTINGS).effect.do, "clear");
    const late = advance(state, seen, at(14_000), SETTINGS);
    assert(late.effect.do === "stand");
    assertEquals(late.effect.stale?.modRevision, seen === left ? "6" : undefined);
  }
  const cleared = advance(state, NOBODY, at(5000), SETTINGS);
  assertEquals(advance(cleared.state, absent, at(5000), SETTINGS).effect.do, "stand");
});

Deno.test("what an earlier manager published, and nobody can read, counts for a whole TTL", () => {
  const unknown: Event = { type: "cleared", believedUntil: null };
  let { state } = advance(START.state, unknown, at(5000), SETTINGS);
  ({ state } = advance(state, unknown, at(12_000), SETTINGS)); // told again, it counts no longer
  assertEquals(advance(state, absent, at(20_999), SETTINGS).effect.do, "wait");
  assertEquals(advance(state, absent, at(21_000), SETTINGS).effect.do, "stand");
  ({ state } = advance(START.state, { type: "cleared", believedUntil: 9 }, at(5000), SETTINGS));
  assertEquals(advance(state, absent, at(9000), SETTINGS).effect.do, "stand");
});

Deno.test("another manager has taken over: it finishes at once, and gives up nothing", () => {
  for (const state of [START.state, follower, leader(0)]) {
    const step = advance(state, { type: "superseded" }, at(10), SETTINGS);
    assertEquals([step.state.name, step.effect.do], ["stopping", "finish"]);
  }
});

Deno.test("a key of this node's name: left to its lease until proven, and said", () => {
  const key = { ...KEY, value: "node-1:7" };
  const first = advance(follower, observed({ key }), at(0), SETTINGS);
  assert(first.effect.do === "wait");
  assertMatch(first.effect.problem!, /nothing proves/);
  const refreshed = observed({ key: { ...key, modRevision: "7" } });
  const second = advance(first.state, refreshed, at(1000), SETTINGS);
  assert(second.effect.do === "wait");
  assertEquals(second.effect.problem, null);
  const proven = advance(follower, observed({ key, predecessor: true }), at(0), SETTINGS);
  assert(proven.effect.do === "stand");
  assertEquals(proven.effect.stale?.modRevision, "6");
});

Deno.test("whatever happens: nothing past the lease, and no key given up or taken while somebody believes", () => {
  const event = (now: Reading) =>
    fc.oneof(
      fc.constantFrom<Event>(
        { type: "woken" },
        { type: "published" },
        { type: "conflict" },
        { type: "ended" },
        { type: "outrun" },
        { type: "unpublished", problem: "p" },
        { type: "unreachable", problem: "p" },
        { type: "step-down", by: "x", pauseMs: 1000 },
        { type: "stop" },
        { type: "superseded" },
        absent,
        observed({ key: KEY }),
        observed({ key: { ...KEY, value: "node-1:10" }, granted: true }),
      ),
      fc.option(fc.integer({ min: -20, max: 20 }), { nil: null }).map((s): Event => ({
        type: "cleared",
        believedUntil: s === null ? null : now.uptime + s,
      })),
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
    let told = Infinity; // until when somebody may believe to lead, as told last
    for (const [pause, jump] of steps) {
      ms += pause;
      if (Math.abs(jump) > 8000) step += jump;
      const now = at(ms, step);
      const before = state;
      const happened = gen(event, now);
      const next = advance(state, happened, now, SETTINGS);
      state = next.state;
      if (happened.type === "cleared") {
        told = happened.believedUntil ?? (told === Infinity ? now.uptime + 16 : told);
      }
      if (next.effect.do === "publish") {
        const { sent } = next.effect.leadership;
        const age = now.monotonic - sent.monotonic;
        assert(age < 13_000, "published when it is over");
        assertEquals(state.name, "leader");
      }
      if (before.name === "leader" && state.name !== "leader") {
        const superseded = happened.type === "superseded";
        assertEquals(next.effect.do, superseded ? "finish" : "clear");
        told = Infinity;
      }
      if (next.effect.do === "stand") assert(told <= now.uptime, "stood while somebody believes");
      if (next.effect.do === "end" && next.effect.release) {
        assert(told <= now.uptime, "released while somebody believes");
      }
      if (before.name === "ending" && state.name === "follower") {
        assertEquals(happened.type, "ended");
      }
      if (next.effect.do === "wait") assert(next.effect.ms > 0 && next.effect.ms <= 2000);
      if (next.effect.do === "refresh") assert(next.effect.deadlineMs > 0);
    }
  }));
});
