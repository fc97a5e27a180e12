import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { withNode } from "./node_scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "incremental runs that find nothing are counted; one that fails, and the try after it, are in the history",
  GRPC,
  () =>
    withNode(
      { incrementalIntervalSeconds: 1, resyncIntervalSeconds: 3600 },
      async ({ store, elect, lead, meddle }) => {
        let listed = 0;
        let failing = false;
        meddle((url) => {
          if (url.searchParams.getAll("fields").includes("revision_number")) listed++;
          return failing ? new Response("{}", { status: 400 }) : undefined;
        });
        const syncer = await lead(await elect());
        await eventually("the first resync", async () => (await store.readResyncs())[0]?.endedAt);
        const before = listed;
        await eventually("incremental runs", () => listed > before + 30);
        assertEquals((await store.readResyncs()).map(({ reason }) => reason), ["startup"]);
        failing = true;
        await eventually("two failures", async () => (await store.readResyncs()).length >= 3);
        const [second, first] = (await store.readResyncs()).slice(-3);
        assertEquals([first!.reason, first!.whole, first!.attempt], ["incremental", false, 1]);
        assertMatch(first!.error!, /400/);
        assertEquals([second!.attempt, second!.failureBefore], [2, first!.error]);
        failing = false;
        const good = await eventually("a good one", async () => {
          const [last] = await store.readResyncs();
          return last?.endedAt && last.error === null ? last : null;
        });
        assert(good.attempt >= 3, `${good.attempt}`);
        assertMatch(good.failureBefore!, /400/);
        await syncer.stop();
        const hours = await store.resyncHistory.hours.read();
        const sum = (of: "empty" | "changed" | "failed") =>
          hours.reduce((n, hour) => n + hour[of], 0);
        assertEquals(sum("changed"), 1, "the first resync");
        assertEquals(
          sum("failed"),
          (await store.readResyncs()).filter(({ error }) => error).length,
        );
        assert(sum("empty") >= 2, `${sum("empty")}`);
      },
    ),
);
