/**
 * Memory of the endpoint status watcher around a storm: it stands still, as a process on a machine that is too
 * busy, while statuses of 200,000 endpoints are written, and then goes on. Its peak, and what is left a minute after
 * it has caught up, beside its size before.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Etcd3 } from "etcd3";
import { v8Flags } from "../lib/process/launcher.ts";
import { Child } from "./child.ts";
import { cpuSeconds, peakMiB, rssMiB } from "./measure.ts";
import type { Report } from "./report.ts";
import { QUICK } from "./settings.ts";
import { drive, Endpoints, PREFIX } from "./status_load.ts";

const HOSTS = QUICK ? 1000 : 10_000;
/** Until a process that has just started has settled, ms. */
const SETTLE_MS = 5000;
/** Time after which memory has to be given back, ms. */
const BACK_MS = QUICK ? 2000 : 60_000;

/** Adds the figures to the report; etcd holds no status afterwards. */
export async function storm(report: Report, etcd: Etcd3, etcdUrl: string): Promise<void> {
  await etcd.delete().prefix(PREFIX);
  const endpoints = new Endpoints(HOSTS);
  await using watcher = new Child("status_watcher.ts", ["ports", etcdUrl, "", "4"], [
    v8Flags("endpoint-status-watcher"),
  ]);
  await watcher.next();
  await sleep(SETTLE_MS);
  const baseline = await rssMiB(watcher.pid);
  const cpu = await cpuSeconds(watcher.pid);
  Deno.kill(watcher.pid, "SIGSTOP");
  try {
    const load = { perSecond: Infinity, perRevision: 4, seconds: Infinity };
    const change = (i: number) => endpoints.portChange(i);
    await drive(etcd, { ...load, count: endpoints.count, change }, null);
  } finally {
    Deno.kill(watcher.pid, "SIGCONT");
  }
  while ((await watcher.next()).total < endpoints.count) { /* it says so twice a second */ }
  const used = await cpuSeconds(watcher.pid) - cpu;
  const until = performance.now() + BACK_MS;
  while (performance.now() < until) await watcher.next();
  const name = `a storm of ${endpoints.count.toLocaleString("en-US")} statuses`;
  const options = { unit: "MiB", baseline: "before", goal: 2 };
  const peak = await peakMiB(watcher.pid);
  report.add(`${name}, most memory`, [{ value: peak, baseline }], options);
  const left = await rssMiB(watcher.pid);
  report.add(`${name}, memory a minute later`, [{ value: left, baseline }], options);
  report.plain(`${name}, CPU until it has caught up`, used, "s");
  await etcd.delete().prefix(PREFIX);
}
