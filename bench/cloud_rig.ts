/**
 * A cloud around nodes of one build, seen from outside alone: etcd, a RabbitMQ, Neutron with its costs, and its
 * plugin on the bus. What is measured are processes, keys of etcd and requests of Neutron, so that any
 * build can be measured.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import type { Etcd3 } from "etcd3";
import { allEndpointsPrefix, electionKey } from "../lib/calico/keys.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { Node, tempDir } from "../tests/e2e/node.ts";
import { eventually } from "../tests/support/assert.ts";
import { watchKeys } from "../tests/support/etcd_events.ts";
import { type EtcdServer, startEtcd } from "../tests/support/etcd_server.ts";
import { FakePlugin } from "../tests/support/fake_plugin.ts";
import { RabbitServer } from "../tests/support/rabbit_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import type { Build } from "./builds.ts";
import { Child } from "./child.ts";
import { NeutronCloud } from "./neutron_cloud.ts";
import type { Load } from "./neutron_workers.ts";
import { print } from "./print.ts";

const QUOTA = "--quota-backend-bytes=8589934592";
const ENDPOINTS = allEndpointsPrefix("WorkloadEndpoint");
/** A UUID with its four dashes doubled, as keys end with. */
const UUID_CHARS = 40;
const START_MS = 60_000;
/** What a node says when a full resync has succeeded. */
const RESYNC_DONE = /resync done/g;

/** When something was first seen, monotonic ms. */
export interface Seen {
  /** The election key with the name of a node. */
  leaders: { readonly name: string; readonly at: number }[];
  /** The endpoint of a port, written since it was asked for. */
  readonly endpoints: Map<string, number>;
}

