/** Traces of a lab cloud that a syncer has made equal once. @module */
import type { Item } from "../../lab/model.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { readCloud, type TraceLimits } from "../../lib/trace/cloud_account.ts";
import { judgeTrace } from "../../lib/trace/judge.ts";
import { readNode } from "../../lib/trace/node_account.ts";
import { readQuery } from "../../lib/trace/query.ts";
import type { Trace } from "../../lib/trace/trace.ts";
import { eventually } from "../support/assert.ts";
import { type NodeScene, withNode } from "../sync/node_scene.ts";

/** What a test works with. */
export interface TraceScene extends NodeScene {
  trace(text: string, limits?: TraceLimits): Promise<Trace>;
  /** A port with an endpoint. */
  readonly port: Item;
  /** Key of its endpoint. */
  keyOf(port: Item): Promise<string>;
}

/** Runs a test beside a node that leads, whose first resync is over. */
export async function withTrace(play: (scene: TraceScene) => Promise<void>): Promise<void> {
  const sync = { resyncIntervalSeconds: 3600, incrementalIntervalSeconds: 0 };
  await withNode(sync, async (scene) => {
    const { cloud, config, etcd, store } = scene;
    await scene.lead(await scene.elect());
    await store.writeElection({
      state: "leader",
      leader: "n:1",
      term: "1",
      problem: null,
      at: Date.now(),
    });
    await eventually(
      "the first resync",
      async () =>
        (await store.readResyncs()).some(({ endedAt, error }) =>
          endedAt !== null && error === null
        ),
    );
    const port = cloud.list("ports").find((port) =>
      String(port.device_owner).startsWith("compute:") && port["binding:host_id"]
    )!;
    await play({
      ...scene,
      port,
      async keyOf({ id }) {
        const keys = Object.keys(await scene.everything());
        return keys.find((key) => key.includes(id.replaceAll("-", "--")))!;
      },
      async trace(text, limits) {
        const query = readQuery(text)!;
        const { signal } = new AbortController();
        const found = await readCloud(query, { config, etcd, clock: systemClock, signal, limits });
        return judgeTrace(found, await readNode(found, { store, clock: systemClock, config }));
      },
    });
  });
}
