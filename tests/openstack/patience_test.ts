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
