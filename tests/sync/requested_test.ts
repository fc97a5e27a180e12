import { assert, assertEquals, eventually } from "../support/assert.ts";
import { withNode } from "./node_scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

Deno.test(
  "what runs by itself after a request that failed is not told as asked for",
  GRPC,
  () =>
    withNode(
      { resyncIntervalSeconds: 2, incrementalIntervalSeconds: 0 },
      async ({ store, lead, elect, ask, meddle }) => {
        const ended = async () =>
          (await store.readResyncs()).filter(({ endedAt, reason }) =>
            endedAt !== null && reason !== "announced"
          );
        await lead(await elect());
        await eventually("the first resync", async () => (await ended()).length > 0);
        meddle(({ pathname }) =>
          pathname.endsWith("/ports") ? Response.json({}, { status: 400 }) : undefined
        );
        assertEquals((await ask({})).state, "failed");
        meddle(null);
        const resyncs = await ended();
        const failed = resyncs.find(({ reason, error }) =>
          reason === "requested" && error !== null
        );
        const next = await eventually(
          "the next resync",
          async () => (await ended()).findLast(({ startedAt }) => startedAt > failed!.startedAt),
        );
        assert(next.reason !== "requested", next.reason);
      },
    ),
);
