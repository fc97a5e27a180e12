/** A lab Neutron over HTTP, a real etcd and a state directory: what the resource syncer's role works with. @module */
import type { Etcd3 } from "etcd3";
import { startEtcd } from "../support/etcd_server.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { mastershipNow } from "../support/mastership.ts";
import { testConfig } from "../support/test_config.ts";
import type { Cloud } from "../../lab/model.ts";
import { neutronApi } from "../../lab/neutron_api.ts";
import { Random } from "../../lab/random.ts";
import { seedCloud } from "../../lab/seed.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import type { JobContext } from "../../lib/role/master_context.ts";
import { followResync, requestResync, type ResyncOptions } from "../../lib/state/resync_request.ts";
import type { ResyncAnswer } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { runResourceSyncer } from "../../lib/sync/resource_syncer.ts";

const ELECTION = "/election";

/** A request for everything, for real. */
export const EVERYTHING: ResyncOptions = {
  by: "a test",
  networks: [],
  subnets: [],
  ports: [],
  groups: [],
  includeGroups: false,
  dryRun: false,
  allowDeletions: false,
};

/** A syncer of one term. */
export interface RunningSyncer {
  /** What it said that it does, the newest at the end. */
  readonly doings: string[];
  /** Ends it, and forgets the mastership. */
  stop(): Promise<void>;
}

/** What a test works with. */
export interface NodeScene {
  readonly etcd: Etcd3;
  readonly etcdUrl: string;
  readonly neutronUrl: string;
  readonly cloud: Cloud;
  readonly config: Config;
  readonly store: StateStore;
  readonly job: JobContext;
  readonly log: LogRecorder;
  /** Called with each request before it is answered; what it returns is the answer. */
  meddle(with_: ((url: URL) => Promise<Response | void> | Response | void) | null): void;
  /** Wins an election: the create revision of the key. */
  elect(): Promise<string>;
  /** Starts a syncer in that term. */
  lead(term: string): Promise<RunningSyncer>;
  /** Asks for a resync and follows it to its end. */
  ask(options: Partial<ResyncOptions>): Promise<ResyncAnswer>;
  /** All that etcd holds for Felix and the DHCP agent, by key. */
  everything(): Promise<Record<string, string>>;
}

/** Runs a test with a small cloud and an empty etcd. */
export async function withNode(
  sync: Partial<Config["sync"]>,
  play: (scene: NodeScene) => Promise<void>,
  changes: Partial<Config> = {},
): Promise<void> {
  await using server = await startEtcd();
  const dir = await Deno.makeTempDir({ prefix: "syncer-" });
  const random = new Random(7);
  const cloud = seedCloud(random, { ports: 12, hosts: 3 });
  const api = neutronApi(cloud, random);
  let meddling: Parameters<NodeScene["meddle"]>[0] = null;
  const neutron = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const url = new URL(request.url);
      const answer = await meddling?.(url);
      if (answer) return answer;
      url.pathname = url.pathname.replace("/v2.0", "");
      return api.fetch(new Request(url, request));
    },
  );
  const neutronUrl = `http://127.0.0.1:${neutron.addr.port}`;
  const plain = testConfig();
  const config = testConfig({
    stateDir: dir,
    etcd: { ...plain.etcd, endpoints: [server.url] },
    openstack: { ...plain.openstack, neutronUrl, authUrl: null },
    sync: { ...plain.sync, ...sync },
    ...changes,
  });
  const etcd = openEtcd(config.etcd);
  const store = await StateStore.open(dir);
  const log = new LogRecorder();
  const job = { log, clock: systemClock, store, alive: () => {} };
  const running = new Set<RunningSyncer>();
  try {
    await play({
      etcd,
      etcdUrl: server.url,
      neutronUrl,
      cloud,
      config,
      store,
      job,
      log,
      meddle: (with_) => meddling = with_,
      async elect() {
        await etcd.delete().key(ELECTION);
        return (await etcd.put(ELECTION).value("n:1").exec()).header.revision;
      },
      async lead(term) {
        const syncer = startSyncer(term, config, etcd, job);
        running.add(syncer);
        await store.writeMastership(mastershipNow(term));
        return syncer;
      },
      async ask(options) {
        const request = await requestResync(store, systemClock, { ...EVERYTHING, ...options });
        await store.writeSupervisor({ at: Date.now(), pid: Deno.pid });
        return await followResync(store, systemClock, request, () => {});
      },
      everything: () => etcd.getAll().prefix("/calico/").strings(),
    });
  } finally {
    for (const syncer of running) await syncer.stop();
    await neutron.shutdown();
    store[Symbol.dispose]();
    etcd.close();
    await Deno.remove(dir, { recursive: true });
  }
}

function startSyncer(term: string, config: Config, etcd: Etcd3, job: JobContext): RunningSyncer {
  const stop = new AbortController();
  const doings: string[] = [];
  const context = { ...job, alive: (doing: string) => void doings.push(doing) };
  const leading = { term, id: "n:1", electionKey: ELECTION, signal: stop.signal };
  const done = runResourceSyncer(leading, config, etcd, context);
  done.catch(() => {});
  return {
    doings,
    async stop() {
      stop.abort(new Error("this node is no longer master"));
      await done.catch(() => {});
      await job.store.writeMastership(null);
    },
  };
}