/** A cloud. Dispose of it to end its processes. */
export class CloudRig implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly cloud: NeutronCloud;
  readonly seen: Seen = { leaders: [], endpoints: new Map() };
  server!: EtcdServer;
  etcd!: Etcd3;
  rabbit!: RabbitServer;
  plugin!: FakePlugin;
  neutronUrl!: string;
  #channel!: amqp.Channel;

  private constructor(readonly build: Build, readonly ports: number) {
    this.cloud = new NeutronCloud(ports);
  }

  /** Starts all but nodes; Neutron costs nothing yet. */
  static async start(build: Build, ports: number): Promise<CloudRig> {
    const rig = new CloudRig(build, ports);
    try {
      await rig.#start();
      return rig;
    } catch (error) {
      await rig[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const stack = this.#stack;
    this.rabbit = stack.use(await RabbitServer.start());
    this.plugin = stack.use(await FakePlugin.start(this.rabbit.port, { keep: false }));
    this.server = stack.use(await startEtcd([QUOTA]));
    this.etcd = openEtcd({
      ...testConfig().etcd,
      endpoints: [this.server.url],
      callTimeoutMs: 60_000,
    });
    stack.defer(() => this.etcd.close());
    const neutron = stack.use(new Child("neutron_server.ts", [String(this.ports), "--costs"]));
    this.neutronUrl = `http://127.0.0.1:${await neutron.next()}`;
    const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${this.rabbit.port}/`);
    stack.defer(() => connection.close());
    this.#channel = await connection.createChannel();
    const watched = await watchKeys(this.etcd, electionKey(null), ({ type, value }) => {
      if (type !== "Put") return;
      const last = this.seen.leaders.at(-1);
      const name = value.split(":")[0]!;
      if (last?.name !== name) this.seen.leaders.push({ name, at: performance.now() });
    });
    stack.use(watched);
    stack.use(
      await watchKeys(this.etcd, ENDPOINTS, ({ type, key }) => {
        const id = key.slice(-UUID_CHARS).replaceAll("--", "-");
        if (type === "Put" && this.seen.endpoints.get(id) === 0) {
          this.seen.endpoints.set(id, performance.now());
        }
      }),
    );
  }

  /** A node with the options' defaults, and others if given. */
  async node(name: string, options: readonly string[] = []): Promise<Node> {
    const dir = await tempDir();
    this.#stack.use(dir);
    const node = Node.start(
      [
        `--state-dir=${dir.path}`,
        `--node-name=${name}`,
        `--elector-name=${name}`,
        `--etcd=${this.server.url}`,
        `--neutron-url=${this.neutronUrl}`,
        ...options,
      ],
      { CONDUCTOR_TRANSPORT_URL: this.rabbit.url },
      { root: this.build.root },
    );
    this.#stack.defer(async () => {
      if (!node.ended) await node.stop();
    });
    return node;
  }

  /** A node that leads and has made etcd equal, while Neutron costs nothing; milliseconds of its resync. */
  async fill(node: Node): Promise<number> {
    await this.workers(0);
    const from = performance.now();
    await this.resynced(node, 0, START_MS + this.ports * 2);
    const ms = performance.now() - from;
    const found = await this.etcd.getAll().prefix(ENDPOINTS).count();
    if (found !== this.ports) throw new Error(`${found} endpoints of ${this.ports} ports in etcd`);
    print(`    ${this.build.name}: ${this.ports} ports in etcd after ${(ms / 1000).toFixed(1)} s`);
    return ms;
  }

  /** Full resyncs of which a node has told that they succeeded. */
  resyncs(node: Node): number {
    return [...node.output.matchAll(RESYNC_DONE)].length;
  }

  /** When a node has told of one more than so many, monotonic ms. @throws not within that time. */
  async resynced(node: Node, before: number, timeoutMs: number): Promise<number> {
    await eventually(
      "a full resync succeeds",
      () => {
        if (node.ended) throw new Error(`the node has ended:\n${node.output.slice(-4000)}`);
        return this.resyncs(node) > before;
      },
      timeoutMs,
      20,
    );
    return performance.now();
  }

  /** When a node's name was first in the election key since then, monotonic ms. */
  async leads(name: string, since: number): Promise<number> {
    return await eventually(
      "the node leads",
      () => this.seen.leaders.find((one) => one.name === name && one.at >= since)?.at,
      START_MS,
      5,
    );
  }

  /** How many API workers Neutron has; 0: it costs nothing. */
  async workers(count: number): Promise<void> {
    await this.#post(`workers?count=${count}`);
  }

  /** What they have done; `forget` begins peaks and times anew. */
  async load(forget = false): Promise<Load> {
    return await (await fetch(`${this.neutronUrl}/load${forget ? "?forget" : ""}`)).json();
  }

  /** Changes a port without a word; {@linkcode Seen} tells when it is in etcd. */
  async change(id: string): Promise<void> {
    this.seen.endpoints.set(id, 0);
    await this.#post(`change?id=${id}`);
  }

  /** Says on the bus what Neutron says of a port that was changed. */
  announce(id: string): void {
    this.#channel.publish("neutron", "notifications.info", portUpdate(id));
  }

  /** Gives ports another status, as a report does or silently. */
  async setStatus(ids: readonly string[], status: string): Promise<void> {
    for (let from = 0; from < ids.length; from += 100) {
      const query = ids.slice(from, from + 100).map((id) => `id=${id}`).join("&");
      await this.#post(`status?status=${status}&${query}`);
    }
  }

  /** When the endpoint of a changed port is written, monotonic ms. @throws not within that time. */
  async arrived(id: string, timeoutMs: number): Promise<number> {
    const until = performance.now() + timeoutMs;
    while (performance.now() < until) {
      const at = this.seen.endpoints.get(id);
      if (at) return at;
      await sleep(20);
    }
    throw new Error(`${id} was changed ${timeoutMs / 1000} s ago, and is not in etcd`);
  }

  async #post(what: string): Promise<void> {
    const response = await fetch(`${this.neutronUrl}/${what}`, { method: "POST" });
    await response.text();
    if (!response.ok) throw new Error(`${what}: ${response.status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** `port.update.end` in oslo's envelope. */
export function portUpdate(id: string): Buffer {
  const payload = { port: { id, device_owner: "compute:nova" } };
  const inner = { event_type: "port.update.end", payload, priority: "INFO" };
  const body = { "oslo.version": "2.0", "oslo.message": JSON.stringify(inner) };
  return Buffer.from(JSON.stringify(body));
}
