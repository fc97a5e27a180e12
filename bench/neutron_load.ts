/**
 * What a node costs Neutron in the long run: one node with the options' defaults and notifications, a Neutron that
 * costs what Neutron costs (`neutron_workers.ts`). How busy it keeps Neutron, in per cent of one worker; how long
 * a change that nobody announces takes until it is in etcd; how long another client waits for one port.
 *
 * Then a full resync of a new term with eight workers and, where the build has the option,
 * `neutron_parallel` 8.
 *
 * An earlier build (`--compare COMMIT`, by default the one that builds.ts names) does the same in the same run and
 * is the baseline. `BENCH_PORTS` (5000,100000), `BENCH_WORKERS` (2), `BENCH_MINUTES` (a round at 5 %,
 * and a fifth more; of an earlier build, four), `BENCH_RESYNC_PORTS` (100000; 0: not).
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Build, openBuilds } from "./builds.ts";
import { CloudRig } from "./cloud_rig.ts";
import { median } from "./measure.ts";
import { busyShare, COST } from "./neutron_workers.ts";
import { OtherClient } from "./other_client.ts";
import { print, quantile } from "./print.ts";
import { Report, type Sample } from "./report.ts";
import { QUICK, setting } from "./settings.ts";

const SIZES = (Deno.env.get("BENCH_PORTS") ?? (QUICK ? "500" : "5000,100000"))
  .split(",").map(Number).filter((ports) => ports > 0);
const WORKERS = setting("BENCH_WORKERS", 2, 2);
const RESYNC_PORTS = setting("BENCH_RESYNC_PORTS", 100_000, 2000);
const RESYNC_WORKERS = 8;
const RESYNC_RUNS = QUICK ? 1 : 2;
const BUDGET = 0.05;
const MINUTES_BEFORE = 4;
const SETTLE_MS = QUICK ? 5000 : 30_000;
/** Changes that nobody announces, spread over the first half of the window. */
const SILENT = QUICK ? 3 : 12;

/** What a while was like. */
interface While {
  /** Of one worker, per cent. */
  readonly busy: number;
  /** Until each silent change was in etcd, s. */
  readonly found: readonly number[];
  /** Another client's wait for one port, ms. */
  readonly p50: number;
  readonly p99: number;
  /** Requests by kind, a minute. */
  readonly requests: Readonly<Record<string, number>>;
}

/** A round of ids and revisions within the budget, and a fifth more, min. */
function windowOf(ports: number, earlier: boolean): number {
  const round = ports * COST.narrow / BUDGET / 60_000;
  const usual = Math.max(2, 1.2 * round);
  return setting("BENCH_MINUTES", earlier ? Math.min(MINUTES_BEFORE, usual) : usual, 0.3);
}

/** Changes ports without a word at even times; how long each took, s. */
async function silentChanges(rig: CloudRig, everyMs: number, patienceMs: number) {
  const found: Promise<number>[] = [];
  for (let i = 0; i < SILENT; i++) {
    const id = rig.cloud.portId(Math.floor((i + 0.5) / SILENT * rig.ports * 0.999));
    const from = performance.now();
    await rig.change(id);
    found.push(rig.arrived(id, patienceMs).then((at) => (at - from) / 1000));
    await sleep(everyMs);
  }
  return await Promise.all(found);
}

async function watch(build: Build, ports: number, minutes: number): Promise<While> {
  await using rig = await CloudRig.start(build, ports);
  await rig.fill(await rig.node("node-0"));
  await rig.workers(WORKERS);
  // Silent changes alone would look like a Neutron that announces nothing.
  const announced = rig.cloud.portId(0);
  await rig.change(announced);
  rig.announce(announced);
  await sleep(SETTLE_MS);
  const before = await rig.load(true);
  await using other = new OtherClient(rig);
  const windowMs = minutes * 60_000;
  const patience = 2 * windowMs + 60_000;
  const silent = silentChanges(rig, windowMs / 2 / SILENT, patience);
  await Promise.race([sleep(windowMs), silent.then(() => sleep(windowMs))]);
  const after = await rig.load();
  const found = await silent;
  const own = busyShare(before, after) - busyOfOther(other.timesMs.length, after.at - before.at);
  const requests = Object.fromEntries(
    Object.entries(after.requests)
      .map(([kind, n]) => [kind, (n - (before.requests[kind] ?? 0)) / minutes] as const)
      .filter(([, n]) => n > 0),
  );
  const [p50, p99] = [other.quantile(0.5), other.quantile(0.99)];
  const one = { busy: 100 * own, found, p50, p99, requests };
  print(
    `    ${build.name}: ${one.busy.toFixed(1)} % of a worker; silent changes after ` +
      `${median(found).toFixed(1)} s, at most ${
        Math.max(...found).toFixed(1)
      } s; another's port after ` +
      `${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`,
  );
  const told = Object.entries(requests).map(([kind, n]) => `${kind} ${n.toFixed(1)}`).join(", ");
  print(`    requests a minute: ${told}`);
  return one;
}

