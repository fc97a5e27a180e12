/** One etcd for all bad days, each in regions of its own, and what the product works with there. @module */
import type { Etcd3 } from "etcd3";
import type { z } from "zod";
import type { Cloud } from "../../lab/model.ts";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { KeystoneAuth } from "../../lib/openstack/keystone.ts";
import { NeutronClient, type Query } from "../../lib/openstack/neutron.ts";
import type { ResyncDeps } from "../../lib/sync/apply/sync_run.ts";
import { fullResync } from "../../lib/sync/sources/full.ts";
import { TIME_FACTOR } from "../support/assert.ts";
import { type EtcdServer, startEtcd } from "../support/etcd_server.ts";
import { testConfig } from "../support/test_config.ts";
import { clearRegion, type Held, readHeld } from "./facets.ts";
import { cutsIn, StandIn } from "./stand_in.ts";

/** Small: every collection has many pages. */
const PAGE_SIZE = 20;
/** And is walked in several parts at a time. */
const PARALLEL = 3;
const REQUEST_MS = 5000;
/** The deadline of a request whose answer never ends. */
const ENDLESS_MS = 300;
const ELECTION = "/election";

/** Waits between attempts are no part of what is tested. */
const HURRIED: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 5), signal),
};

/** How a product is set up. */
export interface Setup {
  readonly region: string | null;
  readonly standIn: StandIn;
  readonly pageSize?: number;
  /** Requests have a short deadline. */
  readonly endless?: boolean;
  readonly noKeystone?: boolean;
  /** Every list is one walk. */
  readonly uncut?: boolean;
}

/** Cuts every list, small as it is, at ids of which some are gone or have never been. */
class CutClient extends NeutronClient {
  standIn: StandIn | null = null;

  override pages<T extends { id: string }>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    query: Query = {},
  ) {
    const isWhole = !("by" in query) && query.where === undefined;
    const cuts = isWhole ? cutsIn(this.standIn!, path) : undefined;
    return super.pages(path, schema, signal, { ...query, cuts });
  }
}

/** An etcd with a leader, over which a product runs. */
export class World implements AsyncDisposable {
  readonly etcd: Etcd3;
  readonly #server: EtcdServer;
  #term = "";

  private constructor(server: EtcdServer) {
    this.#server = server;
    this.etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  }

  static async start(): Promise<World> {
    const world = new World(await startEtcd());
    const created = await world.etcd.put(ELECTION).value("node-1:1").exec();
    world.#term = created.header.revision;
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.etcd.close();
    await this.#server[Symbol.asyncDispose]();
  }

  /** The term in which everything happens. */
  term(signal: AbortSignal = new AbortController().signal) {
    return { term: this.#term, id: "node-1:1", electionKey: ELECTION, signal };
  }

  /** A product as it is after a start: it knows nothing. */
  product({ region, standIn, pageSize, endless, noKeystone, uncut }: Setup): Product {
    const { openstack } = testConfig();
    const config = {
      ...openstack,
      neutronUrl: standIn.url,
      authUrl: noKeystone ? null : `${standIn.url}/identity/v3`,
      credential: {
        method: "password" as const,
        user: { name: "lab", domain: { name: "Default" } },
        password: "lab",
        project: { name: "admin", domain: { name: "Default" } },
      },
      requestTimeoutMs: endless ? ENDLESS_MS : REQUEST_MS * TIME_FACTOR,
      pageSize: pageSize ?? PAGE_SIZE,
      neutronParallel: uncut ? 1 : PARALLEL,
    };
    const keystone = new KeystoneAuth(config, HURRIED);
    const neutron = new CutClient(config, keystone);
    neutron.standIn = standIn;
    const deps = { etcd: this.etcd, keystone, neutron, clock: HURRIED, region, progress() {} };
    return { deps, [Symbol.dispose]: () => keystone[Symbol.dispose]() };
  }

  /** What etcd holds after a good resync of that cloud, pages as long as they like. */
  async truthOf(cloud: Cloud, region: string): Promise<Held> {
    await using standIn = new StandIn(cloud);
    using product = this.product({ region, standIn, pageSize: 1000, uncut: true });
    const { index } = await fullResync(product.deps, this.term());
    index.close();
    const held = await readHeld(this.etcd, region);
    await clearRegion(this.etcd, region);
    return held;
  }

  /** Lets etcd forget its past; no run may read meanwhile. */
  async forget(): Promise<void> {
    const { header } = await this.etcd.get(ELECTION).exec();
    await this.etcd.kv.compact({ revision: header.revision });
  }
}

/** What a run of the product is made of. */
export interface Product extends Disposable {
  readonly deps: ResyncDeps;
}
