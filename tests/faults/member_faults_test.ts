/**
 * One member of three is killed, hung or slow, while a client resyncs, follows and keeps an election key:
 * nothing fails. How long a pass takes is printed beside that of the whole cluster.
 *
 * @module
 */
import { systemClock } from "../../lib/base/clock.ts";
import { EtcdElectionStore } from "../../lib/election/etcd_election_store.ts";
import type { HeldKey } from "../../lib/election/election_store.ts";
import { openEtcd } from "../../lib/etcd/client.ts";
import { readFenced, writeFenced, type WriteOperation } from "../../lib/etcd/fenced_write.ts";
import { mirror } from "../../lib/etcd/mirror.ts";
import { readSnapshot } from "../../lib/etcd/snapshot.ts";
import type { Term } from "../../lib/role/master_context.ts";
import { assert, assertEquals, eventually, TIME_FACTOR } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { EtcdCluster } from "./etcd_cluster.ts";
import { Proxy } from "./proxy.ts";
import { type Access, etcdConfig, OPEN } from "./setup.ts";

/** grpc-js keeps timers of calls that were cut off. */
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const KEYS = 200;
const PASSES = 100;
/** `ROLLING_RESTARTS`: how many times each member is stopped in order and started again. */
const RESTARTS = Number(Deno.env.get("ROLLING_RESTARTS") ?? "3");
const PREFIX = "/w/";
const CALL_MS = 5000;
const SLOW_MS = 3000;
/** Longer where the machine is slower: between two leaders of etcd nobody can answer. */
const LEASE_S = Math.ceil(5 * TIME_FACTOR);
/** As long after the last confirmation an elector steps down, ms: two thirds of its lease. */
const TERM_MS = LEASE_S * 1000 * 2 / 3;

/** A client with all that a node does to etcd. */
class Node implements AsyncDisposable {
  readonly problems: string[] = [];
  readonly seen = new Map<string, string | null>();
  readonly times: number[] = [];
  readonly #stop = new AbortController();
  readonly #work: Promise<unknown>[] = [];
  readonly #etcd;
  readonly #store;
  #held: HeldKey = { value: "node-1:1", lease: "", term: "" };
  #pass = 0;

  constructor(ports: readonly number[], access: Access = OPEN) {
    const config = testConfig({
      etcd: { ...etcdConfig(ports, access), callTimeoutMs: CALL_MS },
    });
    this.#etcd = openEtcd(config.etcd);
    this.#store = new EtcdElectionStore(this.#etcd, config);
  }

