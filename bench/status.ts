/**
 * The status watchers with a real etcd, a real RabbitMQ, and a consumer that answers as Neutron does
 * but at once. `BENCH_HOSTS` (default `100,1000,5000`) with 20 endpoints each:
 *
 * - a snapshot of all endpoint keys into the queue, beside reading the same keys; memory when all of
 *   them wait, and when none does any more;
 * - changes at a rate that doubles until they arrive late, beside the rate at which the same writer and
 *   etcd go with nobody watching; the delay beside a TCP echo;
 * - a watch that is lost to a compaction in the middle, beside one that can resume;
 * - a consumer that takes 35 ports a second, as one RPC worker of Neutron does;
 * - memory around a storm that came while the watcher stood still (`status_storm.ts`).
 *
 * The delay runs from etcd's answer to the writer, which is its commit, until the consumer has the
 * message, so it holds the way through the broker too. etcd writes to memory where there is a
 * `/dev/shm`: the disk is not what is measured.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Etcd3 } from "etcd3";
import { openEtcd } from "../lib/etcd/client.ts";
import { Proxy } from "../tests/faults/proxy.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { defaultAnswer, FakePlugin, type Received } from "../tests/support/fake_plugin.ts";
import { RabbitServer } from "../tests/support/rabbit_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { Child } from "./child.ts";
import { compactedBytes, etcdCounters } from "./etcd_metrics.ts";
import { cpuSeconds } from "./measure.ts";
import { quantile } from "./print.ts";
import { Report } from "./report.ts";
import { QUICK, setting } from "./settings.ts";
import { drive, Endpoints, type Load, Pending, PREFIX, put } from "./status_load.ts";
import { storm } from "./status_storm.ts";
import { echoTimes } from "./tcp_echo.ts";

const HOSTS = (Deno.env.get("BENCH_HOSTS") ?? (QUICK ? "100" : "100,1000,5000"))
  .split(",").map(Number);
const SECONDS = setting("BENCH_SECONDS", 8, 2);
const FIRST_RATE = setting("BENCH_RATE", 1250, 500);
const MIN_RATE = 50;
const MAX_RATE = QUICK ? 1000 : 40_000;
/** Changes that arrive later than this at the end of a step: the rate is too high. */
const LATE_MS = 500;
/** Memory of fewer endpoints says nothing of many. */
const MAX_EXTRAPOLATION = 10;
const NEUTRON_MS = 1000 / 35;
const PORTS_IN_FLIGHT = "4";

interface Places {
  readonly etcd: Etcd3;
  readonly etcdUrl: string;
  readonly rabbit: RabbitServer;
  /** Round trip of a TCP echo, p50, ms. */
  readonly echoMs: number;
}

/** A watcher in a process of its own; `last` is what it said last. */
class Watcher extends Child {
  // deno-lint-ignore no-explicit-any
  last: any = null;
  readonly #reading: Promise<void>;

  constructor(mode: "agents" | "ports", etcdUrl: string, busUrl: string, collect = false) {
    const args = [mode, etcdUrl, busUrl, PORTS_IN_FLIGHT, collect ? "collect" : ""];
    super("status_watcher.ts", args, ["--v8-flags=--expose-gc,--max-semi-space-size=1"]);
    this.#reading = (async () => {
      try {
        while (true) this.last = await this.next();
      } catch { /* it has ended */ }
    })();
  }

  async follows(total = 0): Promise<void> {
    while (this.last === null || (this.last.total ?? 0) < total) await sleep(20);
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#reading;
  }
}

/** Ports or hosts that a message to the plugin is about. */
function named({ method, args }: Received): string[] {
  if (method === "report_state") return [args.agent_state.agent_state.host];
  return [args.device ?? [], ...(args.devices_up ?? []), ...(args.devices_down ?? [])].flat();
}

/** What the keys take in etcd's database, and what each report that is kept until compaction adds. */
async function database(report: Report, endpoints: Endpoints, places: Places): Promise<void> {
  const { etcd, etcdUrl } = places;
  await etcd.delete().prefix(PREFIX);
  const empty = await compactedBytes(etcdUrl);
  await fill(etcd, endpoints);
  const full = await compactedBytes(etcdUrl);
  report.plain("etcd's database, per endpoint status", (full - empty) / endpoints.count, "bytes");
  const count = QUICK ? 5000 : 50_000;
  for (let from = 0; from < count; from += 10) {
    await put(etcd, Array.from({ length: 10 }, (_, i) => endpoints.agentChange(from + i)));
  }
  const { dbBytes } = await etcdCounters(etcdUrl);
  report.plain("etcd's database, per agent report that is kept", (dbBytes - full) / count, "bytes");
}

