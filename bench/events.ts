/**
 * From a change in Neutron to etcd, over a real RabbitMQ: a stand-in for Neutron of `BENCH_PORTS` ports
 * changes one and publishes what Neutron would, 20 times a second; the resource syncer, whole and as in
 * production, does the rest. Beside it the floor: a bare consumer of the same broker that writes a key
 * of the same etcd for each message.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Buffer } from "node:buffer";
import amqp from "amqplib";
import type { Etcd3 } from "etcd3";
import { systemClock } from "../lib/base/clock.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { StateStore } from "../lib/state/store.ts";
import { runResourceSyncer } from "../lib/sync/resource_syncer.ts";
import { watchKeys } from "../tests/support/etcd_events.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { LogRecorder } from "../tests/support/log_recorder.ts";
import { RabbitServer } from "../tests/support/rabbit_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { Child } from "./child.ts";
import { portUpdate } from "./cloud_rig.ts";
import { quantile } from "./print.ts";
import { Report } from "./report.ts";
import { setting } from "./settings.ts";

const RATE = 20;
const PORTS = setting("BENCH_PORTS", 10_000, 500);
const SECONDS = setting("BENCH_SECONDS", 20, 5);
const ENDPOINTS = "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack/";
const FLOOR = "/floor/";
const LATE_MS = 10_000;

/** When each key that ends with an id is written next. */
export class Arrivals implements AsyncDisposable {
  readonly #waiting = new Map<string, (at: number) => void>();

  #watch: AsyncDisposable | null = null;

  static async watch(etcd: Etcd3, prefix: string): Promise<Arrivals> {
    const arrivals = new Arrivals();
    arrivals.#watch = await watchKeys(etcd, prefix, ({ type, key }) => {
      const id = key.slice(-UUID_CHARS).replaceAll("--", "-");
      if (type === "Put") arrivals.#waiting.get(id)?.(performance.now());
    });
    return arrivals;
  }

  /** Milliseconds from now until the key is written. @throws it does not come. */
  async next(id: string): Promise<number> {
    const from = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => reject(new Error(`${id} does not arrive`)), LATE_MS);
    try {
      return await promise - from;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
  }
}

/** A UUID with its four dashes doubled. */
const UUID_CHARS = 40;

/** Lets something happen RATE times a second; how long each takes to arrive, ms. */
export async function lagsOf(act: () => Promise<number>): Promise<number[]> {
  const lags: Promise<number>[] = [];
  for (let i = 0, next = performance.now(); i < RATE * SECONDS; i++) {
    lags.push(act());
    next += 1000 / RATE;
    await sleep(Math.max(0, next - performance.now()));
  }
  return await Promise.all(lags);
}

async function measureFloor(etcd: Etcd3, channel: amqp.Channel): Promise<number[]> {
  const { queue } = await channel.assertQueue("", { exclusive: true });
  await channel.bindQueue(queue, "neutron", "floor");
  await channel.consume(queue, async (message) => {
    if (message) await etcd.put(FLOOR + message.content.toString()).value("x").exec();
  }, { noAck: true });
  await using arrivals = await Arrivals.watch(etcd, FLOOR);
  return await lagsOf(async () => {
    const id = crypto.randomUUID();
    const arrival = arrivals.next(id);
    channel.publish("neutron", "floor", Buffer.from(id.replaceAll("-", "--")));
    return await arrival;
  });
}

async function measureSyncer(
  etcd: Etcd3,
  etcdUrl: string,
  rabbit: RabbitServer,
  channel: amqp.Channel,
): Promise<number[]> {
  await using neutron = new Child("neutron_server.ts", [String(PORTS)]);
  const neutronUrl = `http://127.0.0.1:${await neutron.next()}`;
  const stateDir = await Deno.makeTempDir();
  using store = await StateStore.open(stateDir);
  const base = testConfig();
  const files = { caFile: null, certFile: null, keyFile: null };
  const hosts = [{ host: "127.0.0.1", port: rabbit.port, username: "guest", password: "guest" }];
  const bus = { hosts, virtualHost: "/", tls: false, exchange: "neutron", ...files };
  const config = {
    ...base,
    stateDir,
    etcd: { ...base.etcd, endpoints: [etcdUrl] },
    openstack: { ...base.openstack, neutronUrl, authUrl: null },
    notifications: { bus, topics: ["notifications"] },
    sync: { ...base.sync, resyncIntervalSeconds: 3600 },
  };
  const { header } = await etcd.put("/election").value("n:1").exec();
  const stop = new AbortController();
  const term = {
    term: header.revision,
    id: "n:1",
    electionKey: "/election",
    signal: stop.signal,
  };
  const context = { log: new LogRecorder(), clock: systemClock, store, alive: () => {} };
  const done = runResourceSyncer(term, config, etcd, context);
  try {
    while (!(await store.readNotifications())?.queue) await sleep(100);
    while (!(await store.readResyncs())[0]?.endedAt) await sleep(100);
    await sleep(3000); // the comparison after it has subscribed
    await using arrivals = await Arrivals.watch(etcd, ENDPOINTS);
    return await lagsOf(async () => {
      const [id] = await (await fetch(`${neutronUrl}/change?count=1`, { method: "POST" })).json();
      const arrival = arrivals.next(id);
      channel.publish("neutron", "notifications.info", portUpdate(id));
      return await arrival;
    });
  } finally {
    stop.abort(new Error("measured"));
    await done.catch(() => {});
    await Deno.remove(stateDir, { recursive: true });
  }
}

/** The figures. */
export async function benchEvents(report: Report): Promise<void> {
  await using rabbit = await RabbitServer.start();
  await using server = await startEtcd();
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  // A second client: two watches of one that are cancelled at once disturb each other.
  const other = openEtcd({ ...testConfig().etcd, endpoints: [server.url] });
  const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${rabbit.port}/`);
  try {
    const channel = await connection.createChannel();
    await channel.assertExchange("neutron", "topic", { durable: false, autoDelete: false });
    const floor = await measureFloor(other, channel);
    const lags = await measureSyncer(etcd, server.url, rabbit, channel);
    for (const [name, q] of [["p50", 0.5], ["p99", 0.99]] as const) {
      const run = { value: quantile(lags, q), baseline: quantile(floor, q) };
      const baseline = "a bare consumer that writes a key";
      report.add(`${RATE} changes/s, announcement to etcd, ${name}`, [run], {
        unit: "ms",
        baseline,
      });
    }
  } finally {
    await connection.close();
    etcd.close();
    other.close();
  }
}

if (import.meta.main) {
  const report = new Report("events");
  await benchEvents(report);
  report.close();
  Deno.exit(0); // grpc-js keeps timers of calls that were cut off
}
