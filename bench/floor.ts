/**
 * What the machine gives, with nothing of the product: bare etcd transactions and range reads, a TCP
 * echo, the KV file, an idle Deno process. The other benchmarks measure their own floor in their own
 * run; this one tells machines apart.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { openEtcd } from "../lib/etcd/client.ts";
import { snapshotPages } from "../lib/etcd/snapshot.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { idleMiB, idlePssMiB } from "./idle_process.ts";
import { quantile } from "./print.ts";
import { Report } from "./report.ts";
import { setting } from "./settings.ts";
import { echoTimes } from "./tcp_echo.ts";

const VALUES = setting("BENCH_VALUES", 20_000, 2000);
const VALUE = Buffer.from("x".repeat(1300));
const BATCH = 120;
const IN_FLIGHT = 4;

async function perSecond(count: number, act: () => Promise<void>): Promise<number> {
  const from = performance.now();
  await act();
  return count / ((performance.now() - from) / 1000);
}

async function write(etcd: Etcd3): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < VALUES) {
      const from = next;
      next += BATCH;
      const success = Array.from({ length: Math.min(BATCH, VALUES - from) }, (_, i) => ({
        request_put: { key: Buffer.from(`/floor/${from + i}`), value: VALUE },
      }));
      await etcd.kv.txn({ compare: [], success, failure: [] });
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
}

async function read(etcd: Etcd3): Promise<void> {
  for await (const _ of snapshotPages(etcd, "/floor/")) { /* only read */ }
}

async function kvReads(): Promise<number[]> {
  const dir = await Deno.makeTempDir();
  using kv = await Deno.openKv(`${dir}/kv`);
  await kv.set(["key"], { value: 1 });
  const times: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const from = performance.now();
    await kv.get(["key"]);
    times.push((performance.now() - from) * 1000);
  }
  await Deno.remove(dir, { recursive: true });
  return times;
}

const report = new Report("floor");
await using server = await startEtcd(["--quota-backend-bytes=4294967296"]);
const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url], callTimeoutMs: 30_000 });
await write(etcd);
const runs = async (act: () => Promise<void>) => {
  const all = [];
  for (let run = 0; run < 3; run++) all.push({ value: await perSecond(VALUES, act) });
  return all;
};
report.add("etcd, values of 1.3 kB written in transactions of 120", await runs(() => write(etcd)), {
  unit: "values/s",
  better: "higher",
});
report.add("etcd, the same values read in pages of 2,000", await runs(() => read(etcd)), {
  unit: "values/s",
  better: "higher",
});
etcd.close();
const echo = await echoTimes();
report.plain("TCP echo between two processes, p50", quantile(echo, 0.5), "ms");
report.plain("TCP echo between two processes, p99", quantile(echo, 0.99), "ms");
report.plain("Deno KV, one read, p50", quantile(await kvReads(), 0.5), "µs");
report.plain("idle Deno process, resident", await idleMiB(), "MiB");
report.plain("idle Deno process, proportional set size", await idlePssMiB(), "MiB");
report.close();
await server[Symbol.asyncDispose](); // an exit disposes of nothing
Deno.exit(0);
