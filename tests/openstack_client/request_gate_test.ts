import { OpenstackError } from "../../lib/openstack/http.ts";
import { RequestGate, type Size, type UnderWay } from "../../lib/openstack/request_gate.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";

const { signal } = new AbortController();
const PAGE: Size = { kind: "ports", records: 1000 };
/** What one page costs an unburdened worker, ms. */
const COST_MS = 600;

/** A Neutron of so many workers, each of which serves one request at a time. */
class Workers {
  #queue: Promise<void>[] = [];
  most = 0;
  under = 0;
  served = 0;
  costMs = COST_MS;

  constructor(readonly clock: FakeClock, count: number) {
    this.#queue = Array.from({ length: count }, () => Promise.resolve());
  }

  /** Answers one that is sent now. */
  async serve(size: Size, underWay: UnderWay): Promise<Size> {
    underWay.sent();
    this.under++;
    this.most = Math.max(this.most, this.under);
    // The one that has the fewest before it: they come in turn.
    const [worker] = this.#queue.splice(0, 1);
    const mine = worker!.then(() => this.clock.sleep(this.costMs));
    this.#queue.push(mine);
    await mine;
    this.under--;
    this.served++;
    underWay.heard();
    return size;
  }
}

interface Scene {
  readonly clock: FakeClock;
  readonly gate: RequestGate;
  readonly workers: Workers;
  readonly downs: string[];
}

function scene(most: number, workers: number): Scene {
  const clock = new FakeClock(0, settlePromises);
  const downs: string[] = [];
  const gate = new RequestGate(most, {
    monotonic: () => clock.monotonic(),
    onDown: (reason) => downs.push(reason),
  });
  return { clock, gate, workers: new Workers(clock, workers), downs };
}

/** Sends one that Neutron refuses with that status; null: it does not answer. */
async function beRefused({ gate }: Scene, status: number | null): Promise<void> {
  const send = (underWay: UnderWay) => {
    underWay.sent();
    underWay.refused(status);
    return Promise.reject(new OpenstackError("no", status));
  };
  await gate.run({ urgent: false, signal, send }).catch(() => {});
}

function ask({ gate, workers }: Scene, size = PAGE, urgent = false): Promise<Size> {
  return gate.run({
    urgent,
    signal,
    send: (underWay) => workers.serve(size, underWay),
    sizeOf: (answer) => answer,
  });
}

/** As many walks as may be, for so long. */
async function walkFor(all: Scene, walks: number, ms: number): Promise<void> {
  const stop = { now: false };
  const run = async () => {
    while (!stop.now) await ask(all);
  };
  const running = Array.from({ length: walks }, run);
  await all.clock.advance(ms);
  stop.now = true;
  await all.clock.advance(20 * COST_MS * walks);
  await Promise.all(running);
}

Deno.test("with as many workers as may be asked at a time the gate opens wide, and stays so", async () => {
  const all = scene(8, 8);
  await walkFor(all, 8, 4 * COST_MS);
  assertEquals(all.gate.pace.limit, 8);
  await walkFor(all, 8, 600_000);
  assertEquals([all.gate.pace.limit, all.workers.most, all.downs], [8, 8, []]);
});

Deno.test("a dear first answer opens nothing, and one of a worker that loads its code is not the measure", async () => {
  const dear = scene(8, 8);
  dear.workers.costMs = 3 * COST_MS;
  const first = ask(dear);
  await dear.clock.advance(3 * COST_MS);
  await first;
  assertEquals(dear.gate.pace.limit, 1);
  // All others are as quick as usual, until eight wait for one worker.
  dear.workers.costMs = COST_MS;
  await walkFor(dear, 8, 6 * COST_MS);
  assertEquals(dear.gate.pace.limit, 8);
  dear.workers.costMs = 2.5 * COST_MS;
  await walkFor(dear, 8, 20 * COST_MS);
  assertEquals(dear.downs[0], "slow");
});

Deno.test("one worker behind eight: no more than two at a time wait for it", async () => {
  const all = scene(8, 1);
  await walkFor(all, 8, 600_000);
  assert(all.workers.most <= 3, `${all.workers.most} at a time`);
  assert(all.gate.pace.limit <= 2, `${all.gate.pace.limit}`);
});

