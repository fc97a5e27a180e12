/**
 * What is measured around an act: wall and CPU time, resident memory, delays of the event loop; and the
 * same of other processes, from /proc (Linux).
 *
 * @module
 */
import { cpuUsage } from "node:process";
import type { Node } from "../tests/e2e/node.ts";
import { quantile } from "./print.ts";

const TICK_MS = 5;
const MIB = 2 ** 20;
const CLOCK_TICKS = 100;

/** What an act took. */
export interface Measured<T> {
  readonly result: T;
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** How late a timer was while it ran, ms. */
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
  /** Most resident memory while it ran, MiB. */
  readonly peakMiB: number;
}

/** Runs and measures. */
export async function measure<T>(act: () => Promise<T>): Promise<Measured<T>> {
  const delays: number[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    delays.push(Math.max(0, now - last - TICK_MS));
    last = now;
  }, TICK_MS);
  await resetPeak();
  const cpu = cpuUsage();
  const from = performance.now();
  try {
    const result = await act();
    const seconds = (performance.now() - from) / 1000;
    // What held the loop up to the very end counts too.
    await new Promise((resolve) => setTimeout(resolve, 0));
    delays.push(Math.max(0, performance.now() - last - TICK_MS));
    const used = cpuUsage(cpu);
    return {
      result,
      seconds,
      cpuSeconds: (used.user + used.system) / 1e6,
      delayP99Ms: quantile(delays, 0.99),
      delayMaxMs: Math.max(...delays),
      peakMiB: await peakMiB(Deno.pid),
    };
  } finally {
    clearInterval(timer);
  }
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

async function statusField(pid: number, name: string): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? NaN);
}

/** Most memory that has been resident since the start or the last {@linkcode measure}, MiB. */
export async function peakMiB(pid: number): Promise<number> {
  return await statusField(pid, "VmHWM") / 1024;
}

/** Forgets this process's peak; where that is not allowed, it is the peak since the start. */
async function resetPeak(): Promise<void> {
  await Deno.writeTextFile("/proc/self/clear_refs", "5").catch(() => {});
}

/** Resident memory, MiB. */
export async function rssMiB(pid: number): Promise<number> {
  return await statusField(pid, "VmRSS") / 1024;
}

/** Proportional set size: pages that processes share count in part, MiB. */
export async function pssMiB(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+)/m.exec(text)![1]) * 1024 / MIB;
}

/** CPU time of a process since its start, s. */
export async function cpuSeconds(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

/** How often the threads of a process have gone to sleep of their own accord, which is how often they woke. */
export async function wakeUps(pid: number): Promise<number> {
  let sum = 0;
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const text = await Deno.readTextFile(`/proc/${pid}/task/${name}/status`).catch(() => "");
    sum += Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return sum;
}

/** Open files and threads of a process. */
export async function handles(pid: number): Promise<{ files: number; threads: number }> {
  let files = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) files++;
  return { files, threads: await statusField(pid, "Threads") };
}

/** Processes of a node, its supervisor included. */
export async function processesOf(node: Node): Promise<{ name: string; pid: number }[]> {
  const status = await node.answer();
  return [
    { name: "supervisor", pid: node.pid },
    ...status.roles.map(({ name, process }) => ({ name: String(name), pid: process!.pid! })),
  ];
}
