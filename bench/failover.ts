/**
 * How long nobody leads: after an orderly hand-over, a killed manager and a killed node, each
 * `BENCH_RUNS` times (50), from the signal until a role's job starts (`runWhileMaster`, which looks ten
 * times a second). Then what `isMaster` costs beside a bare read of the KV store.
 *
 * Two nodes with a TTL of 5 s and an etcd of one member on this machine. The floor of a hand-over is
 * what etcd takes for the two transactions of it, a release and a claim; that of a killed node is the
 * lease, which nobody may cut short.
 *
 * @module
 */
import { systemClock } from "../lib/base/clock.ts";
import { isMaster } from "../lib/state/is_master.ts";
import { runWhileMaster } from "../lib/election/while_master.ts";
import { beginSeals } from "../lib/state/seal_file.ts";
import { StateStore } from "../lib/state/store.ts";
import { FaultNode, PARTS } from "../tests/faults/fault_node.ts";
import { TTL_SECONDS } from "../tests/faults/setup.ts";
import { eventually } from "../tests/support/assert.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { LogRecorder } from "../tests/support/log_recorder.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { quantile } from "./print.ts";
import { Report } from "./report.ts";
import { setting } from "./settings.ts";

const RUNS = setting("BENCH_RUNS", 50, 4);
/** The runs of a fault are looked at in so many groups, which tells how much they move. */
const GROUPS = 5;

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
    const config = { region: null, election: { name: node.name } };
    const { store } = node;
    const context = { log: new LogRecorder(), clock: systemClock, store, alive: () => {} };
    const { signal } = this.#stop;
    this.#done = runWhileMaster({ config, job: context, signal }, job);
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

/** The times as figures: the middle and the tail, beside a floor (ms). */
function tell(
  report: Report,
  what: string,
  times: readonly number[],
  floor: { name: string; value: number },
) {
  const size = Math.ceil(times.length / GROUPS);
  const groups = Array.from({ length: GROUPS }, (_, i) => times.slice(i * size, (i + 1) * size))
    .filter((group) => group.length > 0);
  const options = { unit: "ms", baseline: floor.name, distribution: times };
  const sample = (value: number) => ({ value, baseline: floor.value });
  report.add(`${what}, p50`, groups.map((group) => sample(quantile(group, 0.5))), options);
  const tail = { unit: "ms", baseline: floor.name };
  report.add(`${what}, p99 of ${times.length}`, [sample(quantile(times, 0.99))], tail);
}

/** Two transactions one after the other, ms. */
async function bareHandOver(url: string): Promise<number> {
  const etcd = openEtcd({ ...testConfig().etcd, endpoints: [url] });
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    const from = performance.now();
    await etcd.if("/bare", "Version", ">", 0).then(etcd.delete().key("/bare")).commit();
    await etcd.if("/bare", "Create", "==", 0).then(etcd.put("/bare").value("node:1")).commit();
    times.push(performance.now() - from);
  }
  etcd.close();
  return quantile(times, 0.5);
}

async function measureIsMaster(report: Report): Promise<void> {
  const dir = await Deno.makeTempDir();
  using store = await StateStore.open(dir, (await beginSeals(dir)).manager);
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
    for (let i = 0; i < 5000; i++) {
      const from = performance.now();
      await act();
      times.push((performance.now() - from) * 1000);
    }
    return times;
  };
  const rounds: { bare: number[]; ours: number[] }[] = [];
  for (let round = 0; round < 4; round++) {
    const bare = await time(() => kv.get(["mastership"]));
    const ours = await time(async () => isMaster(await store.readMastership(), systemClock));
    rounds.push({ bare, ours });
  }
  for (const q of [0.5, 0.99]) {
    const samples = rounds.map(({ bare, ours }) => ({
      value: quantile(ours, q),
      baseline: quantile(bare, q),
    }));
    const baseline = "a bare read of the KV file";
    report.add(`isMaster(), p${q * 100}`, samples, { unit: "µs", baseline });
  }
  await Deno.remove(dir, { recursive: true });
}

const report = new Report("failover");
await using server = await startEtcd();
const options = { marginSeconds: 1, fenced: true };
const nodes = await Promise.all(
  ["node-1", "node-2"].map(async (name) =>
    new Watched(await FaultNode.start(name, [server.port], options))
  ),
);
try {
  for (const { node } of nodes) rest(node);
  const bare = { name: "two bare transactions", value: await bareHandOver(server.url) };
  const ttl = { name: "the lease's TTL", value: TTL_SECONDS * 1000 };
  const orderly = await measure(nodes, (leader) => leader.signal("manager", "SIGTERM"));
  tell(report, "orderly hand-over", orderly, bare);
  const killed = await measure(nodes, (leader) => leader.signal("manager", "SIGKILL"));
  tell(report, "manager killed", killed, bare);
  const dead = await measure(nodes, (leader) => PARTS.forEach((part) => leader.holdDown(part)));
  tell(report, `node killed, TTL ${TTL_SECONDS} s`, dead, ttl);
} finally {
  for (const node of nodes) await node.close();
}
await measureIsMaster(report);
report.close();
await server[Symbol.asyncDispose](); // an exit disposes of nothing
Deno.exit(0);