Deno.test("never more than asked, and with one all come one after the other", async () => {
  for (const most of [1, 2, 5]) {
    const all = scene(most, 16);
    await walkFor(all, 20, 60_000);
    assertEquals(all.workers.most, most);
  }
});

Deno.test("answers that become more than twice as slow bring it down; it goes up slowly when they are quick", async () => {
  const all = scene(8, 8);
  await walkFor(all, 8, 30_000);
  assertEquals(all.gate.pace.limit, 8);
  all.workers.costMs = 3 * COST_MS;
  await walkFor(all, 8, 15_000);
  assert(all.gate.pace.limit < 8, `${all.gate.pace.limit}`);
  assertEquals(new Set(all.downs), new Set(["slow"]));
  assertEquals(all.gate.pace.cameDown?.reason, "slow");
  all.workers.costMs = COST_MS;
  const { limit } = all.gate.pace;
  await walkFor(all, 8, 5000);
  assert(all.gate.pace.limit <= limit + 1, "not at once");
  await walkFor(all, 8, 300_000);
  assertEquals(all.gate.pace.limit, 8);
});

Deno.test("what stays slow becomes usual: it comes down, learns and goes up again", async () => {
  const all = scene(4, 8);
  await walkFor(all, 4, 30_000);
  all.workers.costMs = 5 * COST_MS;
  await walkFor(all, 4, 3_600_000);
  assertEquals(all.gate.pace.limit, 4);
});

Deno.test("kinds and sizes are judged apart: small pages and other lists are not slow ones", async () => {
  const all = scene(4, 8);
  await walkFor(all, 4, 30_000);
  for (let i = 0; i < 30; i++) {
    all.workers.costMs = i % 2 ? COST_MS / 10 : 20 * COST_MS;
    const size = i % 2
      ? { kind: "ports", records: 82 }
      : { kind: "security-groups", records: 1000 };
    const done = ask(all, size);
    await all.clock.advance(all.workers.costMs);
    await done;
  }
  assertEquals([all.gate.pace.limit, all.downs], [4, []]);
});

Deno.test("a single slow answer is no reason, nor are answers within 100 ms", async () => {
  const all = scene(4, 8);
  await walkFor(all, 4, 30_000);
  all.workers.costMs = 20 * COST_MS;
  const one = ask(all);
  await all.clock.advance(all.workers.costMs);
  await one;
  assertEquals(all.downs, []);
  const quick = scene(4, 8);
  quick.workers.costMs = 5;
  await walkFor(quick, 4, 1000);
  quick.workers.costMs = 90;
  await walkFor(quick, 4, 10_000);
  assertEquals([quick.gate.pace.limit, quick.downs], [4, []]);
});

for (
  const [status, reason] of [[429, "too-many"], [503, "unavailable"], [null, "no-answer"]] as const
) {
  Deno.test(`${reason} halves it, once for all that were under way`, async () => {
    const all = scene(8, 8);
    await walkFor(all, 8, 30_000);
    await Promise.all(Array.from({ length: 8 }, () => beRefused(all, status)));
    assertEquals([all.gate.pace.limit, all.downs], [4, [reason]]);
    assertEquals(all.gate.underWay, 0);
  });
}

Deno.test("a refusal that is tried again counts, and its answer is not judged by its waits", async () => {
  const all = scene(2, 8);
  await walkFor(all, 2, 30_000);
  const answer = all.gate.run({
    urgent: false,
    signal,
    send: async (turn) => {
      turn.sent();
      turn.refused(429);
      await all.clock.sleep(10_000);
      return await all.workers.serve(PAGE, turn);
    },
    sizeOf: (size) => size,
  });
  await all.clock.advance(20_000);
  await answer;
  assertEquals([all.gate.pace.limit, all.downs], [1, ["too-many"]]);
});

Deno.test("any other refusal says nothing of Neutron's burden", async () => {
  const all = scene(2, 8);
  await walkFor(all, 2, 30_000);
  for (const status of [400, 401, 404, 500]) await beRefused(all, status);
  assertEquals([all.gate.pace.limit, all.downs], [2, []]);
});

