import { firstAnswer } from "../../lib/election/first_answer.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";

function scene(answersAt: number) {
  const clock = new FakeClock(0);
  const said = new Set<string>();
  let calls = 0;
  const get = () => {
    calls++;
    return clock.monotonic() >= answersAt
      ? Promise.resolve(null)
      : Promise.reject(new Error("no answer"));
  };
  let endedAt: number | null = null;
  const stop = new AbortController();
  const alive = (doing: string) => void said.add(doing);
  const ended = firstAnswer({ get }, { clock, alive }, stop.signal)
    .then(() => endedAt = clock.monotonic());
  return { clock, said, stop, ended, endedAt: () => endedAt, calls: () => calls };
}

Deno.test("an etcd that answers is not waited for", async () => {
  const { ended, calls } = scene(0);
  assertEquals(await ended, 0);
  assertEquals(calls(), 1);
});

Deno.test("an etcd that is being started is asked until it answers, and no longer than it may take", async () => {
  const starts = scene(3000);
  await starts.clock.advance(5000);
  assertEquals(await starts.ended, 3000);
  assertEquals([...starts.said], ["waiting until the lab's etcd is up"]);
  const never = scene(Infinity);
  await never.clock.advance(14_900);
  assertEquals(never.endedAt(), null);
  await never.clock.advance(100);
  assertEquals(await never.ended, 15_000);
});

Deno.test("the end of the process ends the wait for etcd", async () => {
  const { clock, stop, ended } = scene(Infinity);
  await clock.advance(1000);
  stop.abort();
  const at = await ended;
  assert(at === 1000, `${at}`);
});
