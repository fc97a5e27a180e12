import { deadline } from "../../lib/base/deadline.ts";
import { ask } from "../../lib/state/request.ts";
import { requestStepDown } from "../../lib/state/step_down_request.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertRejects, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** Two stores on one directory, as two processes have them, and a clock that only the test moves. */
async function scene() {
  const dir = await Deno.makeTempDir({ prefix: "request-" });
  const [asker, other] = [await StateStore.open(dir), await StateStore.open(dir)];
  return {
    asker,
    other,
    clock: new FakeClock(),
    async [Symbol.asyncDispose]() {
      asker[Symbol.dispose]();
      other[Symbol.dispose]();
      await Deno.remove(dir, { recursive: true });
    },
  };
}

class Refused extends Error {}

/** What comes by news alone, since the clock stands: news that is lost is to fail the test, not to let it hang. */
function told<T>(work: Promise<T>): Promise<T> {
  return deadline(work, 60_000, () => {
    throw new Error("the news has not come");
  });
}

Deno.test("request: the answer of another process wakes whoever asks, with no look in between", async () => {
  await using s = await scene();
  const outcome = requestStepDown(s.asker, s.clock, "a test", 3);
  const request = await eventually("the request", () => s.other.readStepDown());
  assertEquals([request.by, request.pauseSeconds, request.outcome], ["a test", 3, null]);
  await s.other.writeStepDown({ ...request, outcome: "stepped down", handledAt: 1 });
  assertEquals(await told(outcome), "stepped down"); // the clock has not moved
});

Deno.test("request: without an answer in time it is void, which who answers late can see", async () => {
  await using s = await scene();
  const refusal = assertRejects(() => requestStepDown(s.asker, s.clock, "a test", 3), Error);
  await eventually("the request", () => s.other.readStepDown());
  await eventually("it is void", async () => {
    await s.clock.advance(500);
    return (await s.other.readStepDown())?.outcome === "not leading";
  });
  assert(/no manager answered within 5 s/.test((await refusal).message));
});

Deno.test("request: an answer of which nobody told is heard at the end of the time, too", async () => {
  await using s = await scene();
  let answer: string | null = null;
  let looks = 0;
  let withdrawn = false;
  const asked = ask(s.asker, s.clock, {
    readAnswer: () => Promise.resolve((looks++, answer)),
    withdraw: () => Promise.resolve(void (withdrawn = true)),
  }, { answerMs: 700 });
  await eventually("a second look", async () => {
    await s.clock.advance(100);
    return looks >= 2;
  });
  answer = "done";
  await s.clock.advance(600);
  assertEquals([await asked, withdrawn], ["done", false]);
});

Deno.test("request: another one in its place is an error, and is left alone", async () => {
  await using s = await scene();
  const refusal = assertRejects(() => requestStepDown(s.asker, s.clock, "a test", 3), Error);
  const request = await eventually("the request", () => s.other.readStepDown());
  await s.other.writeStepDown({ ...request, id: "another" });
  assert(/another request/.test((await told(refusal)).message));
  assertEquals((await s.other.readStepDown())?.outcome, null);
});

Deno.test("request: who is heard of gets more time; an error and a signal withdraw it", async () => {
  await using s = await scene();
  let withdrawn = 0;
  let looks = 0;
  const withdraw = () => Promise.resolve(void withdrawn++);
  const busy = ask(s.asker, s.clock, {
    readAnswer(heard) {
      if (++looks < 20) heard();
      return Promise.resolve(null);
    },
    withdraw,
  }, { answerMs: 2000 });
  while (withdrawn === 0) await s.clock.advance(500);
  assertEquals([await busy, looks], [null, 23]);
  await assertRejects(
    () =>
      ask(s.asker, s.clock, { readAnswer: () => Promise.reject(new Refused()), withdraw }, {
        answerMs: 1,
      }),
    Refused,
  );
  const stop = new AbortController();
  const given = assertRejects(
    () =>
      ask(s.asker, s.clock, { readAnswer: () => Promise.resolve(null), withdraw }, {
        answerMs: 2000,
        signal: stop.signal,
      }),
    Refused,
  );
  stop.abort(new Refused());
  await given;
  assertEquals(withdrawn, 3);
});