Deno.test("urgent ones go first, and one of the others has its turn all the same", async () => {
  const all = scene(1, 1);
  const order: string[] = [];
  const asked: Promise<unknown>[] = [ask(all)];
  for (let i = 0; i < 3; i++) asked.push(ask(all).then(() => order.push("other")));
  for (let i = 0; i < 40; i++) asked.push(ask(all, PAGE, true).then(() => order.push("urgent")));
  await all.clock.advance(50 * COST_MS);
  await Promise.all(asked);
  assertEquals(order.slice(0, 15), Array(15).fill("urgent"));
  assertEquals(order.indexOf("other"), 15);
  assertEquals(order.filter((each) => each === "urgent").length, 40);
});

Deno.test("an urgent one goes beyond the pace, never beyond the most, and its place is kept for the next", async () => {
  const all = scene(2, 2);
  const list: Promise<unknown>[] = [];
  for (let i = 0; i < 12; i++) list.push(ask(all));
  await settlePromises();
  assertEquals(
    [all.gate.pace.limit, all.workers.under],
    [1, 1],
    "a list begins with one at a time",
  );
  const early = ask(all, PAGE, true);
  await settlePromises();
  assertEquals(all.workers.under, 2);
  await all.clock.advance(6 * COST_MS);
  assertEquals(all.gate.pace.limit, 2);
  // Both places are taken by the list: the first waits for a page, the second for none.
  const from = all.clock.monotonic();
  const first = ask(all, PAGE, true).then(() => all.clock.monotonic());
  await all.clock.advance(2 * COST_MS);
  assert(await first - from <= 2 * COST_MS);
  const at = all.clock.monotonic();
  const second = ask(all, PAGE, true).then(() => all.clock.monotonic());
  await all.clock.advance(COST_MS);
  assertEquals(await second - at, COST_MS, "it does not wait for a page of the list");
  await all.clock.advance(20 * COST_MS);
  await Promise.all([early, ...list]);
  assertEquals(all.workers.most, 2);
});

Deno.test("a place is kept for urgent ones that will come, where the pace would take all of them", async () => {
  const all = scene(2, 2);
  const expected = Promise.withResolvers<string>();
  const over = all.gate.keepPlaceUntil(expected.promise);
  const list = Array.from({ length: 40 }, () => ask(all));
  await all.clock.advance(4 * COST_MS);
  assertEquals([all.gate.pace.limit, all.workers.under], [2, 1]);
  expected.resolve("is here");
  assertEquals(await over, "is here");
  const from = all.clock.monotonic();
  const urgent = ask(all, PAGE, true).then(() => all.clock.monotonic() - from);
  await all.clock.advance(COST_MS);
  assertEquals(await urgent, COST_MS, "it does not wait for a page of the list");
  await all.clock.advance(3000);
  assertEquals(all.workers.under, 2, "and in the end no place is kept");
  await all.clock.advance(40 * COST_MS);
  await Promise.all(list);

  const wide = scene(8, 8);
  const failed = wide.gate.keepPlaceUntil(Promise.reject(new Error("it never comes")));
  assertEquals(await failed.catch(({ message }) => message), "it never comes");
  await walkFor(wide, 8, 6 * COST_MS);
  assertEquals(wide.workers.most, 8);
});

Deno.test("that Neutron is spared is said for some minutes, not as long as nobody asks for more", async () => {
  const all = scene(8, 8);
  await walkFor(all, 8, 6 * COST_MS);
  await beRefused(all, 503);
  assertEquals(all.gate.record(), { limit: 4, most: 8, spared: "unavailable" });
  await all.clock.advance(321_000);
  assertEquals(all.gate.record(), { limit: 4, most: 8, spared: null });
});

Deno.test("why only one is sent is said too where it began with one, and later it goes up as at first", async () => {
  const all = scene(8, 8);
  for (const [status, reason] of [[null, "no-answer"], [503, "unavailable"]] as const) {
    await beRefused(all, status);
    assertEquals(all.gate.record(), { limit: 1, most: 8, spared: reason });
  }
  assertEquals(all.downs, [], "nothing has come down");
  await walkFor(all, 8, 10_000 + 6 * COST_MS);
  assertEquals(all.gate.record(), { limit: 8, most: 8, spared: null });
  const one = scene(1, 1);
  await beRefused(one, null);
  assertEquals(one.gate.record(), { limit: 1, most: 1, spared: null }, "no more are wanted");
});

