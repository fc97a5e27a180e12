import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { freePort } from "../support/etcd_server.ts";
import { type NodeScene, type RunningSyncer, withNode } from "./node_scene.ts";
import { WEP } from "./scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

const WATCH = {
  startupResync: "never",
  resyncIntervalSeconds: 1,
  incrementalIntervalSeconds: 1,
} as const;

const watches = ({ doings }: RunningSyncer, words: RegExp) =>
  eventually(String(words), () => words.test(doings.at(-1) ?? ""));

/** Waits until `count` more comparisons are over. */
async function compared({ store }: NodeScene, count: number): Promise<void> {
  const from = Date.now();
  await eventually(`${count} comparisons`, async () => {
    const resyncs = await store.readResyncs();
    return resyncs.filter(({ startedAt, endedAt, error }) =>
      startedAt > from && endedAt !== null && error === null
    ).length >= count;
  });
}

Deno.test(
  "startup_resync never: nothing is written before an operator asks, and it is said how much differs",
  GRPC,
  () =>
    withNode(WATCH, async (scene) => {
      const { cloud, store, lead, elect, everything, ask } = scene;
      const syncer = await lead(await elect());
      await watches(syncer, /^watching only: \d+ differences$/);
      const total = Number(/\d+/.exec(syncer.doings.at(-1)!)![0]);
      assert(total > 20, `${total}`);
      await compared(scene, 2);
      assertEquals(await everything(), {});
      const [record] = await store.readResyncs();
      assertEquals([record!.reason, record!.dryRun, record!.differences], [
        "watching",
        true,
        total,
      ]);

      // What is named is written, and nothing else; the watching goes on.
      const [port, other] = cloud.vmPorts();
      const narrow = await ask({ ports: [port!.id] });
      assertEquals([narrow.state, narrow.kinds.WorkloadEndpoint!.created], ["done", 1]);
      await compared(scene, 2);
      const written = Object.keys(await everything());
      assertEquals(written.length, 1);
      assert(written[0]!.startsWith(WEP) && written[0]!.endsWith(port!.id.replaceAll("-", "--")));
      await watches(syncer, new RegExp(`^watching only: ${total - 1} differences$`));

      const unknown = await ask({ ports: ["nobody"] });
      assertMatch(unknown.error!, /neither Neutron nor etcd knows port nobody/);
      const requested = (await store.readResyncs()).find(({ reason }) => reason === "requested");
      assertEquals(requested!.warnings, [unknown.error], "the history says it too");
      assertEquals(unknown.warnings, []);

      // A dry run is no permission to write either.
      assertEquals((await ask({ dryRun: true })).differences, total - 1);
      await compared(scene, 1);
      assertEquals(Object.keys(await everything()).length, 1);

      const full = await ask({});
      assertEquals([full.state, full.error], ["done", null]);
      assert(Object.keys(await everything()).length > total, "with the cluster's configuration");
      cloud.change("ports", other!.id, { mac_address: "fa:16:3e:00:00:09" });
      await eventually(
        "a change is written by itself",
        async () =>
          Object.values(await everything()).some((value) => value.includes("fa:16:3e:00:00:09")),
      );
      assertMatch(syncer.doings.at(-1)!, /in sync|resync/);
    }),
);

Deno.test("Neutron's notifications are not listened to while a node only watches", GRPC, () => {
  const hosts = [{ host: "127.0.0.1", port: freePort(), username: "u", password: "p" }];
  const files = { caFile: null, certFile: null, keyFile: null };
  const bus = { hosts, virtualHost: "/", tls: false, exchange: "neutron", ...files };
  const notifications = { bus, topics: ["notifications"] };
  return withNode(WATCH, async (scene) => {
    const { lead, elect, ask, store } = scene;
    const syncer = await lead(await elect());
    await watches(syncer, /^watching only: \d+ differences$/);
    await compared(scene, 1);
    assertEquals(await store.readNotifications(), null);
    assertEquals((await ask({})).state, "done");
    await eventually("it listens", () => store.readNotifications());
  }, { notifications });
});

Deno.test(
  "a restart in a term in which an operator has asked goes on; another term watches again",
  GRPC,
  () =>
    withNode(WATCH, async ({ lead, elect, ask, etcd, everything, store }) => {
      const term = await elect();
      const first = await lead(term);
      await watches(first, /^watching only: /);
      assertEquals((await ask({})).state, "done");
      await first.stop();
      const [key] = Object.keys(await everything());
      await etcd.delete().key(key!);
      const again = await lead(term);
      await eventually("it is written again", async () => key! in await everything());
      await again.stop();
      await etcd.delete().key(key!);
      const next = await lead(await elect());
      await watches(next, /^watching only: 1 difference$/);
      assertEquals(key! in await everything(), false);
      const [latest] = await store.readResyncs();
      assertEquals(latest!.dryRun, true);
    }),
);

Deno.test(
  "a full resync that fails does not end the watching, and is not tried again by itself",
  GRPC,
  () =>
    withNode(WATCH, async (scene) => {
      const { lead, elect, ask, everything, meddle } = scene;
      const syncer = await lead(await elect());
      await watches(syncer, /^watching only: \d+ differences$/);
      meddle(({ pathname }) =>
        pathname.endsWith("/ports") ? Response.json({}, { status: 400 }) : undefined
      );
      const failed = await ask({});
      assertEquals(failed.state, "failed");
      meddle(null);
      const before = await everything();
      await compared(scene, 2);
      assertEquals(await everything(), before);
      await watches(syncer, /^watching only: \d+ differences$/);
    }),
);

Deno.test(
  "without never, the first resync of a term writes",
  GRPC,
  () =>
    withNode({}, async ({ lead, elect, everything, store }) => {
      await lead(await elect());
      await eventually("it is written", async () => Object.keys(await everything()).length > 20);
      assertEquals((await store.readResyncs())[0]!.reason, "startup");
    }),
);

Deno.test(
  "a request of an earlier term is not carried out in this one",
  GRPC,
  () =>
    withNode({ ...WATCH, resyncIntervalSeconds: 3600 }, async (scene) => {
      const { lead, elect, store, everything } = scene;
      const request = { networks: [], subnets: [], ports: [], groups: [], includeGroups: false };
      await store.writeResyncRequest({
        ...request,
        id: "old",
        at: Date.now(),
        by: "a test",
        term: "1",
        dryRun: false,
        allowDeletions: true,
      });
      await lead(await elect());
      const answer = await eventually("an answer", async () => {
        const answer = await store.readResyncAnswer();
        return answer?.state === "failed" && answer;
      });
      assertMatch(answer.error!, /mastership has ended since it was asked for/);
      assertEquals(await everything(), {});
    }),
);
