import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Silence, WATCH_INTERVAL_MS } from "../../lib/node/silence.ts";
import type { StateHealth } from "../../lib/state/directory_watch.ts";
import type { Alive } from "../../lib/state/records.ts";
import type { StateStore } from "../../lib/state/store.ts";

const PID = 42;

/** A watched process whose beats and store are the test's. */
function scene(earlier: number | null = null) {
  const clock = new FakeClock();
  const it = {
    alive: null as Alive | null | Error,
    health: { is: "fine" } as StateHealth,
    /** The store is not looked at anew: what it was found to be is the same finding. */
    stale: false,
  };
  const store = {
    readAlive: () =>
      it.alive instanceof Error ? Promise.reject(it.alive) : Promise.resolve(it.alive),
  } as unknown as StateStore;
  const deps = {
    clock,
    store,
    roleTimeoutMs: 10_000,
    storeHealth: () => it.stale ? it.health : { ...it.health },
  };
  const silence = new Silence(deps, { name: "manager", pid: PID, earlier });
  return {
    clock,
    silence,
    it,
    sign(at = clock.now(), pid = PID) {
      it.alive = { at, pid, doing: "leader", problem: null, rssBytes: 1 };
    },
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += WATCH_INTERVAL_MS) {
        await clock.advance(WATCH_INTERVAL_MS);
        await silence.look();
      }
    },
  };
}

Deno.test("silence grows until the next sign", async () => {
  const { silence, sign, pass } = scene();
  sign();
  await pass(9000);
  assert(!silence.tooLong);
  sign();
  await pass(9000);
  assert(!silence.tooLong);
  await pass(2000);
  assert(silence.tooLong);
  assertEquals([silence.doing, silence.healthyMs], ["leader", 9000]);
});

Deno.test("the first sign may take 20 s", async () => {
  const { silence, pass } = scene();
  await pass(19_000);
  assert(!silence.tooLong);
  await pass(2000);
  assert(silence.tooLong);
});

Deno.test("a sign of an earlier process, though with the same pid, is none", async () => {
  const { silence, sign, pass } = scene(500);
  sign(500);
  await pass(1000);
  assertEquals(silence.healthyMs, null);
  sign(1_000_900, 43);
  await pass(1000);
  assertEquals(silence.healthyMs, null);
});

Deno.test("a step of the wall clock is no silence", async () => {
  const { clock, silence, sign, pass } = scene();
  sign();
  await pass(1000);
  clock.step(3_600_000);
  await pass(1000);
  assert(!silence.tooLong);
  clock.step(-7_200_000);
  sign();
  await pass(1000);
  assert(silence.ms < 2000);
});

Deno.test("a pause of the supervisor itself is no silence of the role", async () => {
  const { clock, silence, sign, pass } = scene();
  sign();
  await pass(1000);
  await clock.advance(60_000);
  await silence.look();
  assert(!silence.tooLong);
});

Deno.test("the silence of who keeps the store from working counts, and no other's", async () => {
  const { silence, it, sign, pass } = scene();
  sign();
  await pass(1000);
  it.alive = new Error("the state file does not answer within 5 s");
  it.health = { is: "unwritable", reason: it.alive.message, heldBy: new Set([PID + 1]) };
  await pass(60_000);
  assert(!silence.tooLong, "another process holds the lock");
  it.health = { ...it.health, heldBy: new Set([PID]) };
  await pass(9000);
  assert(!silence.tooLong);
  await pass(2000);
  assert(silence.tooLong);
});

Deno.test("who is seen with the store's lock once has not kept it", async () => {
  const { clock, silence, it, sign, pass } = scene();
  sign();
  await pass(1000);
  it.alive = new Error("the state file does not answer within 5 s");
  const held = (pid: number): StateHealth => ({
    is: "unwritable",
    reason: "the state file does not answer within 5 s",
    heldBy: new Set([pid]),
  });
  for (let round = 0; round < 5; round++) {
    for (const pid of [PID + 1, PID]) {
      it.health = held(pid);
      await clock.advance(7000);
      await silence.look();
    }
  }
  assert(!silence.tooLong, `${silence.ms} ms`);
  it.stale = true;
  it.health = held(PID);
  await pass(60_000);
  assert(!silence.tooLong, "one finding that is not renewed");
});

Deno.test("while the store does not work, nobody is silent", async () => {
  const { silence, it, sign, pass } = scene();
  sign();
  await pass(1000);
  it.health = { is: "unwritable", reason: "no space left", heldBy: new Set() };
  await pass(60_000);
  assert(!silence.tooLong);
  it.health = { is: "fine" };
  it.alive = new Error("database is locked");
  await pass(60_000);
  assert(!silence.tooLong);
  sign(1);
  await pass(12_000);
  assert(silence.tooLong, "watched again");
});