async function fill(etcd: Etcd3, endpoints: Endpoints): Promise<void> {
  await etcd.delete().prefix(PREFIX);
  for (let from = 0; from < endpoints.count; from += 100) {
    const size = Math.min(100, endpoints.count - from);
    const changes = Array.from({ length: size }, (_, i) => endpoints.portChange(from + i));
    await put(etcd, changes);
  }
}

/** All keys into the queue, and memory with all of them waiting. */
async function snapshot(report: Report, endpoints: Endpoints, { etcdUrl }: Places): Promise<void> {
  const args = ["snapshot", etcdUrl, String(endpoints.count)];
  await using worker = new Child("status_watcher.ts", args, ["--v8-flags=--expose-gc"]);
  const first = await worker.next();
  const second = await worker.next();
  const bare = Math.min(...first.bare);
  const label = `${endpoints.count.toLocaleString("en-US")} endpoints`;
  report.add(
    `${label}, a snapshot into the queue`,
    [first.seconds, ...second.again].map((value) => ({ value, baseline: bare })),
    { unit: "s", baseline: "bare reads", goal: 2 },
  );
  const per = 100_000 / endpoints.count;
  if (per > MAX_EXTRAPOLATION) return;
  report.plain(
    `${label} all waiting, memory per 100,000`,
    (first.rssMiB - first.beforeMiB) * per,
    "MiB",
  );
}

/** Memory when everything has been reported. */
async function settled(report: Report, endpoints: Endpoints, places: Places): Promise<void> {
  const { etcdUrl, rabbit, etcd } = places;
  const per = 100_000 / endpoints.count;
  if (per > MAX_EXTRAPOLATION) return;
  await using _plugin = await FakePlugin.start(rabbit.port, { keep: false });
  const memory = async (total: number) => {
    await using watcher = new Watcher("ports", etcdUrl, rabbit.url, true);
    await watcher.follows(total);
    while (watcher.last.queued > 0) await sleep(50);
    await sleep(1500);
    return watcher.last as { rssMiB: number; liveMiB: number };
  };
  const full = await memory(endpoints.count);
  await etcd.delete().prefix(PREFIX);
  const empty = await memory(0);
  const name = `${endpoints.count.toLocaleString("en-US")} endpoints followed, memory per 100,000`;
  report.plain(name, (full.rssMiB - empty.rssMiB) * per, "MiB");
  report.plain(`${name}, what lives`, (full.liveMiB - empty.liveMiB) * per, "MiB");
}

interface Step {
  readonly reached: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** How long the last changes took after the writer had ended, ms. */
  readonly behindMs: number;
  /** CPU time of the watcher for 1,000 changes, s. */
  readonly cpu: number;
}

/** One rate for a while. @throws something was lost. */
async function step(mode: "agents" | "ports", load: Load, places: Places): Promise<Step> {
  const { etcd, etcdUrl, rabbit } = places;
  await using plugin = await FakePlugin.start(rabbit.port, { keep: false });
  const pending = new Pending();
  plugin.answer = (received) => {
    for (const id of named(received)) pending.arrived(id);
    return defaultAnswer(received);
  };
  await using watcher = new Watcher(mode, etcdUrl, rabbit.url);
  await watcher.follows();
  // What the snapshot had is reported before anything is measured.
  while (mode === "ports" && watcher.last.queued > 0) await sleep(50);
  await sleep(500);
  const cpu = await cpuSeconds(watcher.pid);
  const reached = await drive(etcd, load, pending);
  const from = performance.now();
  while (pending.size > 0 && performance.now() - from < 30_000) await sleep(5);
  if (pending.size > 0) throw new Error(`${mode}: ${pending.size} changes never arrived`);
  const [p50, p99, max] = [0.5, 0.99, 1].map((q) => quantile(pending.delays, q)) as [
    number,
    number,
    number,
  ];
  const behindMs = performance.now() - from;
  const perThousand = 1000 / (reached * load.seconds);
  const used = (await cpuSeconds(watcher.pid) - cpu) * perThousand;
  return { reached, p50, p99, max, behindMs, cpu: used };
}

