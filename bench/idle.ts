/**
 * What it costs when nothing happens: one node, then three, on an etcd and a Neutron (1,000 ports) of
 * their own, with the intervals of the defaults, after the first resync. CPU time, wake-ups, requests
 * and bytes of etcd, writes to etcd and to the KV file, per minute. The baseline of CPU time and
 * wake-ups are as many idle Deno processes, each with a timer a second.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Node, tempDir } from "../tests/e2e/node.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { Child } from "./child.ts";
import { added, type EtcdCounters, etcdCounters } from "./etcd_metrics.ts";
import { cpuSeconds, processesOf, wakeUps } from "./measure.ts";
import { Report } from "./report.ts";
import { QUICK, setting } from "./settings.ts";

const SECONDS = setting("BENCH_SECONDS", 120, 10);
/** The first periodic resync reads all that the first one wrote: nothing of it is idle. */
const SETTLE_MS = QUICK ? 10_000 : 80_000;
const TIMEOUT_MS = 60_000;
const PORTS = "1000";
const PER_MINUTE = 60 / SECONDS;

/** The newest versionstamp of a KV file: it grows by a random step with every commit. Costs one. */
async function kvVersion(path: string): Promise<number> {
  using kv = await Deno.openKv(path);
  const { versionstamp } = await kv.set(["bench"], 1);
  return Number(BigInt(`0x${versionstamp}`) >> 16n);
}

/** How much a commit adds to the versionstamp on average. */
async function kvStep(): Promise<number> {
  await using dir = await tempDir();
  const path = `${dir.path}/kv`;
  const from = await kvVersion(path);
  using kv = await Deno.openKv(path);
  const commits = 2000;
  for (let i = 0; i < commits; i++) await kv.set(["bench"], i);
  return (await kvVersion(path) - from) / (commits + 1);
}

interface Costs {
  cpu: Map<string, number>;
  wakes: number;
  etcd: EtcdCounters;
  kv: number;
}

async function read(nodes: Node[], dirs: string[], etcdUrl: string): Promise<Costs> {
  const cpu = new Map<string, number>();
  let wakes = 0;
  for (const node of nodes) {
    for (const { name, pid } of await processesOf(node)) {
      cpu.set(name, (cpu.get(name) ?? 0) + await cpuSeconds(pid));
      wakes += await wakeUps(pid);
    }
  }
  let kv = 0;
  for (const dir of dirs) kv += await kvVersion(`${dir}/state.kv`);
  return { cpu, wakes, etcd: await etcdCounters(etcdUrl), kv };
}

/** As many idle processes: CPU seconds and wake-ups per minute. */
async function idleProcesses(count: number): Promise<{ cpu: number; wakes: number }> {
  const children = Array.from({ length: count }, () =>
    new Deno.Command(Deno.execPath(), {
      args: ["eval", "setInterval(() => {}, 1000)"],
      stdout: "null",
      stderr: "null",
    }).spawn());
  try {
    await sleep(2000);
    const sum = async (of: (pid: number) => Promise<number>) =>
      (await Promise.all(children.map(({ pid }) => of(pid)))).reduce((a, b) => a + b, 0);
    const before = [await sum(cpuSeconds), await sum(wakeUps)] as const;
    const seconds = Math.min(30, SECONDS);
    await sleep(seconds * 1000);
    const times = 60 / seconds;
    // A timer a second cannot be told from nothing by the kernel's clock of 10 ms: never zero.
    const cpu = Math.max(0.01, await sum(cpuSeconds) - before[0]) * times;
    return { cpu, wakes: (await sum(wakeUps) - before[1]) * times };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map(({ status }) => status));
  }
}

async function measureNodes(report: Report, count: number): Promise<void> {
  const label = count === 1 ? "one node" : `${count} nodes`;
  await using server = await startEtcd();
  await using neutron = new Child("neutron_server.ts", [PORTS]);
  const neutronUrl = `http://127.0.0.1:${await neutron.next()}`;
  await using stack = new AsyncDisposableStack();
  const dirs: string[] = [];
  const nodes: Node[] = [];
  for (let i = 1; i <= count; i++) {
    const dir = stack.use(await tempDir()).path;
    dirs.push(dir);
    nodes.push(stack.use(Node.start([
      `--state-dir=${dir}`,
      `--node-name=node-${i}`,
      `--elector-name=node-${i}`,
      `--etcd=${server.url}`,
      `--neutron-url=${neutronUrl}`,
    ])));
  }
  for (const node of nodes) await node.ready(TIMEOUT_MS);
  await sleep(SETTLE_MS);
  const before = await read(nodes, dirs, server.url);
  await sleep(SECONDS * 1000);
  const after = await read(nodes, dirs, server.url);
  const etcd = added(before.etcd, after.etcd);
  const cpuOf = (name: string) => (after.cpu.get(name)! - (before.cpu.get(name) ?? 0)) * PER_MINUTE;
  const cpu = [...after.cpu.keys()].reduce((sum, name) => sum + cpuOf(name), 0);
  const bare = await idleProcesses(count * after.cpu.size);
  const baseline = "as many idle Deno processes";
  report.add(`${label}, CPU`, [{ value: cpu, baseline: bare.cpu }], {
    unit: "s/min",
    baseline,
  });
  for (const name of after.cpu.keys()) {
    report.plain(`${label}, CPU of ${name}`, cpuOf(name), "s/min");
  }
  const roles = [...after.cpu.keys()].filter((name) => name !== "supervisor");
  const percent = roles.reduce((sum, name) => sum + cpuOf(name), 0) / 60 * 100 / count;
  report.add(`${label}, CPU of the roles of a node together`, [{ value: percent }], {
    unit: "% of a core",
    goal: 2,
  });
  const wakes = (after.wakes - before.wakes) * PER_MINUTE;
  report.add(`${label}, wake-ups`, [{ value: wakes, baseline: bare.wakes }], {
    unit: "/min",
    baseline,
  });
  const perMinute = (name: string, value: number) =>
    report.plain(`${label}, ${name}`, value * PER_MINUTE, "a minute");
  perMinute("requests of etcd", etcd.requests);
  perMinute("puts into etcd", etcd.puts);
  perMinute("bytes of etcd", etcd.bytes);
  perMinute("commits to the KV files", (after.kv - before.kv) / await kvStep() - count);
}

const report = new Report("idle");
await measureNodes(report, 1);
await measureNodes(report, 3);
report.close();
Deno.exit(0);
