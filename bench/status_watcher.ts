/**
 * One status watcher in a process of its own, for `status.ts`: `read` and `queue` time a snapshot,
 * `agents` and `ports` follow etcd and report over the bus until their standard input closes; without the address
 * of a bus each report is taken after a moment.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../lib/base/clock.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { type Change, mirror } from "../lib/etcd/mirror.ts";
import { snapshotPages } from "../lib/etcd/snapshot.ts";
import { setupLogging } from "../lib/base/log.ts";
import { StateStore } from "../lib/state/store.ts";
import { AgentStatusWatcher } from "../lib/status/agent_status.ts";
import { EndpointStates } from "../lib/status/endpoint_states.ts";
import { BusReporter } from "../lib/status/bus_reporter.ts";
import type { StatusReporter } from "../lib/status/reporter.ts";
import { EndpointStatusWatcher } from "../lib/status/endpoint_status.ts";
import {
  type EndpointId,
  endpointId,
  felixPrefix,
  parsePortStatus,
  type PortStatus,
} from "../lib/status/felix_status.ts";
import { NewestQueue, SNAPSHOT } from "../lib/status/newest_queue.ts";
import { busConfig } from "../tests/support/bus.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { print } from "./print.ts";

const [mode, etcdUrl, busUrl] = Deno.args;
/** Garbage is collected before memory is read: not where time is measured. */
const collect = Deno.args[4] === "collect";
const etcdConfig = { ...testConfig().etcd, endpoints: [etcdUrl!], callTimeoutMs: 20_000 };
const etcd = openEtcd(etcdConfig);
const prefix = felixPrefix(null);
const say = (record: unknown) => print(JSON.stringify(record));
const rssMiB = () => Deno.memoryUsage().rss / 2 ** 20;

/** Reads all keys and does nothing with them. */
async function read(): Promise<number> {
  const from = performance.now();
  for await (const _page of snapshotPages(etcd, prefix)) { /* only read */ }
  return (performance.now() - from) / 1000;
}

/** What the watcher does until nothing is left but to report. */
async function queue(expected: number) {
  const stop = new AbortController();
  const waiting = new NewestQueue<EndpointId & { status: PortStatus }>(({ host }) => host);
  const states = new EndpointStates();
  const from = performance.now();
  const onChange = ({ key, value }: Change) => {
    const id = endpointId(key, prefix)!;
    const update = { ...id, status: parsePortStatus(value)! };
    states.set(key, update.status);
    waiting.put(`${id.host}/${id.port}`, update, SNAPSHOT);
  };
  const source = mirror(etcd, prefix, {
    signal: stop.signal,
    clock: systemClock,
    wants: (key) => endpointId(key, prefix) !== null,
    roundTripKey: null,
    onTrouble: () => {},
  });
  for await (const batch of source) {
    batch.forEach(onChange);
    if (waiting.size >= expected) break;
  }
  const seconds = (performance.now() - from) / 1000;
  return { seconds, held: states.size, waiting };
}

async function snapshot(): Promise<void> {
  await read(); // the connection and the first compilation
  const before = rssMiB();
  const bare = [await read(), await read(), await read()];
  const { seconds, waiting } = await queue(Number(Deno.args[2]));
  (globalThis as { gc?: () => void }).gc?.();
  say({ bare, seconds, waiting: waiting.size, beforeMiB: before, rssMiB: rssMiB() });
  const again = [];
  for (let i = 0; i < 2; i++) again.push((await queue(waiting.size)).seconds);
  say({ again });
}

/** Neutron without a bus between: it takes each report after a moment. */
const takesAll: StatusReporter = {
  gate: { open: true, whenOpen: () => Promise.resolve() },
  trouble: null,
  blocked: null,
  reportAgent: () => sleep(1),
  reportPorts: () => sleep(1, new Map()),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

async function follow(): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "bench-status-" });
  const store = await StateStore.open(dir);
  const log = setupLogging({
    role: mode!,
    pid: Deno.pid,
    level: "warn",
    format: "text",
    write: (line) => Deno.stderr.writeSync(new TextEncoder().encode(line + "\n")),
  });
  const context = { log, clock: systemClock, store, alive: () => {} };
  const stop = new AbortController();
  const term = { term: "1", id: "n:1", electionKey: "/election", signal: stop.signal };
  const { status, ...rest } = testConfig();
  const config = {
    ...rest,
    etcd: etcdConfig,
    stateDir: dir,
    status: { ...status, portStatusThreads: Number(Deno.args[3] ?? 4) },
  };
  const reporter = busUrl === "" ? takesAll : new BusReporter(
    busConfig(busUrl!, { rpcTimeoutMs: 60_000 }),
    mode === "agents" ? "agents" : "ports",
    context,
  );
  const options = { config, etcd, context, reporter };
  const running = mode === "agents"
    ? new AgentStatusWatcher(term, options).run()
    : new EndpointStatusWatcher(term, { ...options, notifyNova: null }).run();
  const ticker = setInterval(async () => {
    const [ports, agents] = [await store.readPorts(), await store.readAgents()];
    const { total, reported } = ports ?? agents ?? {};
    if (collect) (globalThis as { gc?: () => void }).gc?.();
    const { heapUsed, external } = Deno.memoryUsage();
    const liveMiB = (heapUsed + external) / 2 ** 20;
    say({ queued: ports?.queued, total, reported, rssMiB: rssMiB(), liveMiB });
  }, 500);
  for await (const _ of Deno.stdin.readable) { /* until it closes */ }
  clearInterval(ticker);
  stop.abort(new Error("the benchmark is over"));
  await running;
  await reporter[Symbol.asyncDispose]();
  store[Symbol.dispose]();
  await Deno.remove(dir, { recursive: true });
}

if (mode === "snapshot") await snapshot();
else await follow();
etcd.close();
Deno.exit(0);
