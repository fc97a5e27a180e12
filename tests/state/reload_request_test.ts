import { answerReload, requestReload, takeReload } from "../../lib/state/reload_request.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, assertMatch, assertRejects, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { inTime } from "../support/in_time.ts";
import { tempDir } from "../support/temp_dir.ts";

/** Two stores on one directory, the command's and the supervisor's, and a clock that only the test moves. */
async function withStores(
  play: (asker: StateStore, supervisor: StateStore, clock: FakeClock) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  using asker = await StateStore.open(dir.path);
  using supervisor = await StateStore.open(dir.path);
  await play(asker, supervisor, new FakeClock());
}

/** A request of a command, which sees a supervisor until `isGone` is set. */
function ask(store: StateStore, clock: FakeClock) {
  const seen = { isGone: false, looks: 0 };
  const supervisorRuns = () => {
    seen.looks++;
    return Promise.resolve(!seen.isGone);
  };
  const outcome = requestReload(store, clock, { by: "a test", supervisorRuns });
  return Object.assign(seen, { outcome });
}

/** Until the command has made a look that began after this call, with the clock as it stands. */
async function look(command: { readonly looks: number }, asker: StateStore): Promise<void> {
  const enough = command.looks + 2;
  await eventually("a whole look", () => {
    asker.changes.wake();
    return command.looks >= enough;
  });
}

/** Takes the request up, as a supervisor that has no other. */
const taking = (store: StateStore, clock: FakeClock) =>
  eventually("the request", () => takeReload(store, clock, false));

const notes = async (store: StateStore) =>
  (await store.readEvents("requests")).map(({ message }) => message);

const NOTED = "reading the configuration again was asked for by a test";

Deno.test("reload: the answer is what came of it, and who asked is noted", () =>
  withStores(async (asker, supervisor, clock) => {
    const outcomes = [
      { is: "in force", concerns: "manager" },
      { is: "refused", reason: "etcd: no such URL" },
    ] as const;
    for (const outcome of outcomes) {
      const { outcome: asked } = ask(asker, clock);
      const taken = await taking(supervisor, clock);
      assertEquals([taken.by, await takeReload(supervisor, clock, true)], ["a test", null]);
      await answerReload(supervisor, taken, outcome);
      assertEquals(await asked, outcome);
    }
    assertEquals(await notes(asker), [`${NOTED}: it is refused`, NOTED, NOTED]);
  }));

Deno.test("reload: a request is noted when it is taken up, whatever becomes of its command", () =>
  withStores(async (asker, supervisor, clock) => {
    const command = ask(asker, clock);
    const refusal = assertRejects(() => command.outcome, Error);
    const taken = await taking(supervisor, clock);
    // As it stands when the command is interrupted here.
    assertEquals(await notes(supervisor), [NOTED]);
    await supervisor.writeReload({ ...taken, state: "void", told: "it stops" });
    await inTime("the command ends", refusal);
    assertEquals(await notes(supervisor), [
      `${NOTED}: it was not done: no answer comes: it stops`,
      NOTED,
    ]);
  }));

Deno.test("reload: a reading that takes long is waited for, while the supervisor lives", () =>
  withStores(async (asker, supervisor, clock) => {
    const command = ask(asker, clock);
    const taken = await taking(supervisor, clock);
    for (let i = 0; i < 10; i++) {
      await supervisor.writeSupervisor({ at: clock.now(), pid: 1, node: "n" });
      await clock.advance(6000);
      await look(command, asker);
    }
    await answerReload(supervisor, taken, { is: "in force", concerns: "no role" });
    assertEquals(await command.outcome, { is: "in force", concerns: "no role" });
  }));

Deno.test("reload: what is not taken up in time is void, and an older version is thought of", () =>
  withStores(async (asker, supervisor, clock) => {
    const refusal = assertRejects(() => ask(asker, clock).outcome, Error);
    await eventually("the request", () => supervisor.readReload());
    await eventually("it is void", async () => {
      // It lives, and knows no such request.
      await supervisor.writeSupervisor({ at: clock.now(), pid: 7, node: "n" });
      await clock.advance(1000);
      return (await supervisor.readReload())?.state === "void";
    });
    const { message } = await inTime("the command ends", refusal);
    assertMatch(
      message,
      /answered for 15 s: .* an older version, which needs kill -HUP 7 until it/,
    );
    assertEquals(await takeReload(supervisor, clock, false), null);
  }));

