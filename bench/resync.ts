/**
 * The resource syncer against the floor: bare batched transactions of the same keys and bytes, bare
 * reads of the same ranges and pages. Into an empty etcd, with nothing to do, with 1 % changed, 100
 * changes one by one as events bring them; wall time, memory, how late the event loop is.
 *
 * `BENCH_PORTS` (default `1000,10000,100000`) says how many ports. Neutron's pages come from a server
 * that has them ready; etcd is real. What is measured runs in a process of its own, fresh for each size.
 *
 * @module
 */
import { startEtcd } from "../tests/support/etcd_server.ts";
import { Child } from "./child.ts";
import { compactedBytes, etcdCounters } from "./etcd_metrics.ts";
import { type Measured, median } from "./measure.ts";
import { print } from "./print.ts";
import { Report, type Sample } from "./report.ts";
import { idleMiB } from "./idle_process.ts";
import type { Question } from "./resync_worker.ts";
import { QUICK } from "./settings.ts";

const SIZES = (Deno.env.get("BENCH_PORTS") ?? (QUICK ? "1000,5000" : "1000,10000,100000"))
  .split(",").map(Number);
const EVENTS = 100;
const QUOTA = "--quota-backend-bytes=8589934592";
const WRITES = "bare transactions";
const READS = "bare reads";

// deno-lint-ignore no-explicit-any
type Result = Measured<any>;

/** A worker that is asked one thing after the other. */
class Worker extends Child {
  constructor(etcdUrl: string, neutronUrl: string) {
    super("resync_worker.ts", [etcdUrl, neutronUrl], [
      "--v8-flags=--expose-gc,--max-semi-space-size=4",
    ]);
  }
  run(question: Question): Promise<Result> {
    return this.ask(question);
  }
}

/** What a port takes at each size, to see how it grows: wall and CPU time, ours and the floor's, s. */
interface PerPort {
  readonly ports: number;
  readonly wall: Sample;
  readonly cpu: Sample;
}
const perPort = new Map<string, PerPort[]>();
/** Most memory resident in a pass at each size, the middle one of its passes, MiB. */
const peaks: { ports: number; peakMiB: number }[] = [];

async function benchSize(ports: number, report: Report): Promise<void> {
  const runs = QUICK ? 1 : ports >= 100_000 ? 2 : 3;
  const label = `${ports.toLocaleString("en-US")} ports`;
  await using server = await startEtcd([QUOTA]);
  await using floorServer = await startEtcd([QUOTA]);
  const empty = await compactedBytes(server.url);
  await using neutron = new Child("neutron_server.ts", [String(ports)]);
  const neutronUrl = `http://127.0.0.1:${await neutron.next()}`;
  const neutronBytes = async () => Number(await (await fetch(`${neutronUrl}/bytes`)).text());
  const bytes = async () => await neutronBytes() + (await etcdCounters(server.url)).bytes;
  const change = async (count: number): Promise<string[]> =>
    await (await fetch(`${neutronUrl}/change?count=${count}`)).json();
  await using worker = new Worker(server.url, neutronUrl);
  await using floor = new Worker(floorServer.url, neutronUrl);
  const full = (building = false) => worker.run({ do: "full", building });

  // Once, for the caches of the servers and the compiler; what it wrote goes again.
  await full();
  await floor.run({ do: "bareWrite", from: server.url });
  const write: { ours: Result; bare: Result }[] = [];
  for (let run = 0; run < runs; run++) {
    await worker.run({ do: "clear" });
    await floor.run({ do: "clear" });
    const ours = await full();
    write.push({ ours, bare: await floor.run({ do: "bareWrite", from: server.url }) });
  }
  const samples = (of: (result: Result) => number, all: typeof write): Sample[] =>
    all.map(({ ours, bare }) => ({ value: of(ours), baseline: of(bare) }));
  const seconds = ({ seconds }: Result) => seconds;
  report.add(`${label}, into an empty etcd`, samples(seconds, write), {
    unit: "s",
    baseline: WRITES,
    goal: 2,
  });
  note("into an empty etcd", ports, write);
  const last = write.at(-1)!.ours;
  phases(last);

  const read: typeof write = [];
  const periodic: typeof write = [];
  let fullBytes = 0;
  let compared = last;
  for (let run = 0; run < Math.max(2, runs); run++) {
    const bare = await floor.run({ do: "bareRead" });
    const before = await bytes();
    compared = await full();
    fullBytes = await bytes() - before;
    read.push({ ours: compared, bare });
    periodic.push({ ours: await full(true), bare });
  }
  report.add(`${label}, all compared, nothing to do`, samples(seconds, read), {
    unit: "s",
    baseline: READS,
    goal: 2,
  });
  note("all compared, nothing to do", ports, read);
  phases(compared);
  report.add(`${label}, periodic, nothing to do`, samples(seconds, periodic), {
    unit: "s",
    baseline: READS,
    goal: 1.5,
  });
  note("periodic, nothing to do", ports, periodic);

  const some: Result[] = [];
  const again: typeof write = [];
  const someBytes: number[] = [];
  for (let run = 0; run < Math.max(2, runs); run++) {
    const { bare } = read[run]!;
    await change(Math.ceil(ports / 100));
    const before = await bytes();
    some.push(await worker.run({ do: "incremental" }));
    someBytes.push(await bytes() - before);
    await change(Math.ceil(ports / 100));
    again.push({ ours: await full(true), bare });
  }
  report.add(
    `${label}, 1 % changed, incremental, CPU`,
    some.map(({ cpuSeconds }) => ({ value: cpuSeconds, baseline: compared.cpuSeconds })),
    { unit: "s", baseline: "a full one" },
  );
  report.add(
    `${label}, 1 % changed, incremental, bytes`,
    someBytes.map((value) => ({ value: value / 2 ** 20, baseline: fullBytes / 2 ** 20 })),
    { unit: "MiB", baseline: "a full one" },
  );
  report.add(`${label}, 1 % changed, periodic`, samples(seconds, again), {
    unit: "s",
    baseline: READS,
  });
  note("1 % changed, periodic", ports, again);
  const ids = await change(EVENTS);
  const events = await worker.run({ do: "ports", ids, together: false });
  report.add(`${label}, ${EVENTS} changes one by one, each`, [{
    value: events.seconds * 1000 / ids.length,
  }], { unit: "ms", goal: 50 });
  const together = await worker.run({ do: "ports", ids: await change(EVENTS), together: true });
  report.plain(`${label}, ${EVENTS} changes in one pass`, together.seconds * 1000, "ms");

  const heap = await worker.ask({ do: "heap" });
  const idle = await idleMiB();
  const all = [...write, ...read, ...periodic].map(({ ours }) => ours);
  const peakMiB = Math.max(...all.map(({ peakMiB }) => peakMiB));
  peaks.push({ ports, peakMiB: median(all.map(({ peakMiB }) => peakMiB)) });
  report.add(`${label}, most memory resident`, [{ value: peakMiB, baseline: idle }], {
    unit: "MiB",
    baseline: "an idle Deno process",
  });
  report.plain(`${label}, heap that stays`, heap.heapMiB + heap.packedMiB, "MiB");
  report.plain(`${label}, of that packed, per port`, heap.packedMiB * 2 ** 20 / ports, "bytes");
  report.plain(
    `${label}, more of it while a full one runs, per port`,
    heap.besideMiB * 2 ** 20 / ports,
    "bytes",
  );
  report.plain(
    `${label}, event loop late, p99`,
    median(all.map(({ delayP99Ms }) => delayP99Ms)),
    "ms",
  );
  report.plain(`${label}, event loop late, most`, Math.max(...all.map((r) => r.delayMaxMs)), "ms");
  const kept = await compactedBytes(server.url);
  report.plain(`${label}, etcd's database, per port`, (kept - empty) / ports, "bytes");
}

