import { systemClock } from "../../../lib/base/clock.ts";
import { StateStore } from "../../../lib/state/store.ts";
import { DifferenceLog } from "../../../lib/sync/apply/difference_log.ts";
import { RoundRuns, type SliceEnd } from "../../../lib/sync/rounds/round_runs.ts";
import { Rounds } from "../../../lib/sync/rounds/rounds.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { LogRecorder } from "../../support/log_recorder.ts";
import { tempDir } from "../../support/temp_dir.ts";
import { type Scene, WEP, withCloud } from "../scene.ts";

interface Told {
  readonly scene: Scene;
  /** A round to its end. */
  round(): Promise<SliceEnd>;
  /** The history's records, oldest first: reason, whole, changes, guards, what was left. */
  history(): Promise<(readonly [string, boolean, number, string, string])[]>;
  store: StateStore;
  runs: RoundRuns;
  noted: () => { reason: "incremental"; differences: DifferenceLog; stateDir: string };
}

async function withRuns(
  fullRounds: number,
  play: (told: Told) => Promise<void>,
  size?: { ports: number; hosts: number },
): Promise<void> {
  await withCloud(async (scene) => {
    await using dir = await tempDir();
    using store = await StateStore.open(dir.path);
    const config = {
      neutronBudgetPercent: 100,
      fullRounds,
      incrementalIntervalSeconds: 1,
      resyncIntervalSeconds: 60,
    };
    const rounds = new Rounds(config, systemClock, scene.deps.neutron);
    const context = { clock: systemClock, log: new LogRecorder(), store, alive: () => {} };
    const runs = new RoundRuns(rounds, context, scene.term);
    const { index, ...result } = await scene.resync();
    rounds.begin(index);
    runs.noteFull(result);
    const noted = () => ({
      reason: "incremental" as const,
      differences: new DifferenceLog(),
      stateDir: dir.path,
    });
    await play({
      scene,
      store,
      runs,
      noted,
      async round() {
        for (let i = 0; i < 100; i++) {
          const end = await runs.slice(scene.deps, noted());
          if (end.ended) return end;
          await systemClock.sleep(2); // records are named by their time
        }
        throw new Error("a round without an end");
      },
      async history() {
        return (await store.readResyncs()).toReversed().map((run) => {
          const changes = Object.values(run.kinds)
            .reduce((sum, { created, updated, deleted }) => sum + created + updated + deleted, 0);
          const guards = run.guards.map(({ collection, why }) => `${collection} ${why}`).join();
          const left = run.leftOut.map(({ collection, total }) => `${collection} ${total}`).join();
          return [run.reason, run.whole, changes, guards, left] as const;
        });
      },
    });
  }, size);
}

Deno.test("a round that has changed nothing is counted once; a slice that has is in the history", () =>
  withRuns(100, async ({ scene, round, history, store }) => {
    await round();
    await round();
    assertEquals(await history(), []);
    scene.cloud.change("ports", scene.cloud.vmPorts()[0]!.id, { security_groups: [] });
    const { ended } = await round();
    assertEquals(ended, { whole: false, needsFull: false });
    assertEquals(await history(), [["incremental", false, 1, "", ""]]);
    await store.resyncHistory.hours.flush();
    const hours = await store.resyncHistory.hours.read();
    assertEquals(hours.reduce((sum, { empty }) => sum + empty, 0), 3);
  }));

Deno.test("what a round holds back is told once, and judged again by a full resync when it is over", () =>
  withRuns(100, async ({ scene, round, history }) => {
    const { cloud } = scene;
    const lost = cloud.vmPorts().slice(0, 140);
    for (const { id } of lost) cloud.remove("ports", id);
    for (let i = 0; i < 3; i++) {
      assertEquals((await round()).ended, { whole: false, needsFull: false });
    }
    assertEquals(await history(), [["incremental", false, 0, "ports many", ""]]);
    for (const port of lost) cloud.add("ports", port);
    assertEquals((await round()).ended!.needsFull, true);
  }, { ports: 150, hosts: 3 }));

Deno.test("what another run than a slice has said is lifted once a round sees nothing of it", () =>
  withRuns(1, async ({ round, history, runs }) => {
    assertEquals((await round()).ended!.needsFull, false);
    const left = { why: "not-understood" as const, collection: "ports", total: 1, names: ["p"] };
    runs.notePart({ guards: [], leftOut: [left] });
    await round();
    assertEquals(await history(), [["periodic", true, 0, "", ""]]);
    const guard = {
      collection: "ports" as const,
      why: "empty" as const,
      held: 3,
      lost: 3,
      names: [],
    };
    runs.notePart({ guards: [guard], leftOut: [] });
    assertEquals((await round()).ended!.needsFull, true);
  }));

Deno.test("the end of a whole round says what is left, and takes back what is not any more", () =>
  withRuns(1, async ({ scene, round, history }) => {
    const port = scene.cloud.vmPorts()[0]!;
    const { mac_address } = port;
    scene.cloud.change("ports", port.id, { mac_address: "no address" });
    await round();
    await round();
    const told = await history();
    assertEquals(told.length, 2);
    for (const of of told) assertEquals(of, ["periodic", true, 0, "", "ports 1"]);
    scene.cloud.change("ports", port.id, { mac_address });
    await round();
    assertEquals((await history()).at(-1), ["periodic", true, 0, "", ""]);
    await round();
    assertEquals((await history()).length, 3, "then there is nothing to tell any more");
  }));

Deno.test("a slice that fails is in the history, and so is the one that makes it good", () =>
  withRuns(100, async ({ scene, store, runs, noted, round }) => {
    scene.meddle(() => true);
    await assertRejects(() => runs.slice(scene.deps, noted()), Error);
    scene.meddle(null);
    const [failed] = await store.readResyncs();
    assert(failed!.error !== null);
    await systemClock.sleep(2);
    await runs.slice(scene.deps, { ...noted(), attempt: 2, failureBefore: "no Neutron" });
    const [good] = await store.readResyncs();
    assertEquals([good!.error, good!.attempt], [null, 2]);
    await round();
  }));

Deno.test("a slice of a whole round says so, also in the middle", () =>
  withRuns(1, async ({ scene, runs, noted }) => {
    const [key] = await scene.etcd.getAll().prefix(WEP).keys();
    await scene.etcd.put(key!).value("{");
    for (let i = 0; i < 100; i++) {
      const { changes, whole, ended } = await runs.slice(scene.deps, noted());
      await systemClock.sleep(2); // records are named by their time
      if (changes === 0) continue;
      assertEquals([whole, ended], [true, null]);
      return;
    }
    throw new Error("it is not repaired");
  }));