Deno.test("what takes long after Neutron has answered says nothing of Neutron", async () => {
  const all = scene(8, 8);
  const slowToRead = () =>
    all.gate.run({
      urgent: false,
      signal,
      send: async (underWay) => {
        await all.workers.serve(PAGE, underWay);
        if (all.workers.served > 12) await all.clock.sleep(5 * COST_MS); // we are busy with other answers
        return PAGE;
      },
      sizeOf: (answer) => answer,
    });
  const asked = Array.from({ length: 60 }, slowToRead);
  await all.clock.advance(100 * COST_MS);
  await Promise.all(asked);
  assertEquals([all.gate.pace.limit, all.downs], [8, []]);
  assertEquals(all.gate.busyMs, 60 * COST_MS);
});

Deno.test("time is added up for each who has an account, until Neutron answers or refuses", async () => {
  const all = scene(8, 8);
  const account = { busyMs: 0, waitedMs: 0 };
  const send = async (underWay: UnderWay) => {
    await all.workers.serve(PAGE, underWay);
    await all.clock.sleep(5 * COST_MS);
  };
  const failing = async (underWay: UnderWay) => {
    underWay.sent();
    await all.clock.sleep(COST_MS);
    underWay.refused(400);
    throw new OpenstackError("no", 400);
  };
  const asked = [
    all.gate.run({ urgent: false, signal, send, account }),
    all.gate.run({ urgent: false, signal, send: failing, account }).catch(() => {}),
    ask(all),
  ];
  await all.clock.advance(20 * COST_MS);
  await Promise.all(asked);
  assertEquals([account.busyMs, all.gate.busyMs], [2 * COST_MS, 3 * COST_MS]);
});

Deno.test("only what Neutron answered counts as its time: no silence, no proxy's 504, nothing between attempts", async () => {
  const all = scene(2, 8);
  const account = { busyMs: 0, waitedMs: 0 };
  const send = async (underWay: UnderWay) => {
    await all.clock.sleep(20_000); // for a token
    for (const status of [null, 502, 503, 504]) {
      underWay.sent();
      await all.clock.sleep(30_000);
      underWay.refused(status);
      await all.clock.sleep(10_000);
    }
    return await all.workers.serve(PAGE, underWay);
  };
  const done = all.gate.run({ urgent: false, signal, send, account });
  await all.clock.advance(200_000);
  await done;
  assertEquals(account.waitedMs, 4 * 30_000 + COST_MS, "all of them, and nothing between");
  assertEquals([account.busyMs, all.gate.busyMs], [COST_MS, COST_MS]);
});

Deno.test("who fails before anything is sent says nothing of Neutron", async () => {
  const all = scene(8, 8);
  await walkFor(all, 8, 30_000);
  const { busyMs } = all.gate;
  const send = async () => {
    await all.clock.sleep(30_000);
    throw new OpenstackError("Keystone does not answer", null);
  };
  const failed = all.gate.run({ urgent: false, signal, send }).catch(() => {});
  await all.clock.advance(30_000);
  await failed;
  assertEquals([all.gate.pace.limit, all.downs, all.gate.busyMs], [8, [], busyMs]);
});

Deno.test("when Neutron refuses, urgent ones are held back as well", async () => {
  const all = scene(8, 1);
  await beRefused(all, 503);
  assertEquals(all.gate.pace.limit, 1);
  const urgent = Array.from({ length: 8 }, () => ask(all, PAGE, true));
  await settlePromises();
  assertEquals(all.workers.under, 2);
  await all.clock.advance(20 * COST_MS);
  await Promise.all(urgent);
});

Deno.test("who is aborted while it waits gives its place up, and time of answers adds up", async () => {
  const all = scene(1, 1);
  const first = ask(all);
  const abort = new AbortController();
  const send = (underWay: UnderWay) => all.workers.serve(PAGE, underWay);
  const waiting = all.gate.run({ urgent: false, signal: abort.signal, send });
  const last = ask(all);
  const reason = new Error("enough");
  abort.abort(reason);
  assertEquals(await waiting.catch((error) => error), reason);
  await all.clock.advance(2 * COST_MS);
  await Promise.all([first, last]);
  assertEquals([all.workers.served, all.gate.busyMs], [2, 2 * COST_MS]);
});