function note(what: string, ports: number, all: { ours: Result; bare: Result }[]): void {
  const list = perPort.get(what) ?? [];
  perPort.set(what, list);
  const of = (pick: (result: Result) => number) => ({
    value: median(all.map(({ ours }) => pick(ours))) / ports,
    baseline: median(all.map(({ bare }) => pick(bare))) / ports,
  });
  list.push({ ports, wall: of(({ seconds }) => seconds), cpu: of((r) => r.cpuSeconds) });
}

/** Where the time of a pass went: its own account by kind. */
function phases({ result, seconds }: Result): void {
  const { etcdReadMs, neutronReadMs, compareMs, writeMs } = result.WorkloadEndpoint;
  const text = Object.entries({ etcdReadMs, neutronReadMs, compareMs, writeMs })
    .map(([name, ms]) => `${name.replace("Ms", "")} ${(Number(ms) / 1000).toFixed(2)} s`);
  print(`    of ${seconds.toFixed(2)} s, endpoints: ${text.join(", ")} (reads overlap)`);
}

/** How the time per port grows with the cloud, beside how the floor's does, and the memory. */
function growth(report: Report): void {
  for (const [what, sizes] of perPort) {
    for (const [small, large] of pairs(sizes)) {
      const name = `${what}: time per port, ${sizesOf(small, large)}`;
      const grown = (of: (sample: Sample) => number, kind: "wall" | "cpu" = "wall") =>
        of(large[kind]) / of(small[kind]);
      report.add(name, [{ value: grown(({ value }) => value) }], { unit: "×", goal: 1.2 });
      report.plain(`${name}, the floor's`, grown(({ baseline }) => baseline!), "×");
      report.plain(`${name}, our CPU`, grown(({ value }) => value, "cpu"), "×");
    }
  }
  for (const [small, large] of pairs(peaks)) {
    report.add(
      `most memory resident in a pass, ${sizesOf(small, large)}`,
      [{ value: large.peakMiB / small.peakMiB }],
      // The smallest cloud does not fill the pages.
      { unit: "×", goal: large.ports > 10_000 ? 1.2 : undefined },
    );
  }
}

function pairs<T>(list: readonly T[]): [T, T][] {
  return list.slice(1).map((item, i) => [list[i]!, item]);
}

function sizesOf(small: { ports: number }, large: { ports: number }): string {
  return `${large.ports.toLocaleString("en-US")} ÷ ${small.ports.toLocaleString("en-US")}`;
}

const report = new Report("resync");
for (const ports of SIZES) await benchSize(ports, report);
growth(report);
report.close();
Deno.exit(0);
