/**
 * A snapshot read in pages: with ranges whose ends are guessed (`lib/etcd/snapshot.ts`), against ranges to the
 * end of the prefix with a limit, of which etcd counts every key. `BENCH_VALUES` (50,000) says how many keys.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { Etcd3 } from "etcd3";
import { openEtcd } from "../lib/etcd/client.ts";
import { prefixEnd, snapshotPages } from "../lib/etcd/snapshot.ts";
import { startEtcd } from "../tests/support/etcd_server.ts";
import { testConfig } from "../tests/support/test_config.ts";
import { Report, type Sample } from "./report.ts";
import { setting } from "./settings.ts";

const VALUES = setting("BENCH_VALUES", 50_000, 5000);
const PREFIX = "/paging/";
const PAGE = 500;
const BATCH = 120;
const RUNS = 5;

async function write(etcd: Etcd3): Promise<void> {
  const value = Buffer.from("x".repeat(300));
  for (let from = 0; from < VALUES; from += BATCH) {
    const success = Array.from({ length: Math.min(BATCH, VALUES - from) }, (_, i) => ({
      request_put: { key: Buffer.from(PREFIX + String(from + i).padStart(7, "0")), value },
    }));
    await etcd.kv.txn({ compare: [], success, failure: [] });
  }
}

async function guessed(etcd: Etcd3): Promise<number> {
  let keys = 0;
  for await (const { items } of snapshotPages(etcd, PREFIX, { pageSize: PAGE })) {
    keys += items.length;
  }
  return keys;
}

async function toTheEnd(etcd: Etcd3): Promise<number> {
  let keys = 0;
  for (let key = Buffer.from(PREFIX), more = true; more;) {
    const page = await etcd.kv.range({ key, range_end: prefixEnd(PREFIX), limit: PAGE });
    keys += page.kvs.length;
    key = Buffer.concat([page.kvs.at(-1)!.key, Buffer.from([0])]);
    more = page.more;
  }
  return keys;
}

/** ms. @throws not every key was read. */
async function timed(read: (etcd: Etcd3) => Promise<number>, etcd: Etcd3): Promise<number> {
  const from = performance.now();
  const keys = await read(etcd);
  if (keys !== VALUES) throw new Error(`${keys} of ${VALUES} keys were read`);
  return performance.now() - from;
}

const report = new Report("paging");
await using server = await startEtcd(["--quota-backend-bytes=4294967296"]);
const etcd = openEtcd({ ...testConfig().etcd, endpoints: [server.url], callTimeoutMs: 30_000 });
await write(etcd);
const samples: Sample[] = [];
for (let run = 0; run <= RUNS; run++) {
  const baseline = await timed(toTheEnd, etcd);
  const value = await timed(guessed, etcd);
  if (run > 0) samples.push({ value, baseline }); // the first is for the compiler and the caches
}
report.add(`${VALUES.toLocaleString("en-US")} keys in pages of ${PAGE}`, samples, {
  unit: "ms",
  baseline: "ranges to the end",
  goal: 1,
});
etcd.close();
report.close();
await server[Symbol.asyncDispose](); // an exit disposes of nothing
Deno.exit(0);