/** What the other client's requests took of a worker. */
function busyOfOther(requests: number, windowMs: number): number {
  return requests * (COST.request + COST.whole) / windowMs;
}

/** A full resync at the start of a term. */
interface Resync {
  readonly seconds: number;
  readonly peak: number;
  readonly p99: number;
}

async function resyncs(build: Build, ports: number, runs: number): Promise<Resync[]> {
  await using rig = await CloudRig.start(build, ports);
  const first = await rig.node("node-0");
  await rig.fill(first);
  await first.stop();
  const option = `--neutron-parallel=${RESYNC_WORKERS}`;
  const options = await build.has("neutron_parallel") ? [option] : [];
  const found: Resync[] = [];
  for (let run = 1; run <= runs; run++) {
    await rig.workers(RESYNC_WORKERS);
    await using other = new OtherClient(rig);
    const from = performance.now();
    const node = await rig.node(`node-${run}`, options);
    const won = await rig.leads(`node-${run}`, from);
    await rig.load(true);
    other.timesMs.length = 0; // nobody was beside it before
    const done = await rig.resynced(node, 0, 60_000 + 5 * ports * COST.whole);
    const { clients } = await rig.load();
    const peak = clients.conductor?.peak ?? 0;
    const one = { seconds: (done - won) / 1000, peak, p99: other.quantile(0.99) };
    found.push(one);
    print(
      `    ${build.name}${options.length ? `, ${option}` : ""}: ${one.seconds.toFixed(1)} s, ` +
        `at most ${peak} requests under way; another's port p99 ${one.p99.toFixed(0)} ms`,
    );
    await node.stop();
  }
  return found;
}

async function main(): Promise<void> {
  const report = new Report("neutron_load");
  await using builds = await openBuilds(Deno.args);
  const { ours, before } = builds;
  const baseline = before?.name;
  for (const ports of SIZES) {
    const label = `${ports.toLocaleString("en-US")} ports`;
    const theirs = before && await watch(before, ports, windowOf(ports, true));
    const own = await watch(ours, ports, windowOf(ports, false));
    const sample = (of: (one: While) => number): Sample[] => [{
      value: of(own),
      baseline: theirs ? of(theirs) : undefined,
    }];
    report.add(`${label}, Neutron busy`, sample(({ busy }) => busy), {
      unit: "% of a worker",
      baseline,
      goal: before ? ports > 50_000 ? BUDGET : undefined : 100 * BUDGET,
    });
    const round = ports * COST.narrow / BUDGET / 1000;
    report.add(`${label}, a silent change found, at most`, [{ value: Math.max(...own.found) }], {
      unit: "s",
      goal: Math.max(60, 1.2 * round),
    });
    report.plain(`${label}, a silent change found, p50`, quantile(own.found, 0.5), "s");
    report.add(`${label}, another client's port, p99`, sample(({ p99 }) => p99), {
      unit: "ms",
      baseline,
    });
  }
  if (RESYNC_PORTS > 0) {
    const label = `${RESYNC_PORTS.toLocaleString("en-US")} ports, full, ${RESYNC_WORKERS} workers`;
    const theirs = before && await resyncs(before, RESYNC_PORTS, 1);
    const own = await resyncs(ours, RESYNC_PORTS, RESYNC_RUNS);
    const baselineOf = (of: (one: Resync) => number) => theirs ? of(theirs[0]!) : undefined;
    const samples = (of: (one: Resync) => number) =>
      own.map((one) => ({ value: of(one), baseline: baselineOf(of) }));
    const goal = before ? 0.2 : undefined;
    report.add(label, samples(({ seconds }) => seconds), { unit: "s", baseline, goal });
    report.add(`${label}, another client's port, p99`, samples(({ p99 }) => p99), {
      unit: "ms",
      baseline,
    });
    report.add(`${label}, requests under way, most`, own.map(({ peak }) => ({ value: peak })), {
      unit: "requests",
      goal: RESYNC_WORKERS,
    });
  }
  report.close();
}

if (import.meta.main) {
  await main();
  Deno.exit(0); // grpc-js keeps timers of calls that were cut off
}