/**
 * Doubles the rate until changes arrive late or the writer cannot go faster; halves it when the first
 * one is too high already.
 */
async function sustained(
  report: Report,
  mode: "agents" | "ports",
  endpoints: Endpoints,
  places: Places,
): Promise<void> {
  const change = (i: number) =>
    mode === "agents" ? endpoints.agentChange(i) : endpoints.portChange(i);
  const label = `${endpoints.hosts.toLocaleString("en-US")} hosts, ${mode}`;
  await places.etcd.delete().prefix(PREFIX);
  let best: Step | null = null;
  for (let perSecond = FIRST_RATE; perSecond <= MAX_RATE; perSecond *= 2) {
    const one = await step(mode, { perSecond, perRevision: 10, seconds: SECONDS, change }, places);
    if (perSecond === FIRST_RATE) delays(report, `${label}, ${FIRST_RATE}/s`, one, places);
    if (!isOnTime(one, perSecond)) break;
    best = one;
  }
  for (let perSecond = FIRST_RATE / 2; best === null; perSecond /= 2) {
    const one = await step(mode, { perSecond, perRevision: 10, seconds: SECONDS, change }, places);
    if (isOnTime(one, perSecond) || perSecond < MIN_RATE) best = one;
  }
  // As fast as the writer and etcd go with nobody watching.
  const bare = await drive(
    places.etcd,
    { perSecond: 1e6, perRevision: 10, seconds: SECONDS, change },
    null,
  );
  report.add(`${label}, changes on time`, [{ value: best.reached, baseline: bare }], {
    unit: "/s",
    baseline: "bare writes",
    better: "higher",
  });
  report.plain(`${label}, CPU of 1,000 changes`, best.cpu, "s");
  if (best.reached > 1.5 * FIRST_RATE) {
    delays(report, `${label}, the highest rate on time`, best, places);
  }
}

function isOnTime({ behindMs, p99, reached }: Step, perSecond: number): boolean {
  return behindMs < LATE_MS && p99 < LATE_MS && reached > 0.9 * perSecond;
}

function delays(report: Report, label: string, { p50, p99, max }: Step, { echoMs }: Places): void {
  const baseline = "a TCP echo";
  report.add(`${label}, delay p50`, [{ value: p50, baseline: echoMs }], { unit: "ms", baseline });
  report.plain(`${label}, delay p99`, p99, "ms");
  report.plain(`${label}, delay max`, max, "ms");
}

/** A watch that breaks while changes go on, with and without a compaction before it is back. */
async function recovery(report: Report, endpoints: Endpoints, places: Places): Promise<void> {
  const times: { lost: number; resumed: number }[] = [];
  for (let run = 0; run < (QUICK ? 1 : 3); run++) {
    await fill(places.etcd, endpoints);
    const resumed = await outage(endpoints, places, false);
    await fill(places.etcd, endpoints);
    times.push({ resumed, lost: await outage(endpoints, places, true) });
  }
  report.add(
    `${endpoints.count.toLocaleString("en-US")} endpoints, all right again after a compaction`,
    times.map(({ lost, resumed }) => ({ value: lost, baseline: resumed })),
    { unit: "s", baseline: "after an outage without one" },
  );
}

/** Cuts the watcher off, changes 1 % (at least 100), lets it in again; seconds until all is told. */
async function outage(endpoints: Endpoints, places: Places, compact: boolean): Promise<number> {
  const { etcd, rabbit, etcdUrl } = places;
  await using proxy = new Proxy(Number(new URL(etcdUrl).port));
  await using plugin = await FakePlugin.start(rabbit.port, { keep: false });
  await using watcher = new Watcher("ports", `http://127.0.0.1:${proxy.port}`, rabbit.url);
  await watcher.follows(endpoints.count);
  while (watcher.last.queued > 0) await sleep(50);
  const waiting = new Set<string>();
  plugin.answer = (received) => {
    for (const id of named(received)) waiting.delete(id);
    return defaultAnswer(received);
  };
  proxy.mode = "refuse";
  const changed = Math.max(100, endpoints.count / 100);
  for (let i = 0; i < changed; i++) {
    // The second round over all endpoints: every status is the other one now.
    const change = endpoints.portChange(endpoints.count + i);
    waiting.add(change.id);
    await put(etcd, [change]);
  }
  if (compact) {
    const { header } = await etcd.get("/none").exec();
    await etcd.kv.compact({ revision: header.revision });
  }
  const from = performance.now();
  proxy.mode = "pass";
  while (waiting.size > 0) {
    if (performance.now() - from > 60_000) throw new Error(`${waiting.size} changes are lost`);
    await sleep(5);
  }
  return (performance.now() - from) / 1000;
}