Deno.test("reload: a supervisor that has taken it up and then stands still is not waited for", () =>
  withStores(async (asker, supervisor, clock) => {
    await supervisor.writeSupervisor({ at: clock.now(), pid: 7, node: "n" });
    const command = ask(asker, clock);
    const refusal = assertRejects(() => command.outcome, Error);
    await taking(supervisor, clock);
    await look(command, asker);
    await eventually("it is void", async () => {
      await clock.advance(1000);
      return (await supervisor.readReload())?.state === "void";
    });
    assertMatch(
      (await inTime("the command ends", refusal)).message,
      /no supervisor answered for 15 s: does it stand still/,
    );
  }));

Deno.test("reload: the end of the supervisor ends the wait at once, unless it has answered", async (t) => {
  for (const isTaken of [false, true]) {
    await t.step(
      isTaken ? "it was taken up" : "it was not taken up",
      () =>
        withStores(async (asker, supervisor, clock) => {
          const command = ask(asker, clock);
          const refusal = assertRejects(() => command.outcome, Error);
          await eventually("the request", () => supervisor.readReload());
          if (isTaken) await taking(supervisor, clock);
          command.isGone = true;
          await eventually("it is void", async () => {
            asker.changes.wake();
            return (await supervisor.readReload())?.state === "void";
          });
          assertMatch(
            (await inTime("the command ends", refusal)).message,
            /the node has ended before it said/,
          );
        }),
    );
  }
  await t.step("it has answered", () =>
    withStores(async (asker, supervisor, clock) => {
      const command = ask(asker, clock);
      const taken = await taking(supervisor, clock);
      // Between the command's look at the lock and its look at the record.
      const { readReload } = asker;
      Object.defineProperty(asker, "readReload", {
        async value() {
          if (command.isGone) {
            await answerReload(supervisor, taken, { is: "in force", concerns: "manager" });
          }
          return await readReload();
        },
      });
      command.isGone = true;
      asker.changes.wake();
      assertEquals(await command.outcome, { is: "in force", concerns: "manager" });
    }));
});

Deno.test("reload: another supervisor is not taken for the one that reads", () =>
  withStores(async (asker, supervisor, clock) => {
    await supervisor.writeSupervisor({ at: clock.now(), pid: 7, node: "n" });
    const command = ask(asker, clock);
    const refusal = assertRejects(() => command.outcome, Error);
    await taking(supervisor, clock);
    await look(command, asker);
    await supervisor.writeSupervisor({ at: clock.now() + 1, pid: 8, node: "n" });
    await eventually("it is void", async () => {
      asker.changes.wake();
      return (await supervisor.readReload())?.state === "void";
    });
    assertMatch(
      (await inTime("the command ends", refusal)).message,
      /supervisor \(pid 7\) has ended .* \(pid 8\) runs now/,
    );
  }));

Deno.test("reload: what nobody reads for any more gets no answer, and that is told", () =>
  withStores(async (asker, supervisor, clock) => {
    const refusal = assertRejects(() => ask(asker, clock).outcome, Error);
    await taking(supervisor, clock);
    // As by a supervisor that has begun anew, maybe with the same process id, or could not write.
    assertEquals(await takeReload(supervisor, clock, false), null);
    assertMatch(
      (await inTime("the command ends", refusal)).message,
      /no answer comes: .* look at the node's log/,
    );
  }));

Deno.test("reload: a reason of any length is told, as far as a record goes", () =>
  withStores(async (asker, supervisor, clock) => {
    const { outcome: asked } = ask(asker, clock);
    const taken = await taking(supervisor, clock);
    await answerReload(supervisor, taken, { is: "refused", reason: "etcd: \u0416".repeat(20_000) });
    const outcome = await asked;
    assert(outcome.is === "refused");
    assertMatch(outcome.reason, /^etcd: \u0416etcd.*…$/);
  }));

Deno.test("reload: another one in its place is an error, and is not answered for it", () =>
  withStores(async (asker, supervisor, clock) => {
    const refusal = assertRejects(() => ask(asker, clock).outcome, Error);
    const taken = await taking(supervisor, clock);
    await supervisor.writeReload({ ...taken, id: "another", state: "asked" });
    assertMatch((await inTime("the command ends", refusal)).message, /another request to reload/);
    await answerReload(supervisor, taken, { is: "in force", concerns: "manager" });
    assertEquals((await supervisor.readReload())?.state, "asked");
  }));

Deno.test("reload: what was left before this supervisor started is not acted on", () =>
  withStores(async (asker, supervisor, clock) => {
    const request = { id: "1", at: clock.now(), by: "a test", state: "asked", told: "" } as const;
    await asker.writeReload(request);
    await clock.advance(16_000);
    assertEquals(await takeReload(supervisor, clock, false), null);
  }));
