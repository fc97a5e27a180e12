import { CloudIndex } from "../../lib/sync/index/cloud_index.ts";
import { Comparing } from "../../lib/sync/comparing.ts";
import { Rounds } from "../../lib/sync/rounds/rounds.ts";
import { Schedule } from "../../lib/sync/schedule.ts";
import { EventSync } from "../../lib/sync/sources/events.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { PaceReason, RoundsRecord } from "../../lib/state/records.ts";
import type { StateStore } from "../../lib/state/store.ts";
import { assert, assertEquals, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { testConfig } from "../support/test_config.ts";
import { withNode } from "./node_scene.ts";
import { type Scene, withCloud } from "./scene.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const { sync } = testConfig();

function comparingOf(
  scene: Scene,
  { budget = 5, listens = true, incrementalIntervalSeconds = sync.incrementalIntervalSeconds } = {},
) {
  const schedule = new Schedule({ ...sync, incrementalIntervalSeconds }, 0);
  const index = new CloudIndex(null);
  const config = { ...sync, neutronBudgetPercent: budget };
  const rounds = new Rounds(config, systemClock, scene.deps.neutron);
  const log = new LogRecorder();
  const told: RoundsRecord[] = [];
  const store = {
    writeRounds: (record: RoundsRecord) => Promise.resolve(void told.push(record)),
  } as unknown as StateStore;
  const events = new EventSync({
    base: scene.deps,
    term: scene.term,
    context: { clock: systemClock, log },
    stateDir: "/nowhere",
    index: () => index,
    compare: () => {
      schedule.askCompare();
      if (failing) return;
      schedule.planIncremental(systemClock.monotonic(), true);
    },
  });
  let ready = true;
  let failing = false;
  const comparing = new Comparing({
    schedule,
    rounds,
    events: listens ? events : null,
    context: { clock: systemClock, log, store },
    isReady: () => ready,
    planComparison: () => schedule.planIncremental(systemClock.monotonic(), true),
  });
  return {
    schedule,
    rounds,
    events,
    index,
    readyIs: (is: boolean) => ready = is,
    /** The last run has failed: what is asked for waits until its turn comes. */
    failingIs: (is: boolean) => failing = is,
    /** How it goes now, and what is due. */
    async now(): Promise<[PaceReason, ReturnType<Schedule["due"]>]> {
      const sliceAt = await comparing.decide();
      const { pace } = told.at(-1)!;
      assertEquals(pace === "rounds", sliceAt !== null);
      const now = systemClock.monotonic();
      return [pace, schedule.due(now, sliceAt === null ? null : now)];
    },
    /** A full resync or an incremental run succeeds. */
    succeed(what: "full" | "incremental") {
      schedule.comparing();
      schedule.compared();
      if (what === "full") {
        schedule.planFull(systemClock.monotonic());
        rounds.begin(index);
      }
      schedule.planIncremental(systemClock.monotonic(), true);
    },
  };
}

Deno.test("comparing goes round while notifications are heard, and by the intervals while there is a gap", () =>
  withCloud(async (scene) => {
    const { events, succeed, now, readyIs } = comparingOf(scene);
    readyIs(false);
    assertEquals(await now(), ["first", "full"]);
    succeed("full");
    readyIs(true);
    assertEquals(await now(), ["unheard", null]);
    events.subscribed();
    assertEquals(await now(), ["gap", "incremental"], "what was before has to be looked for");
    succeed("incremental");
    assertEquals(await now(), ["rounds", "slice"]);
    events.overflow("the broker's queue was full");
    assertEquals(await now(), ["gap", "incremental"]);
    succeed("incremental");
    assertEquals(await now(), ["rounds", "slice"]);
    events.lost();
    assertEquals(await now(), ["unheard", "incremental"], "ids and revisions are listed at once");
    succeed("incremental");
    assertEquals(await now(), ["unheard", null]);
    events.subscribed();
    assertEquals(await now(), ["gap", "incremental"]);
    succeed("incremental");
    assertEquals(await now(), ["rounds", "slice"]);
  }));

Deno.test("what may have been missed after a slice has failed is looked for at once, also without intervals", () =>
  withCloud(async (scene) => {
    const comparing = comparingOf(scene, { incrementalIntervalSeconds: 0 });
    const { events, succeed, now, failingIs } = comparing;
    succeed("full");
    events.subscribed();
    succeed("incremental");
    assertEquals(await now(), ["rounds", "slice"]);
    failingIs(true);
    events.overflow("the broker's queue was full");
    assertEquals(await now(), ["gap", "incremental"]);
  }));

Deno.test("comparing goes by the intervals where nothing says what changes", () =>
  withCloud(async (scene) => {
    const off = comparingOf(scene, { budget: 0 });
    off.succeed("full");
    off.events.subscribed();
    off.succeed("incremental");
    assertEquals((await off.now())[0], "budget");
    const deaf = comparingOf(scene, { listens: false });
    deaf.succeed("full");
    assertEquals((await deaf.now())[0], "unconfigured");
    // Changes come, and not one was announced: Neutron sends none, until it does.
    const { events, succeed, now } = comparingOf(scene);
    succeed("full");
    events.subscribed();
    succeed("incremental");
    events.foundSilently(20);
    assertEquals((await now())[0], "unsent");
    const payload = { port: { id: scene.cloud.vmPorts()[0]!.id } };
    const message = { event_type: "port.update.end", payload };
    events.receive(new TextEncoder().encode(JSON.stringify(message)));
    assertEquals((await now())[0], "rounds");
  }));

const QUICK = { resyncIntervalSeconds: 3600, incrementalIntervalSeconds: 1 };
/** Nobody listens there. */
const NO_BROKER = {
  bus: {
    hosts: [{ host: "127.0.0.1", port: 1, username: "u", password: "p" }],
    virtualHost: "/",
    tls: false,
    caFile: null,
    certFile: null,
    keyFile: null,
    exchange: "neutron",
  },
  topics: ["notifications"],
};

Deno.test(
  "a syncer whose broker does not answer compares by its intervals, and says why",
  GRPC,
  () => {
    return withNode(QUICK, async ({ lead, elect, store, cloud, everything }) => {
      await lead(await elect());
      await eventually("it says so", async () => (await store.readRounds())?.pace === "unheard");
      const { id } = cloud.vmPorts()[0]!;
      const before = JSON.stringify(await everything());
      cloud.change("ports", id, { security_groups: [] });
      await eventually(
        "found all the same",
        async () => JSON.stringify(await everything()) !== before,
      );
      const record = (await store.readRounds())!;
      assertEquals([record.everyMs, record.round], [null, 0]);
      assert(record.sharePercent !== null);
    }, { notifications: NO_BROKER });
  },
);

Deno.test(
  "a syncer goes on when what is only shown cannot be written",
  GRPC,
  () =>
    withNode(QUICK, async ({ lead, elect, store, cloud, everything }) => {
      let refused = 0;
      const refuse = () => {
        refused++;
        return Promise.reject(new Error("the disk is full"));
      };
      Object.assign(store, { writeRounds: refuse, writeNotifications: refuse });
      await lead(await elect());
      const endpoints = async () => JSON.stringify(await everything());
      await eventually("all is written", async () => (await endpoints()).length > 1000);
      const { id } = cloud.vmPorts()[0]!;
      const before = await endpoints();
      cloud.change("ports", id, { security_groups: [] });
      await eventually("a change is found", async () => await endpoints() !== before);
      assert(refused > 1);
    }, { notifications: NO_BROKER }),
);