/** Ports against a consumer as slow as Neutron, agents beside them. */
async function brake(report: Report, places: Places): Promise<void> {
  const { etcd, etcdUrl, rabbit } = places;
  await etcd.delete().prefix(PREFIX);
  await using plugin = await FakePlugin.start(rabbit.port, { keep: false });
  const endpoints = new Endpoints(200, 1);
  const neutron = new Map<string, string>();
  const agents = new Pending();
  let turn = Promise.resolve();
  plugin.answer = (received) => {
    const { method, args } = received;
    if (method === "report_state") {
      agents.arrived(args.agent_state.agent_state.host);
      return null;
    }
    const up: string[] = args.devices_up ?? (method === "update_device_up" ? [args.device] : []);
    const down: string[] = args.devices_down ??
      (method === "update_device_down" ? [args.device] : []);
    turn = turn.then(() => sleep((up.length + down.length) * NEUTRON_MS)).then(() => {
      for (const port of up) neutron.set(port, "up");
      for (const port of down) neutron.set(port, "down");
    });
    return turn.then(() => defaultAnswer(received));
  };
  await using agentWatcher = new Watcher("agents", etcdUrl, rabbit.url);
  await using portWatcher = new Watcher("ports", etcdUrl, rabbit.url);
  await Promise.all([agentWatcher.follows(), portWatcher.follows()]);
  await sleep(500);
  let longest = 0;
  const ticker = setInterval(() => longest = Math.max(longest, portWatcher.last.queued), 100);
  const load = { perRevision: 1, seconds: SECONDS };
  const any = (i: number) => {
    const at = Math.floor(Math.random() * endpoints.count);
    return { ...endpoints.portChange(at), value: `{"status":"${i % 2 ? "up" : "down"}"}` };
  };
  await Promise.all([
    drive(etcd, { ...load, perSecond: 1000, change: any }, null),
    drive(etcd, { ...load, perSecond: 100, change: (i) => endpoints.agentChange(i) }, agents),
  ]);
  clearInterval(ticker);
  const from = performance.now();
  // Writes in flight may pass each other: what is newest only etcd knows.
  const truth = await etcd.getAll().prefix(PREFIX).strings();
  const same = () =>
    Array.from({ length: endpoints.count }, (_, i) => i).every((i) => {
      const text = truth[endpoints.key(i)];
      return !text || neutron.get(endpoints.port(i)) === JSON.parse(text).status;
    });
  while (!same()) {
    if (performance.now() - from > 60_000) throw new Error("the newest states have not arrived");
    await sleep(20);
  }
  const name = "35 ports/s taken, 1,000 changes/s of 200";
  report.plain(`${name}, longest queue`, longest, "ports");
  report.plain(`${name}, all newest after`, (performance.now() - from) / 1000, "s");
  report.add(`${name}, agents' delay p50`, [{
    value: quantile(agents.delays, 0.5),
    baseline: places.echoMs,
  }], { unit: "ms", baseline: "a TCP echo" });
  report.plain(`${name}, agents' delay p99`, quantile(agents.delays, 0.99), "ms");
}

if (await Deno.stat("/dev/shm").catch(() => null)) Deno.env.set("TMPDIR", "/dev/shm");
const report = new Report("status");
await using server = await startEtcd(["--quota-backend-bytes=4294967296"]);
const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url], callTimeoutMs: 30_000 });
await using rabbit = await RabbitServer.start();
const echoMs = quantile(await echoTimes(), 0.5);
const places = { etcd, etcdUrl: server.url, rabbit, echoMs };
for (const hosts of HOSTS) {
  const endpoints = new Endpoints(hosts);
  await fill(etcd, endpoints);
  await snapshot(report, endpoints, places);
  await settled(report, endpoints, places);
  for (const mode of ["agents", "ports"] as const) await sustained(report, mode, endpoints, places);
}
await database(report, new Endpoints(HOSTS.at(-1)!), places);
await recovery(report, new Endpoints(HOSTS.at(-1)!), places);
await brake(report, places);
await storm(report, etcd, server.url);
etcd.close();
report.close();