  async start(): Promise<void> {
    const lease = await this.#store.grant(LEASE_S, CALL_MS);
    const term = (await this.#store.create(this.#held.value, lease, CALL_MS))!;
    this.#held = { ...this.#held, lease, term };
    this.#work.push(this.#lead(), this.#follow());
    await this.passes(3);
  }

  /** So many resyncs; how long each took is in `times`. */
  async passes(count: number): Promise<void> {
    this.times.length = 0;
    for (let i = 0; i < count; i++) {
      const from = performance.now();
      try {
        await this.#resync();
      } catch (error) {
        this.problems.push(`pass ${this.#pass}: ${error}`);
      }
      this.times.push(performance.now() - from);
    }
  }

  get #term(): Term {
    const { term, value: id } = this.#held;
    return { term, id, electionKey: this.#store.key, signal: this.#stop.signal };
  }

  /** Reads everything, changes half of it, creates and deletes some, looks at what it wrote. */
  async #resync(): Promise<void> {
    const pass = ++this.#pass;
    const { items } = await readSnapshot(this.#etcd, PREFIX, { pageSize: 50 });
    const known = new Map(items.map(({ key, modRevision }) => [key, modRevision]));
    const operations = Array.from({ length: KEYS }, (_, i): WriteOperation | null => {
      const key = `${PREFIX}${i}`;
      const modRevision = known.get(key) ?? "0";
      const gone = (i + pass) % 10 === 0;
      if ((i + pass) % 2 !== 0 || (gone && modRevision === "0")) return null;
      return { key, value: gone ? null : String(pass), modRevision, group: String(i % 50) };
    }).filter((operation) => operation !== null);
    assertEquals(await writeFenced(this.#etcd, this.#term, operations), [], `pass ${pass}`);
    const written = await readFenced(this.#etcd, this.#term, operations.map(({ key }) => key));
    for (const { key, value } of operations) {
      const found = written.get(key)?.value;
      assertEquals(found ? new TextDecoder().decode(found) : null, value, key);
    }
  }

  /**
   * Keeps the lease and the key as an elector does, with its deadlines. A call that fails is made again: while
   * etcd's members elect a leader, 1 to 2 s, none can answer. What must not be is a term that ends.
   */
  async #lead(): Promise<void> {
    let confirmedAt = performance.now();
    while (!this.#stop.signal.aborted) {
      const from = performance.now();
      try {
        const alive = await this.#store.keepAlive(this.#held.lease, 1300);
        const ours = alive && await this.#store.refresh(this.#held, 1300);
        if (ours) confirmedAt = from;
        else this.problems.push("the term is over");
      } catch (error) {
        if (performance.now() - confirmedAt > TERM_MS) this.problems.push(`the elector: ${error}`);
      }
      await systemClock.sleep(300, this.#stop.signal).catch(() => {});
    }
  }

  async #follow(): Promise<void> {
    try {
      const changes = mirror(this.#etcd, PREFIX, {
        signal: this.#stop.signal,
        clock: systemClock,
        wants: () => true,
        roundTripKey: null,
        quietMs: 500,
        onTrouble: () => {},
        onLost: (why) => this.problems.push(`the watch: ${why}`),
      });
      for await (const batch of changes) {
        for (const { key, value } of batch) {
          this.seen.set(key, value && new TextDecoder().decode(value));
        }
      }
    } catch (error) {
      if (!this.#stop.signal.aborted) this.problems.push(`the watch: ${error}`);
    }
  }

  /** Resolves when the follower knows what etcd has. */
  async caughtUp(): Promise<void> {
    const { items } = await readSnapshot(this.#etcd, PREFIX);
    await eventually(
      "the follower has seen everything",
      () =>
        items.every(({ key, value }) => this.seen.get(key) === value.toString()) &&
        [...this.seen.values()].filter((value) => value !== null).length === items.length,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#work);
    this.#etcd.close();
  }
}

function quantile(times: readonly number[], q: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(q * (times.length - 1))]!;
}

function shown(times: readonly number[]): string {
  return [0.5, 0.99, 1].map((q) => Math.round(quantile(times, q))).join("/");
}

interface Scene {
  readonly cluster: EtcdCluster;
  readonly proxies: readonly Proxy[];
}

const FAULTS = {
  killed: ({ cluster }: Scene, member: number) => cluster.kill(member),
  hung: ({ cluster }: Scene, member: number) => cluster.hang(member),
  "slow by 3 s": ({ proxies }: Scene, member: number) => {
    proxies[member]!.delayMs = SLOW_MS;
    proxies[member]!.mode = "delay";
  },
};

for (const [what, fault] of Object.entries(FAULTS)) {
  for (const role of ["leader", "follower"] as const) {
    Deno.test(
      `one member of three, a ${role}, is ${what}: no pass fails, no term ends`,
      GRPC,
      async () => {
        await using cluster = await EtcdCluster.start();
        await using proxies = new AsyncDisposableStack();
        const ways = cluster.ports.map((port) => proxies.use(new Proxy(port)));
        await using node = new Node(ways.map(({ port }) => port));
        await node.start();
        await node.passes(PASSES);
        const whole = shown(node.times);
        await fault({ cluster, proxies: ways }, await cluster.find(role));
        await node.passes(PASSES);
        Deno.stdout.writeSync(new TextEncoder().encode(
          `ms p50/p99/most: whole ${whole}, a ${role} ${what} ${shown(node.times)}\n`,
        ));
        await node.caughtUp();
        assertEquals(node.problems, []);
        assert(quantile(node.times, 1) < CALL_MS, "no pass waited for a deadline");
      },
    );
  }
}

for (const secured of [false, true]) {
  const what = secured ? ", with TLS and users whose tokens end" : "";
  Deno.test(
    `members restarted in order, ${RESTARTS} times each${what}: nothing fails`,
    GRPC,
    async () => {
      await using cluster = await EtcdCluster.start({ secured });
      await using node = new Node(cluster.ports, cluster.access);
      await node.start();
      let over = false;
      const passing = (async () => {
        while (!over) await node.passes(1);
      })();
      for (let restart = 0; restart < 3 * RESTARTS; restart++) {
        const member = restart % 3;
        await cluster.stop(member);
        cluster.revive(member);
        await cluster.healthy();
        if (secured) await cluster.endTokens();
      }
      over = true;
      await passing;
      await node.caughtUp();
      assertEquals(node.problems, []);
    },
  );
}
