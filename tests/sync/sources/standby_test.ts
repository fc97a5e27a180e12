import { systemClock } from "../../../lib/base/clock.ts";
import { followResync, NobodyRunsError, requestResync } from "../../../lib/state/resync_request.ts";
import type { ResyncAnswer } from "../../../lib/state/records.ts";
import { readAsked, readDiff } from "../../../lib/sync/apply/difference_log.ts";
import { StandbyAnswers } from "../../../lib/sync/sources/standby.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  eventually,
} from "../../support/assert.ts";
import { mastershipNow } from "../../support/mastership.ts";
import { EVERYTHING, type NodeScene, withNode } from "../node_scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const DRY = { ...EVERYTHING, dryRun: true };

async function withStandby(
  play: (scene: NodeScene, standby: StandbyAnswers) => Promise<void>,
): Promise<void> {
  await withNode({}, async (scene) => {
    const standby = new StandbyAnswers(scene.config, scene.etcd, scene.job);
    standby.begin();
    try {
      await play(scene, standby);
    } finally {
      await standby.end();
    }
  });
}

const answerTo = (store: NodeScene["store"], state: ResyncAnswer["state"]) =>
  eventually(`an answer: ${state}`, async () => {
    const answer = await store.readResyncAnswer();
    return answer?.state === state && answer;
  });

Deno.test(
  "a standby compares, all and by name, and writes nothing",
  GRPC,
  () =>
    withStandby(async ({ ask, config, cloud, everything, etcd, elect }) => {
      await elect(); // somebody else leads
      const before = (await etcd.get("/x").exec()).header.revision;
      const full = await ask({ dryRun: true });
      assertEquals([full.state, full.error], ["done", null]);
      assert(full.differences > 20, `${full.differences}`);
      const kept = (await readAsked(config.stateDir, full.id))!;
      assertEquals([kept.total, kept.objects.length], [full.differences, full.differences]);
      assertEquals(kept.objects[0]!.changes.map(({ path }) => path), [""]);
      assertMatch((await readDiff(config.stateDir))!, /^create \/calico\//);
      const [port] = cloud.vmPorts();
      const narrow = await ask({ dryRun: true, ports: [port!.id] });
      assertEquals([narrow.differences, narrow.kinds.WorkloadEndpoint!.created], [1, 1]);
      const unknown = await ask({ dryRun: true, ports: ["nobody"] });
      assertEquals(unknown.state, "failed");
      assertMatch(unknown.error!, /neither Neutron nor etcd knows port nobody: nothing matches/);
      assertEquals(await everything(), {});
      assertEquals((await etcd.get("/x").exec()).header.revision, before);
    }),
);

Deno.test("a standby writes for nobody", GRPC, () =>
  withStandby(async ({ store, everything }) => {
    const error = await assertRejects(
      () => requestResync(store, systemClock, EVERYTHING),
      Error,
    );
    assertMatch(error.message, /this node does not lead, and only the master writes/);
    // It led when it was asked, and does no more.
    await store.writeResyncRequest({ ...EVERYTHING, id: "r", at: Date.now(), term: "7" });
    assertMatch((await answerTo(store, "failed")).error!, /mastership has ended since/);
    assertEquals(await everything(), {});
  }));

Deno.test(
  "a dry run that is going on is given up when the node comes to lead",
  GRPC,
  () =>
    withStandby(async ({ store, meddle }, standby) => {
      const held = Promise.withResolvers<void>();
      const reached = Promise.withResolvers<void>();
      meddle(async () => {
        reached.resolve();
        await held.promise;
      });
      await requestResync(store, systemClock, DRY);
      await reached.promise;
      let led = false;
      await standby.without(async () => {
        led = true;
        assertMatch(
          (await answerTo(store, "failed")).error!,
          /does not stand by any more: ask again/,
        );
        // While the syncer answers, a standby's part takes nothing.
        await store.writeMastership(mastershipNow("5"));
        await requestResync(store, systemClock, DRY);
        await new Promise((resolve) => setTimeout(resolve, 300));
        assert(await store.readResyncRequest());
        await store.writeMastership(null);
      });
      assert(led);
      held.resolve();
      meddle(null);
      await answerTo(store, "done");
    }),
);

Deno.test(
  "what a full resync that was asked for does is told while it runs",
  GRPC,
  () =>
    withNode({}, async ({ store, meddle, lead, elect, ask }) => {
      await lead(await elect());
      await eventually("the first one", async () => (await store.readResyncs())[0]?.endedAt);
      const held = Promise.withResolvers<void>();
      meddle(async ({ pathname }) => {
        if (pathname.endsWith("/ports")) await held.promise;
      });
      const asked = ask({});
      await eventually("a word of it", async () => {
        const answer = await store.readResyncAnswer();
        return answer?.state === "running" && /reading|comparing/.test(answer.doing);
      });
      held.resolve();
      assertEquals((await asked).state, "done");
    }),
);

Deno.test(
  "a node that leads leaves requests to its syncer, and a second one waits its turn",
  GRPC,
  () =>
    withStandby(async ({ store }) => {
      await store.writeMastership(mastershipNow("5"));
      const request = await requestResync(store, systemClock, EVERYTHING);
      assertEquals(request.term, "5");
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals((await store.readResyncRequest())?.id, request.id);
      const error = await assertRejects(
        () => requestResync(store, systemClock, { ...DRY, by: "somebody else" }),
        Error,
      );
      assertMatch(error.message, /another resync, asked for by a test, waits to begin/);
    }),
);

Deno.test(
  "where no node runs any more, whoever follows is told at once and the request is gone",
  GRPC,
  () =>
    withNode({}, async ({ store }) => {
      await store.writeSupervisor({ at: Date.now() - 60_000, pid: 1 });
      const request = await requestResync(store, systemClock, DRY);
      await assertRejects(
        () => followResync(store, systemClock, request, () => {}),
        NobodyRunsError,
      );
      assertEquals(await store.readResyncRequest(), null);
    }),
);
