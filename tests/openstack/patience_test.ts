import { OpenstackError } from "../../lib/openstack/http.ts";
import { Patience } from "../../lib/openstack/patience.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { FakeClock, settlePromises } from "../support/fake_clock.ts";

/** What may pass, by whether it does. */
const ERRORS: readonly (readonly [error: Error, passes: boolean])[] = [
  [new OpenstackError("no answer", null), true],
  [new OpenstackError("too many", 429), true],
  [new OpenstackError("busy", 503), true],
  [new OpenstackError("refused", 403), false],
  [new OpenstackError("not there", 404), false],
  [new OpenstackError("no list", 200), false],
  [new TypeError("a fault"), false],
];

function scene(limitMs?: number) {
  const clock = new FakeClock(0, settlePromises);
  const told: (string | null)[] = [];
  let beats = 0;
  const onTrouble = (why: string | null) => void told.push(why);
  const onBeat = () => void beats++;
  const patience = new Patience({ clock, onTrouble, onBeat, limitMs });
  return { clock, told, patience, beats: () => beats };
}
const { signal } = new AbortController();

for (const [error, passes] of ERRORS) {
  Deno.test(`patience: ${error.message} ${passes ? "is waited for" : "fails at once"}`, async () => {
    const { clock, told, patience } = scene();
    let tries = 0;
    const page = patience.run(
      () => ++tries < 3 ? Promise.reject(error) : Promise.resolve("page"),
      signal,
    ).catch((error) => error);
    await clock.advance(10_000);
    assertEquals(await page, passes ? "page" : error);
    assertEquals(tries, passes ? 3 : 1);
    assertEquals(told.map((why) => why === null), passes ? [false, false, true] : []);
    if (passes) assertMatch(told[0]!, new RegExp(`${error.message}.*next try in 1 s`));
  });
}

Deno.test("patience: it waits no longer than its limit in all, and says about once a second that it lives", async () => {
  const { clock, told, patience, beats } = scene(60_000);
  const error = new OpenstackError("no answer", null);
  const page = patience.run(() => Promise.reject(error), signal).catch((error) => error);
  await clock.advance(60_000);
  assertEquals(await page, error);
  assert(beats() >= 20 && beats() <= 65, `${beats()} beats`);
  assert(told.at(-1) !== null, "it does not say that all is well");
});

Deno.test("patience: of several pages that fail all have to come before all is well", async () => {
  const { clock, told, patience } = scene();
  const failing = new Set([1, 2]);
  const read = (page: number) =>
    patience.run(
      () => failing.has(page) ? Promise.reject(new OpenstackError("", 503)) : Promise.resolve(page),
      signal,
    );
  const pages = [read(1), read(2)];
  await clock.advance(10);
  failing.delete(1);
  await clock.advance(1000);
  assertEquals(await pages[0], 1);
  assert(!told.includes(null));
  failing.delete(2);
  await clock.advance(5000);
  assertEquals(await pages[1], 2);
  assertEquals(told.filter((why) => why === null).length, 1);
});

Deno.test("patience: however many pages wait at a time, an outage is waited out for as long", async () => {
  const { clock, patience } = scene();
  let away = true;
  const read = (page: number) =>
    patience.run(
      () => away ? Promise.reject(new OpenstackError("", 503)) : Promise.resolve(page),
      signal,
    ).catch((error) => error);
  const numbers = Array.from({ length: 16 }, (_, i) => i);
  const pages = numbers.map(read);
  await clock.advance(4 * 60_000);
  away = false;
  await clock.advance(30_000);
  assertEquals(await Promise.all(pages), numbers);
});

Deno.test("patience: an abort or stop ends the wait at once", async () => {
  const { clock, patience } = scene();
  const error = new OpenstackError("busy", 503);
  const end = new AbortController();
  const reason = new Error("the term is over");
  const read = () => Promise.reject(error);
  const aborted = patience.run(read, end.signal).catch((error) => error);
  const stopped = patience.run(read, signal).catch((error) => error);
  await clock.advance(0);
  end.abort(reason);
  assertEquals(await aborted, reason);
  patience.stop();
  assertEquals(await stopped, error);
  await assertRejects(() => patience.run(read, signal), OpenstackError);
});

Deno.test("patience: a silent Neutron is given up after five minutes, tries included, however many wait", async () => {
  const { clock, patience } = scene();
  const silent = new OpenstackError("no answer", null);
  // One after the other, as where one request is sent at a time.
  let turn: Promise<void> = Promise.resolve();
  const read = (signal: AbortSignal) => {
    const mine = turn.then(() => clock.sleep(120_000, signal));
    turn = mine.catch(() => {});
    return mine.then(() => Promise.reject(silent));
  };
  const failed: number[] = [];
  const pages = [1, 2, 3].map(() =>
    patience.run(read, signal).catch((error) => {
      assertEquals(error, silent);
      failed.push(clock.monotonic());
    })
  );
  await clock.advance(30 * 60_000);
  await Promise.all(pages);
  // The first one fails after its own two minutes, and with it the outage begins.
  assert(Math.max(...failed) <= 7 * 60_000, `${failed}`);
});

Deno.test("patience: outages that are over count together, and what is between them does not", async () => {
  const { clock, patience } = scene(40_000);
  const read = (until: number) => () =>
    clock.monotonic() < until
      ? Promise.reject(new OpenstackError("busy", 503))
      : Promise.resolve("page");
  for (const at of [0, 1_000_000]) {
    await clock.advance(at - clock.monotonic());
    const page = patience.run(read(at + 5000), signal);
    await clock.advance(20_000);
    assertEquals(await page, "page");
  }
  const from = clock.monotonic();
  let lastedMs = Infinity;
  const third = patience.run(read(Infinity), signal).catch(() => {
    lastedMs = clock.monotonic() - from;
  });
  await clock.advance(60_000);
  await third;
  assert(lastedMs <= 30_000, `${lastedMs} ms`);
});

Deno.test("patience: a page whose marker is gone at last fails no more, and one that is refused does", async () => {
  const { clock, told, patience } = scene();
  for (const status of [404, 403, 200]) {
    const errors = [new OpenstackError("busy", 503), new OpenstackError("another", status)];
    told.length = 0;
    const page = patience.run(() => Promise.reject(errors.shift()), signal).catch((error) => error);
    await clock.advance(10_000);
    assertEquals((await page).status, status);
    assertEquals(told.map((why) => why === null), status === 404 ? [false, true] : [false]);
  }
  // And a later outage is told again, with its end.
  told.length = 0;
  let tries = 0;
  const page = patience.run(
    () => tries++ === 0 ? Promise.reject(new OpenstackError("busy", 503)) : Promise.resolve(1),
    signal,
  );
  await clock.advance(10_000);
  assertEquals([await page, told.at(-1)], [1, null]);
});
