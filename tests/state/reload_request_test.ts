import { answerReload, requestReload, takeReload } from "../../lib/state/reload_request.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals, assertMatch, assertRejects, eventually } from "../support/assert.ts";
import { FakeClock } from "../support/fake_clock.ts";
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

const notes = async (store: StateStore) =>
  (await store.readEvents("requests")).map(({ message }) => message);

Deno.test("reload: the answer is what came of it, and who asked is noted", () =>
  withStores(async (asker, supervisor, clock) => {
    const outcomes = [
      { is: "in force", concerns: "manager" },
      { is: "refused", reason: "etcd: no such URL" },
    ] as const;
    for (const outcome of outcomes) {
      const asked = requestReload(asker, clock, "a test");
      const taken = await eventually("the request", () => takeReload(supervisor, clock));
      assertEquals([taken.by, await takeReload(supervisor, clock)], ["a test", null]);
      await answerReload(supervisor, taken, outcome);
      assertEquals(await asked, outcome);
    }
    const noted = "reading the configuration again was asked for by a test";
    assertEquals(await notes(asker), [`${noted}: it is refused`, noted]);
  }));

Deno.test("reload: a reading that takes long is waited for, while the supervisor lives", () =>
  withStores(async (asker, supervisor, clock) => {
    const asked = requestReload(asker, clock, "a test");
    const taken = await eventually("the request", () => takeReload(supervisor, clock));
    for (let i = 0; i < 60; i++) {
      await supervisor.writeSupervisor({ at: clock.now(), pid: 1, node: "n" });
      await clock.advance(1000);
    }
    await answerReload(supervisor, taken, { is: "in force", concerns: "no role" });
    assertEquals(await asked, { is: "in force", concerns: "no role" });
  }));

Deno.test("reload: without a supervisor, or when it ends meanwhile, the request is void", async (t) => {
  for (const [name, isTaken] of [["nobody takes it up", false], ["it ends", true]] as const) {
    await t.step(name, () =>
      withStores(async (asker, supervisor, clock) => {
        const refusal = assertRejects(() => requestReload(asker, clock, "a test"), Error);
        await eventually("the request", () => supervisor.readReload());
        if (isTaken) await takeReload(supervisor, clock);
        await eventually("it is void", async () => {
          await clock.advance(1000);
          return (await supervisor.readReload())?.state === "void";
        });
        assertMatch((await refusal).message, /no supervisor answered for 15 s/);
        assertEquals(await takeReload(supervisor, clock), null);
      }));
  }
});

Deno.test("reload: another one in its place is an error, and is not answered for it", () =>
  withStores(async (asker, supervisor, clock) => {
    const refusal = assertRejects(() => requestReload(asker, clock, "a test"), Error);
    const taken = await eventually("the request", () => takeReload(supervisor, clock));
    await supervisor.writeReload({ ...taken, id: "another", state: "asked" });
    assertMatch((await refusal).message, /another request to reload/);
    await answerReload(supervisor, taken, { is: "in force", concerns: "manager" });
    assertEquals((await supervisor.readReload())?.state, "asked");
  }));

Deno.test("reload: what was left before this supervisor started is not acted on", () =>
  withStores(async (asker, supervisor, clock) => {
    const request = { id: "1", at: clock.now(), by: "a test", state: "asked", told: "" } as const;
    await asker.writeReload(request);
    await clock.advance(16_000);
    assertEquals(await takeReload(supervisor, clock), null);
  }));
