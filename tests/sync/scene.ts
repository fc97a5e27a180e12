/** A lab Neutron over HTTP beside a real etcd, and resyncs of one into the other. @module */
import type { Etcd3 } from "etcd3";
import { startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { Random } from "../../lab/random.ts";
import { neutronApi } from "../../lab/neutron_api.ts";
import { seedCloud } from "../../lab/seed.ts";
import type { Cloud } from "../../lab/model.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import type { Term } from "../../lib/role/master_context.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient } from "../../lib/openstack/neutron.ts";
import type { Project } from "../../lib/openstack/records.ts";
import type { CloudIndex } from "../../lib/sync/index/cloud_index.ts";
import type { Change } from "../../lib/sync/model/compare.ts";
import type { Sink } from "../../lib/sync/apply/sink.ts";
import { type ResyncDeps, type RunOptions, SyncRun } from "../../lib/sync/apply/sync_run.ts";
import { fullResync, type ResyncOptions } from "../../lib/sync/sources/full.ts";

export const WEP = "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack/";
export const POLICY = "/calico/resources/v3/projectcalico.org/networkpolicies/openstack/";
export const ELECTION = "/election";

/** The lab's projects, as Keystone would list them. */
class LabAuth extends KeystoneAuth {
  cloud: Cloud | null = null;
  override listProjects(): Promise<Project[]> {
    return Promise.resolve(this.cloud!.projects.map((project) => ({ ...project })));
  }
}

/** What a test works with. */
export interface Scene {
  readonly etcd: Etcd3;
  readonly cloud: Cloud;
  readonly random: Random;
  readonly term: Term;
  readonly deps: ResyncDeps;
  /** Paths and queries of the requests that Neutron got. */
  readonly requests: URL[];
  /**
   * Called with each request before it is answered; true: it is refused; a response is the answer. Requests that
   * come together are met one after the other, or, when that is said, side by side.
   */
  meddle(
    with_: ((url: URL) => boolean | void | Promise<Response | void>) | null,
    sideBySide?: "side by side",
  ): void;
  resync(options?: ResyncOptions): ReturnType<typeof fullResync>;
  /** A run that writes, for narrow and incremental resyncs. */
  run(index: CloudIndex, options?: RunOptions): SyncRun;
  /** What a full resync would change now. */
  differences(): Promise<Change[]>;
}

/** Collects changes instead of writing them. */
export class Collector implements Sink {
  readonly changes: Change[] = [];
  readonly conflicts: Change[] = [];
  readonly tooLarge: Change[] = [];
  readonly refused: Change[] = [];
  readonly full = null;
  add(change: Change): Promise<void> {
    this.changes.push(change);
    return Promise.resolve();
  }
  flush(): Promise<void> {
    return Promise.resolve();
  }
}

/** Runs a test with a seeded cloud. */
export async function withCloud(
  play: (scene: Scene) => Promise<void>,
  size: { ports: number; hosts: number } = { ports: 30, hosts: 3 },
  etcdArgs: readonly string[] = [],
): Promise<void> {
  await using server = await startEtcd(etcdArgs);
  const random = new Random(7);
  const cloud = seedCloud(random, size);
  const api = neutronApi(cloud, random);
  const requests: URL[] = [];
  let meddling: Parameters<Scene["meddle"]>[0] = null;
  let isSideBySide = false;
  let turn: Promise<unknown> = Promise.resolve();
  await using neutron = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (req) => {
      const url = new URL(req.url);
      requests.push(url);
      const before = isSideBySide ? Promise.resolve() : turn;
      const meddled = before.then((): unknown => meddling?.(url));
      turn = meddled;
      const answer: unknown = await meddled;
      if (answer instanceof Response) return answer;
      if (answer === true) return new Response("<html>oops</html>", { status: 400 });
      const path = new URL(url);
      path.pathname = url.pathname.replace("/v2.0", "");
      return api.fetch(new Request(path, req));
    },
  );
  const config = testConfig({ etcd: { ...testConfig().etcd, endpoints: [server.url] } });
  const openstack = {
    ...config.openstack,
    neutronUrl: `http://127.0.0.1:${neutron.addr.port}`,
    authUrl: null,
    pageSize: Math.max(7, Math.ceil(size.ports / 5)),
  };
  const etcd = openEtcd(config.etcd);
  try {
    const created = await etcd.put(ELECTION).value("node-1:1").exec();
    const term = {
      term: created.header.revision,
      id: "node-1:1",
      electionKey: ELECTION,
      signal: new AbortController().signal,
    };
    const keystone = new LabAuth(openstack, systemClock);
    keystone.cloud = cloud;
    const deps = {
      etcd,
      keystone,
      neutron: new NeutronClient(openstack, keystone),
      clock: systemClock,
      region: null,
      progress: () => {},
    };
    await play({
      etcd,
      cloud,
      random,
      term,
      deps,
      requests,
      meddle(with_, sideBySide) {
        meddling = with_;
        isSideBySide = sideBySide !== undefined;
      },
      resync: (options) => fullResync(deps, term, options),
      run: (index, options) => new SyncRun(deps, term, index, options),
      async differences() {
        const sink = new Collector();
        await fullResync(deps, term, { sink, allowDeletions: true });
        return sink.changes;
      },
    });
  } finally {
    etcd.close();
  }
}
