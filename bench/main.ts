/**
 * The figures of a running lab node: time from start to ready, resident memory per process, and what
 * `isMaster` costs. The floor beside them is an idle Deno process.
 *
 * @module
 */
import { systemClock } from "../lib/clock.ts";
import { isMaster } from "../lib/election/is_master.ts";
import { StateStore } from "../lib/state_store.ts";
import { labArgs, Node, tempDir } from "../tests/e2e/node.ts";

/** Proportional set size of a process, MiB (Linux: smaps_rollup). */
async function pssMib(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+)/m.exec(text)![1]) / 1024;
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line + "\n"));
}

async function idleDenoMib(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "setInterval(() => {}, 1000)"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const pss = await pssMib(child.pid);
  child.kill("SIGKILL");
  await child.status;
  return pss;
}

async function measureNode(): Promise<void> {
  await using dir = await tempDir();
  const startedAt = performance.now();
  await using node = Node.start(labArgs(dir.path, 200).args);
  await node.ready();
  print(
    `start to ready (lab of 200 ports)   ${((performance.now() - startedAt) / 1000).toFixed(2)} s`,
  );
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const status = (await node.status())!;
  const idle = await idleDenoMib();
  print(`idle Deno process                   ${idle.toFixed(0)} MiB Pss`);
  const processes = [
    { name: "supervisor", pid: node.pid },
    ...status.roles.map(({ name, process }) => ({ name, pid: process!.pid! })),
  ];
  for (const { name, pid } of processes) {
    const pss = await pssMib(pid);
    print(`${name.padEnd(35)} ${pss.toFixed(0)} MiB Pss (${(pss / idle).toFixed(1)} × idle)`);
  }
}

async function measureIsMaster(): Promise<void> {
  await using dir = await tempDir();
  using store = await StateStore.open(dir.path);
  const heartbeat = Date.now();
  const record = {
    heartbeat,
    validUntil: heartbeat + 600_000,
    uptime: systemClock.uptime(),
    term: "1",
    id: "n:1",
    since: heartbeat,
  };
  await store.writeMastership(record);
  const times: number[] = [];
  const startedAt = performance.now();
  while (performance.now() - startedAt < 2000) {
    const from = performance.now();
    isMaster(await store.readMastership(), systemClock);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const us = (q: number) => (times[Math.floor(times.length * q)]! * 1000).toFixed(0);
  print(
    `isMaster()                          ${Math.round(times.length / 2)} calls/s, ` +
      `p50 ${us(0.5)} µs, p99 ${us(0.99)} µs`,
  );
}

await measureNode();
await measureIsMaster();
