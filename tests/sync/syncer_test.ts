import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import type { RequestGate } from "../../lib/openstack/request_gate.ts";
import { newShared } from "../../lib/openstack/shared.ts";
import { FOLDERS } from "../../lib/process/state_files.ts";
import { StateStore } from "../../lib/state/store.ts";
import { runResourceSyncer } from "../../lib/sync/resource_syncer.ts";
import { assert, assertEquals, assertMatch, assertWithin, eventually } from "../support/assert.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };

interface Scene {
  gate: RequestGate;
  dir: string;
  store: StateStore;
  log: LogRecorder;
  stop: AbortController;
  done: Promise<void>;
  problems: (string | null)[];
  requests: string[];
}

/** A running syncer whose Neutron answers as told. */
async function withSyncer(
  answer: (url: URL) => Response | Promise<Response>,
  sync: Partial<Config["sync"]>,
  play: (scene: Scene) => Promise<void>,
): Promise<void> {
  await using server = await startEtcd();
  const dir = await Deno.makeTempDir();
  const requests: string[] = [];
  const neutron = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    requests.push(request.url);
    return answer(new URL(request.url));
  });
  const config = testConfig({
    stateDir: dir,
    etcd: { ...testConfig().etcd, endpoints: [server.url] },
    openstack: {
      ...testConfig().openstack,
      neutronUrl: `http://127.0.0.1:${neutron.addr.port}`,
      authUrl: null,
    },
    sync: { ...testConfig().sync, ...sync },
  });
  const etcd = openEtcd(config.etcd);
  const store = await StateStore.open(dir);
  const log = new LogRecorder();
  const stop = new AbortController();
  const problems: (string | null)[] = [];
  const { header } = await etcd.put("/election").value("n:1").exec();
  const term = {
    term: header.revision,
    id: "n:1",
    electionKey: "/election",
    signal: stop.signal,
  };
  const alive = (_doing: string, problem: string | null = null) => {
    problems.push(problem);
  };
  const done = runResourceSyncer(term, config, etcd, { log, clock: systemClock, store, alive });
  try {
    await play({
      gate: newShared(config.openstack).gate,
      dir,
      store,
      log,
      stop,
      done,
      problems,
      requests,
    });
  } finally {
    stop.abort();
    await done.catch(() => {});
    await neutron.shutdown();
    store[Symbol.dispose]();
    etcd.close();
    await Deno.remove(dir, { recursive: true });
  }
}

/** A Neutron with nothing in it. */
const empty = (url: URL) => {
  const name = url.pathname.split("/").at(-1)!.replaceAll("-", "_");
  return Response.json({ [name]: name === "extensions" ? [{ alias: "binding" }] : [] });
};

/** The same, with a list of ports that does not come before it is released. */
function heldPorts() {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const answer = async (url: URL) => {
    if (url.pathname.endsWith("/ports")) await promise;
    return empty(url);
  };
  return { answer, release };
}

Deno.test("losing mastership ends a resync in the middle within a second", GRPC, async () => {
  const held = heldPorts();
  await withSyncer(held.answer, {}, async ({ stop, done, requests, store }) => {
    await eventually("it waits for ports", () => requests.some((url) => url.includes("/ports")));
    const from = performance.now();
    stop.abort(new Error("this node is no longer master"));
    await done.catch(() => {});
    assertWithin(performance.now() - from, 1000, "the end");
    assertEquals((await store.readResyncs())[0]!.error, "mastership ended");
    held.release();
  });
});

Deno.test(
  "that Neutron is spared is told while a resync goes on, and that it is not any more",
  GRPC,
  async () => {
    const held = heldPorts();
    await withSyncer(held.answer, {}, async ({ gate: { pace, most }, store, requests }) => {
      const told = async () => (await store.readRounds())?.requests;
      try {
        await eventually("it asks for ports", () => requests.some((url) => /ports/.test(url)));
        await eventually("all is well", async () => (await told())?.spared === null);
        pace.limit = 1;
        pace.cameDown = { reason: "unavailable", at: performance.now() };
        await eventually("it is told", async () => (await told())?.spared === "unavailable");
        assertEquals((await store.readResyncs())[0]!.endedAt, null, "the resync goes on");
        pace.limit = most;
        await eventually("it is over", async () => (await told())?.spared === null);
        assertEquals(await told(), { limit: most, most, spared: null });
      } finally {
        held.release();
      }
    });
  },
);

Deno.test(
  "a term ends only when none of its pages of ports can be written any more",
  GRPC,
  async () => {
    const held = heldPorts();
    await withSyncer(held.answer, {}, async ({ dir, log, stop, done }) => {
      // A page goes into a pipe, and is written once somebody reads it.
      const folder = `${dir}/${FOLDERS.resources}/seen-ports`;
      await Deno.mkdir(folder, { recursive: true });
      await new Deno.Command("mkfifo", { args: [`${folder}/1.json.new`] }).output();
      held.release();
      await eventually("it", () => log.records.some((r) => /resync done/.test(r.message)));
      stop.abort(new Error("this node is no longer master"));
      const first = await Promise.race([
        done.then(() => "the term's end"),
        systemClock.sleep(300).then(() => "no end"),
      ]);
      assertEquals(first, "no end");
      assertMatch(await Deno.readTextFile(`${folder}/1.json.new`), /"ends":true/);
      await done;
    });
  },
);

Deno.test(
  "a monitor warns when no resync succeeds for too long, and forgets it after",
  GRPC,
  async () => {
    let failing = true;
    await withSyncer(
      (url) => failing ? Response.json({}, { status: 400 }) : empty(url),
      { resyncMaxIntervalSeconds: 1 },
      async ({ log, problems }) => {
        await eventually(
          "the warning",
          () => log.at("error").some((r) => /no resync has succeeded/.test(r.message)),
        );
        await eventually(
          "the page says so",
          () => problems.at(-1)?.includes("no resync has succeeded"),
        );
        assertMatch(problems.at(-1)!, /the last resync failed/);
        failing = false;
        await eventually("all is well", () => problems.at(-1) === null, 20_000);
        assert(log.records.some((r) => /resync done/.test(r.message)));
      },
    );
  },
);
