import { Reloads } from "../../lib/node/reload.ts";
import { type ReloadOutcome, requestReload } from "../../lib/state/reload_request.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals, assertMatch, assertRejects, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { inTime } from "../support/in_time.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { tempDir } from "../support/temp_dir.ts";

const IN_FORCE: ReloadOutcome = { is: "in force", concerns: "no role" };

/** A command's store and a supervisor's, whose readings end when the test says so. */
async function scene() {
  const stack = new AsyncDisposableStack();
  const { path } = stack.use(await tempDir());
  const [asker, store] = [await StateStore.open(path), await StateStore.open(path)];
  stack.use(asker);
  stack.use(store);
  const [log, clock, reloads] = [new LogRecorder(), new FakeClock(), new Reloads()];
  const readings: PromiseWithResolvers<ReloadOutcome>[] = [];
  const read = () => {
    readings.push(Promise.withResolvers());
    return readings.at(-1)!.promise;
  };
  return {
    asker,
    store,
    reloads,
    readings,
    turn: () => reloads.turn(read, { store, log, clock, serviceManager: null }),
    ask: () =>
      requestReload(asker, clock, { by: "a test", supervisorRuns: () => Promise.resolve(true) }),
    /** Who has asked, as the log says it. */
    logged: () => log.at("info").map(({ fields }) => fields.by),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("reload: the supervisor's log says who asked, whether or not somebody waits for the answer", async () => {
  await using s = await scene();
  const asked = s.ask();
  await eventually("it is taken up", async () => {
    await s.turn();
    return s.readings.length === 1;
  });
  assertEquals(s.logged(), ["a test"]);
  s.readings[0]!.resolve(IN_FORCE);
  assertEquals(await asked, IN_FORCE);

  s.reloads.signalled();
  await eventually("the signal is heard", async () => {
    await s.turn();
    return s.readings.length === 2;
  });
  s.readings[1]!.resolve(IN_FORCE);
  await s.reloads.end(s.store, "the node stops");
  assertEquals(s.logged(), ["a test", "SIGHUP"]);
});

Deno.test("reload: who waits for a reading that does not begin any more is told that the node stops", async () => {
  await using s = await scene();
  s.reloads.signalled();
  await s.turn();
  for (const isTaken of [true, false]) {
    const refusal = assertRejects(() => s.ask(), Error);
    await eventually("the request", async () => (await s.store.readReload())?.state === "asked");
    if (isTaken) await s.turn(); // it waits until the signal's has been read
    const end = s.reloads.end(s.store, "the node stops");
    s.readings[0]!.resolve(IN_FORCE);
    await end;
    assertMatch(
      (await inTime("the command ends", refusal)).message,
      /^no answer comes: the node stops$/,
    );
  }
});

Deno.test("reload: an answer that cannot be written is made up for", async () => {
  await using s = await scene();
  const refusal = assertRejects(() => s.ask(), Error);
  await eventually("it is taken up", async () => {
    await s.turn();
    return s.readings.length === 1;
  });
  const { writeReload } = s.store;
  const fails = (writes: boolean) =>
    Object.defineProperty(s.store, "writeReload", {
      value: writes ? writeReload : () => Promise.reject(new Error("disk full")),
    });
  fails(false);
  s.readings[0]!.resolve(IN_FORCE);
  await s.reloads.end(s.store, "not yet");
  fails(true);
  await s.turn();
  assertMatch(
    (await inTime("the command ends", refusal)).message,
    /^no answer comes: what came of it could not be told/,
  );
});
