/**
 * A cloud of a million ports, once: filling an empty etcd, etcd's size, a takeover, a full resync with lists read side
 * by side, a round of comparing, and the syncer's memory in all of it. Neutron's objects are made when asked
 * for, so that the machine's memory goes to etcd and the node: plan for 12 GiB and an hour.
 *
 * `BENCH_PORTS` (1000000), `BENCH_WORKERS` (8; as many is `neutron_parallel`), `BENCH_BUDGET` (100: per cent of a
 * worker for a round, so that it ends in minutes; the time of one within 5 % follows). Figures go to
 * `docs/scaling.md` by `deno task bench --only million --save`.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Node } from "../tests/e2e/node.ts";
import { openBuilds } from "./builds.ts";
import { CloudRig } from "./cloud_rig.ts";
import { compactedBytes } from "./etcd_metrics.ts";
import { peakMiB, rssMiB } from "./measure.ts";
import { busyShare, COST } from "./neutron_workers.ts";
import { print } from "./print.ts";
import { Report } from "./report.ts";
import { roundEnds, roundsBegin } from "./rounds.ts";
import { setting } from "./settings.ts";
import { takeOver } from "./takeover.ts";

const PORTS = setting("BENCH_PORTS", 1_000_000, 2000);
const WORKERS = setting("BENCH_WORKERS", 8, 8);
const BUDGET = setting("BENCH_BUDGET", 100, 100);
const SYNCER = "resource-syncer";
const SETTLE_MS = 10_000;
/** So many times what a round should take, and it is given up. */
const PATIENCE = 4;

/** Most memory of the node's resource syncer since its start, MiB. */
async function syncerPeak(node: Node): Promise<number> {
  return await peakMiB(await node.rolePid(SYNCER));
}

async function main(): Promise<void> {
  const report = new Report("million");
  const label = `${PORTS.toLocaleString("en-US")} ports`;
  await using builds = await openBuilds(["--compare", "none"]);
  const { ours } = builds;
  await using rig = await CloudRig.start(ours, PORTS);
  const wanted: readonly (readonly [string, number])[] = [
    ["neutron_parallel", WORKERS],
    ["neutron_budget", BUDGET],
  ];
  const options: string[] = [];
  for (const [name, value] of wanted) {
    if (await ours.has(name)) options.push(`--${name.replaceAll("_", "-")}=${value}`);
  }
  print(`    ${label}, ${WORKERS} workers, ${options.join(" ")}`);
  const empty = await compactedBytes(rig.server.url);
  const first = await rig.node("node-0", options);
  const filledMs = await rig.fill(first);
  report.plain(`${label}, into an empty etcd, from the node's start`, filledMs / 1000, "s");
  report.plain(`${label}, syncer, most memory while it fills etcd`, await syncerPeak(first), "MiB");
  const bytes = await compactedBytes(rig.server.url) - empty;
  report.plain(`${label}, etcd's database`, bytes / 2 ** 30, "GiB");
  report.plain(`${label}, etcd's database, per port`, bytes / PORTS, "bytes");

  const next = await rig.node("node-1", options);
  const one = await takeOver(rig, { leader: first, next, name: "node-1", workers: WORKERS });
  report.add(`${label}, first announced change in etcd`, [{ value: one.first }], {
    unit: "s",
    goal: 2,
  });
  report.plain(`${label}, all compared`, one.compared, "s");
  report.plain(`${label}, requests under way, most`, one.peak, "requests");
  report.plain(`${label}, syncer, most memory while it takes over`, await syncerPeak(next), "MiB");

  await rig.workers(WORKERS);
  await sleep(SETTLE_MS);
  const listing = PORTS * COST.narrow;
  await roundsBegin(() => next.status(), listing + 60_000);
  const before = await rig.load(true);
  const expected = listing * 100 / BUDGET;
  const roundMs = await roundEnds(() => next.status(), PATIENCE * expected + 60_000);
  const after = await rig.load();
  const pid = await next.rolePid(SYNCER);
  report.plain(`${label}, syncer, resident after that`, await rssMiB(pid), "MiB");
  if (roundMs === null) print("    no round has ended: this build may have none");
  else {
    report.plain(
      `${label}, a round of comparing with a budget of ${BUDGET} %`,
      roundMs / 1000,
      "s",
    );
    const busy = 100 * busyShare(before, after);
    report.plain(`${label}, Neutron busy meanwhile`, busy, "% of a worker");
    report.plain(`${label}, syncer, most memory of all`, await syncerPeak(next), "MiB");
  }
  report.close();
}

if (import.meta.main) {
  await main();
  Deno.exit(0); // grpc-js keeps timers of calls that were cut off
}
