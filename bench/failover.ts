/**
 * How long nobody leads: after an orderly hand-over, a killed manager and a killed node, each
 * `BENCH_RUNS` times (50), from the signal until a role's job starts (`whileMaster`, which looks ten
 * times a second). Then what `isMaster` costs beside a bare read of the KV store, and how many requests
 * an idle node makes of etcd.
 *
 * Two nodes with a TTL of 5 s and an etcd of one member on this machine.
 *
 * @module
 */
import { electionKey } from "../lib/calico/regions.ts";
import { systemClock } from "../lib/clock.ts";
import { isMaster } from "../lib/election/is_master.ts";
import { whileMaster } from "../lib/election/while_master.ts";
import { StateStore } from "../lib/state_store.ts";
import { FaultNode, PARTS } from "../tests/faults/fault_node.ts";
import { TTL_SECONDS } from "../tests/faults/setup.ts";
import { eventually } from "../tests/support/assert.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { LogRecorder } from "../tests/support/log_recorder.ts";
import { print, quantile } from "./print.ts";

const RUNS = Number(Deno.env.get("BENCH_RUNS") ?? "50");
const IDLE_MS = 30_000;

/** A node with a role that notes when its job starts. */
class Watched {
  startedAt = 0;
  runs = false;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(readonly node: FaultNode) {
    const job = async ({ signal }: { signal: AbortSignal }) => {
      this.startedAt = performance.now();
      this.runs = true;
      await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
      this.runs = false;
    };
    const options = { log: new LogRecorder(), idle: () => {} };
    const { signal } = this.#stop;
    this.#done = whileMaster(node.store, systemClock, signal, electionKey(null), job, options);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await this.node[Symbol.asyncDispose]();
  }
}

/** From the fault to the next start of a job on any node, ms, run after run. */
async function measure(
  nodes: Watched[],
  fault: (leader: FaultNode) => void,
): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const leader = await eventually("one leads, the other follows", async () => {
      const leaders = nodes.filter(({ runs }) => runs);
      const others = nodes.filter(({ runs }) => !runs);
      const election = await others[0]?.node.store.readElection();
      const settled = election?.state === "follower" && election.leader !== null &&
        Date.now() - election.at < 1500;
      return leaders.length === 1 && settled && leaders[0];
    }, 30_000);
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 500));
    const from = performance.now();
    fault(leader.node);
    const next = await eventually(
      "a job starts",
      () => nodes.find(({ runs, startedAt }) => runs && startedAt > from),
      30_000,
      5,
    );
    times.push(next.startedAt - from);
    rest(leader.node);
  }
  return times;
}

/** Everything runs but the fault suite's writer, which would be load that is not measured here. */
function rest(node: FaultNode): void {
  node.whole();
  node.holdDown("writer");
}

function report(what: string, times: readonly number[], goalMs: number): void {
  const ms = (q: number) => quantile(times, q).toFixed(0);
  print(
    `${what.padEnd(28)} p50 ${ms(0.5)} ms, p90 ${ms(0.9)} ms, p99 ${ms(0.99)} ms ` +
      `(goal ${goalMs} ms, ${times.length} runs)`,
  );
}

async function measureIsMaster(): Promise<void> {
  const dir = await Deno.makeTempDir();
  using store = await StateStore.open(dir);
  const heartbeat = Date.now();
  await store.writeMastership({
    heartbeat,
    validUntil: heartbeat + 600_000,
    uptime: systemClock.uptime(),
    term: "1",
    id: "n:1",
    since: heartbeat,
  });
  using kv = await Deno.openKv(`${dir}/state.kv`);
  const time = async (act: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const from = performance.now();
      await act();
      times.push((performance.now() - from) * 1000);
    }
    return times;
  };
  const bare = await time(() => kv.get(["mastership"]));
  const ours = await time(async () => isMaster(await store.readMastership(), systemClock));
  for (const q of [0.5, 0.99]) {
    const [a, b] = [quantile(bare, q), quantile(ours, q)];
    print(
      `isMaster() p${q * 100}`.padEnd(28) +
        ` ${b.toFixed(0)} µs, ${(b / a).toFixed(2)} × a bare read of the KV store`,
    );
  }
  await Deno.remove(dir, { recursive: true });
}

/** Requests that etcd has served, all methods together. */
async function requests(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return [...text.matchAll(/^grpc_server_(?:msg_received_total)\{.*\} (\d+)$/gm)]
    .reduce((sum, match) => sum + Number(match[1]), 0);
}

async function measureIdle(url: string): Promise<void> {
  const before = await requests(url);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const perMinute = (await requests(url) - before) * 60_000 / IDLE_MS;
  print(
    `etcd requests per minute     ${perMinute.toFixed(0)} by an idle leader and standby, ` +
      "refreshing every second",
  );
}

await using server = await startEtcd();
const options = { marginSeconds: 1, fenced: true };
const nodes = await Promise.all(
  ["node-1", "node-2"].map(async (name) =>
    new Watched(await FaultNode.start(name, [server.port], options))
  ),
);
try {
  for (const { node } of nodes) rest(node);
  const orderly = await measure(nodes, (leader) => leader.signal("manager", "SIGTERM"));
  report("orderly hand-over", orderly, 300);
  const killed = await measure(nodes, (leader) => leader.signal("manager", "SIGKILL"));
  report("manager killed", killed, 1500);
  const dead = await measure(nodes, (leader) => PARTS.forEach((part) => leader.holdDown(part)));
  report("node killed", dead, (TTL_SECONDS + 1) * 1000);
  await measureIdle(server.url);
} finally {
  for (const node of nodes) await node.close();
}
await measureIsMaster();
