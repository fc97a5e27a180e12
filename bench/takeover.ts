/**
 * How soon a new master works: two nodes, a Neutron that costs what Neutron costs (`neutron_workers.ts`), and
 * the leader is told to stop. From the other's election key in etcd until the first of the ports that are
 * changed and announced from then on (ten a second, from the end of the list, where a listing comes
 * last) is in etcd, and until all is compared.
 *
 * Then port status: Felix says that all ports are up, Neutron has one in a hundred of them DOWN, and its plugin
 * takes 35 reports a second. From the election key until all are right, beside one listing of all ports.
 *
 * An earlier build (`--compare COMMIT`, by default the one that builds.ts names) does the same in the same run and
 * is the baseline. `BENCH_PORTS` (10000,100000), `BENCH_WORKERS` (2), `BENCH_RUNS` (3),
 * `BENCH_STATUS_PORTS` (100000; 0: not).
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Node } from "../tests/e2e/node.ts";
import { type Build, openBuilds } from "./builds.ts";
import { CloudRig } from "./cloud_rig.ts";
import { median } from "./measure.ts";
import { busyShare, COST } from "./neutron_workers.ts";
import { print } from "./print.ts";
import { Report, type Sample } from "./report.ts";
import { QUICK, setting } from "./settings.ts";
import { measureStatus } from "./takeover_status.ts";

const SIZES = (Deno.env.get("BENCH_PORTS") ?? (QUICK ? "1000" : "10000,100000"))
  .split(",").map(Number).filter((ports) => ports > 0);
const WORKERS = setting("BENCH_WORKERS", 2, 2);
const RUNS = setting("BENCH_RUNS", 3, 1);
const STATUS_PORTS = setting("BENCH_STATUS_PORTS", 100_000, 1000);
const CHANGE_EVERY_MS = 100;
const SETTLE_MS = 3000;
/** From so many ports on a listing is long enough that a change may come that much sooner than by one. */
const MANY = 100_000;
const ANNOUNCED_GOAL = 0.05;

/** One takeover, s. */
export interface Takeover {
  /** Until the first announced change is in etcd. */
  readonly first: number;
  /** Until all is compared. */
  readonly compared: number;
  /** Requests of ours under way at a time, at most. */
  readonly peak: number;
  /** The part of one worker's time that Neutron was busy until then. */
  readonly busy: number;
}

/** Has the leader stop and the other take over. */
export async function takeOver(
  rig: CloudRig,
  { leader, next, name, workers }: { leader: Node; next: Node; name: string; workers: number },
): Promise<Takeover> {
  await next.ready();
  await sleep(SETTLE_MS);
  const done = rig.resyncs(next);
  await rig.workers(workers);
  const from = performance.now();
  const stopped = leader.stop();
  const won = await rig.leads(name, from);
  const before = await rig.load(true);
  const patience = 60_000 + 5 * rig.ports * COST.whole;
  const [first, all] = await Promise.all([
    firstAnnounced(rig, patience),
    rig.resynced(next, done, patience),
  ]);
  const after = await rig.load();
  await stopped;
  await rig.workers(0);
  return {
    first: (first - won) / 1000,
    compared: (all - won) / 1000,
    peak: after.clients.conductor?.peak ?? 0,
    busy: busyShare(before, after),
  };
}

/** Changes and announces ports until one of them is in etcd; when that was, monotonic ms. */
async function firstAnnounced(rig: CloudRig, patienceMs: number): Promise<number> {
  const until = performance.now() + patienceMs;
  const { ports, cloud } = rig;
  const last = Math.max(1, Math.floor(ports / 100));
  const ids: string[] = [];
  for (let turn = 0; performance.now() < until; turn++) {
    const id = cloud.portId(ports - 1 - turn % last);
    if (turn < last) {
      ids.push(id);
      await rig.change(id);
    }
    rig.announce(id);
    await sleep(CHANGE_EVERY_MS);
    const times = ids.map((id) => rig.seen.endpoints.get(id)!).filter((at) => at > 0);
    if (times.length > 0) return Math.min(...times);
  }
  throw new Error(`no change is in etcd after ${patienceMs / 1000} s`);
}

async function takeOvers(build: Build, ports: number, runs: number): Promise<Takeover[]> {
  await using rig = await CloudRig.start(build, ports);
  let leader = await rig.node("node-0");
  await rig.fill(leader);
  const found: Takeover[] = [];
  for (let run = 1; run <= runs; run++) {
    const name = `node-${run}`;
    const next = await rig.node(name);
    const one = await takeOver(rig, { leader, next, name, workers: WORKERS });
    const { first, compared, peak, busy } = one;
    print(
      `    ${build.name}: announced ${first.toFixed(2)} s, all compared ${
        compared.toFixed(1)
      } s; ` +
        `at most ${peak} requests under way, ${busy.toFixed(2)} workers busy`,
    );
    found.push(one);
    leader = next;
  }
  return found;
}

/** Ours beside the middle of the earlier build's. */
function samples(
  ours: readonly Takeover[],
  before: readonly Takeover[] | null,
  of: (one: Takeover) => number,
): Sample[] {
  const baseline = before ? median(before.map(of)) : undefined;
  return ours.map((one) => ({ value: of(one), baseline }));
}

async function main(): Promise<void> {
  const report = new Report("takeover");
  await using builds = await openBuilds(Deno.args);
  const { ours, before } = builds;
  const baseline = before?.name;
  for (const ports of SIZES) {
    const label = `${ports.toLocaleString("en-US")} ports`;
    // Its listing of a large cloud takes minutes, and always the same.
    const theirs = before && await takeOvers(before, ports, ports > 10_000 ? 1 : RUNS);
    const own = await takeOvers(ours, ports, RUNS);
    const add = (name: string, of: (one: Takeover) => number, goal?: number) =>
      report.add(`${label}, ${name}`, samples(own, theirs, of), {
        unit: "s",
        baseline,
        goal: before ? goal : undefined,
      });
    const announced = "first announced change in etcd";
    add(announced, ({ first }) => first, ports < MANY ? undefined : ANNOUNCED_GOAL);
    report.add(`${label}, ${announced}, by the clock`, own.map(({ first: value }) => ({ value })), {
      unit: "s",
      goal: 2,
    });
    add("all compared", ({ compared }) => compared);
    report.plain(`${label}, requests under way, most`, Math.max(...own.map((o) => o.peak)), "");
  }
  if (STATUS_PORTS > 0) {
    await measureStatus(report, { ours, before, ports: STATUS_PORTS, workers: WORKERS });
  }
  report.close();
}

if (import.meta.main) {
  await main();
  Deno.exit(0); // grpc-js keeps timers of calls that were cut off
}
