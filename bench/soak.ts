/**
 * `deno task soak`: hours of a lively lab cloud in minutes. `SOAK_MINUTES` of its time (120) pass
 * `SOAK_SPEED` times faster (8): what happens (one thing every 2 s of its time), the agents' reports and
 * the node's own intervals. The changes are announced on a RabbitMQ, but for one in ten (`SOAK_BUS=0`: none is, and no
 * RabbitMQ is needed), so that the node compares round by round; at the ends of rounds nothing may differ
 * that differed at the two ends before. In the end memory must be flat, files and threads as many as before, and
 * Neutron and etcd the same but for what is on its way. Exit code 1 when they are not.
 *
 * What must be flat is what lives in the heap (objects, strings, buffers, by heap snapshots): V8 lets
 * resident memory grow for hours before it collects in a process that does little, and compiles more
 * and more of what runs. It is flat unless it surely (95 %) grows by more than 0.5 MiB an hour by the
 * clock, after the first third: what a process does once a second is not compressed.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import { labArgs, Node, tempDir } from "../tests/e2e/node.ts";
import { DriftWatch } from "./drift.ts";
import { INSPECT, INSPECTED } from "../lib/process/launcher.ts";
import { Inspected } from "./heap.ts";
import { cpuSeconds, handles, median, processesOf } from "./measure.ts";
import { print } from "./print.ts";
import { roundEnds, roundsBegin } from "./rounds.ts";
import { slopeOf } from "./regression.ts";
import { Report, table } from "./report.ts";
import { setting } from "./settings.ts";

const CLOUD_MINUTES = setting("SOAK_MINUTES", 120, 8);
const SPEED = setting("SOAK_SPEED", 8, 8);
const EVENT_SECONDS = 2;
const [PORTS, HOSTS] = [300, 10];
const MINUTES = CLOUD_MINUTES / SPEED;
const SAMPLE_MS = Math.max(500, MINUTES * 60_000 / 240);
const DRIFT_EVERY_MS = Math.max(15_000, MINUTES * 60_000 / 12);
/** Between two looks at a node that does not compare in rounds; with rounds, between two ends of them at least. */
const APART_MS = 6000;
const ROUNDS_APART_MS = 2000;
/** A round of so few ports takes seconds, but after a slice that was slow it rests for two minutes. */
const ROUND_MS = 300_000;
const WITH_BUS = Deno.env.get("SOAK_BUS") !== "0";
/** Of what is measured after the start: what compiles, fills and settles is not a leak. */
const WARM_UP = 1 / 3;
/** Heap snapshots after that. */
const LOOKS = 10;
const MIN_LOOKS = 3;
/** MiB an hour, and MiB in all. Histories that are kept for an hour or more still fill. */
const MATERIAL = 0.5;
const MATERIAL_IN_ALL = 0.1;
/** What histories fill up to that are kept by their number, MiB: the newest reports of 4,000 ports, some 250 bytes each. */
const HISTORIES: Readonly<Record<string, number>> = { "endpoint-status-watcher": 1 };
/** Pools of connections breathe. */
const MORE_HANDLES = 8;
const TIMEOUT_MS = 60_000;

interface Sample {
  readonly hours: number;
  readonly files: number;
  readonly threads: number;
}

/** One process over time. */
interface Series {
  readonly name: string;
  readonly pid: number;
  readonly inspected: Inspected;
  readonly samples: Sample[];
  /** What lives in its heap, MiB. */
  readonly data: { readonly hours: number; readonly mib: number }[];
}

/** Inspectors listen on ports in a row. */
const FIRST_PORT = 20_000 + Math.floor(Math.random() * 1000) * 8;

function inspectorPort(name: string): number {
  return name === "supervisor" ? FIRST_PORT : FIRST_PORT + 1 + INSPECTED.indexOf(name as never);
}

/** Samples every process until the time is over. */
async function sample(series: readonly Series[], until: number, startedAt: number): Promise<void> {
  const hoursNow = () => (performance.now() - startedAt) / 3_600_000;
  const hoursInAll = MINUTES / 60;
  let looks = 0;
  while (performance.now() < until || looks < MIN_LOOKS) {
    const hours = hoursNow();
    for (const { pid, samples } of series) {
      const { files, threads } = await handles(pid);
      samples.push({ hours, files, threads });
    }
    if (hours >= Math.min(1, WARM_UP + (1 - WARM_UP) * looks / LOOKS) * hoursInAll) {
      looks++;
      for (const { inspected, data } of series) {
        data.push({ hours: hoursNow(), mib: await inspected.dataBytes() / 2 ** 20 });
      }
    }
    await sleep(SAMPLE_MS);
  }
}

/** Until what was changed before has been compared: a round's end, or a while without rounds. */
class Comparing {
  readonly roundsMs: number[] = [];

  constructor(readonly node: Node) {}

  async done(): Promise<void> {
    const status = () => this.node.status();
    if (WITH_BUS) await roundsBegin(status, ROUND_MS);
    const [took] = await Promise.all([roundEnds(status, ROUND_MS), sleep(ROUNDS_APART_MS)]);
    if (took === null) await sleep(APART_MS - ROUNDS_APART_MS);
    else this.roundsMs.push(took);
  }
}

/** Looks for drift now and then; everything that lasted. */
async function watchDrift(
  watch: DriftWatch,
  comparing: Comparing,
  until: number,
): Promise<{ looks: number; found: string[] }> {
  const found: string[] = [];
  let looks = 0;
  while (performance.now() + 3 * APART_MS < until) {
    found.push(...await watch.lasting(() => comparing.done()));
    looks++;
    await sleep(Math.max(0, Math.min(DRIFT_EVERY_MS, until - performance.now())));
  }
  return { looks, found };
}

/** What is wrong with a process; its figures go to the report. */
function judge(report: Report, { name, samples, data }: Series): string[] {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP));
  const [hours, heap] = [data.map(({ hours }) => hours), data.map(({ mib }) => mib)];
  const { slope, low, high } = slopeOf(hours, heap);
  const level = median(heap);
  const quarter = Math.ceil(settled.length / 4);
  const grown = (of: (sample: Sample) => number) =>
    median(settled.slice(-quarter).map(of)) - median(settled.slice(0, quarter).map(of));
  const [files, threads] = [grown((s) => s.files), grown((s) => s.threads)];
  report.plain(`${name}, what lives in its heap`, level, "MiB");
  report.plain(`${name}, the same grows by the clock`, slope, "MiB/h");
  const signed = (count: number) => `${count >= 0 ? "+" : ""}${count}`;
  print(
    `    95 %: ${low.toFixed(2)} to ${high.toFixed(2)} MiB/h; ` +
      `${median(settled.map((s) => s.files))} files (${signed(files)}), ` +
      `${median(settled.map((s) => s.threads))} threads (${signed(threads)})`,
  );
  const wrong: string[] = [];
  const inAll = MATERIAL_IN_ALL + (HISTORIES[name] ?? 0);
  if (low > MATERIAL && low * (hours.at(-1)! - hours[0]!) > inAll) {
    const [most, least] = [slope, low].map((value) => value.toFixed(2));
    wrong.push(`${name}: its heap grows by ${most} MiB an hour, at least ${least}`);
  }
  if (files > MORE_HANDLES) wrong.push(`${name}: ${files} more open files`);
  if (threads > MORE_HANDLES) wrong.push(`${name}: ${threads} more threads`);
  return wrong;
}

/** The cloud, and what a node has to be told of it. */
interface Place {
  readonly etcdUrl: string;
  readonly neutronUrl: string;
  readonly words: readonly string[];
  readonly env: Record<string, string>;
  /** Happenings so far, and of that announced. */
  counts(node: Node): { readonly happened: number; readonly told: number };
}

/** A cloud with a bus around a node of its own; loaded only where it is wanted: it needs RabbitMQ. */
async function placeWithBus(stack: AsyncDisposableStack, stateDir: string): Promise<Place> {
  const { LabBus } = await import("./lab_bus.ts");
  const eventIntervalMs = EVENT_SECONDS * 1000 / SPEED;
  const bus = stack.use(
    await LabBus.start({ ports: PORTS, hosts: HOSTS, eventIntervalMs, speed: SPEED }),
  );
  const { neutronUrl, etcd: { url: etcdUrl } } = bus;
  const words = [
    `--state-dir=${stateDir}`,
    "--node-name=node-1",
    `--etcd=${etcdUrl}`,
    `--neutron-url=${neutronUrl}`,
    `--nova-url=${neutronUrl}/compute/v2.1`,
    `--auth-url=${neutronUrl}/identity/v3`,
    "--username=lab",
    "--project-name=admin",
  ];
  const env = { CONDUCTOR_TRANSPORT_URL: bus.rabbit.url, CONDUCTOR_PASSWORD: "lab" };
  return { etcdUrl, neutronUrl, words, env, counts: () => bus.counts };
}

/** The lab of the node itself, which announces nothing. */
function placeInNode(stateDir: string): Place {
  const { args, etcdUrl, neutronUrl } = labArgs(stateDir, PORTS);
  const own = ["--lab-hosts", "--lab-event-interval"];
  const words = [
    ...args.filter((arg) => !own.some((name) => arg.startsWith(name))),
    `--lab-hosts=${HOSTS}`,
    `--lab-event-interval=${EVENT_SECONDS}`,
    `--lab-speed=${SPEED}`,
  ];
  const counts = ({ output }: Node) => ({
    happened: [...output.matchAll(/ lab: /g)].length,
    told: 0,
  });
  return { etcdUrl, neutronUrl, words, env: {}, counts };
}

async function soak(report: Report): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await tempDir());
  const place = WITH_BUS ? await placeWithBus(stack, dir.path) : placeInNode(dir.path);
  const words = [
    ...place.words,
    `--resync-interval=${Math.max(1, Math.round(60 / SPEED))}`,
    "--incremental-interval=1",
    "--compaction-period=1",
  ];
  const env = { [INSPECT]: String(FIRST_PORT + 1), ...place.env };
  const flags = [`--inspect=127.0.0.1:${FIRST_PORT}`];
  const node = stack.use(Node.start(words, env, { binary: null, flags }));
  await node.ready(TIMEOUT_MS);
  const comparing = new Comparing(node);
  print(
    `${CLOUD_MINUTES} min of a cloud in ${MINUTES.toFixed(1)} min; sampled every ${SAMPLE_MS} ms`,
  );
  const series: Series[] = [];
  for (const { name, pid } of await processesOf(node)) {
    const inspected = await Inspected.connect(inspectorPort(name));
    stack.defer(() => inspected[Symbol.dispose]());
    series.push({ name, pid, inspected, samples: [], data: [] });
  }
  const startedAt = performance.now();
  const until = startedAt + MINUTES * 60_000;
  using watch = new DriftWatch(place.etcdUrl, place.neutronUrl);
  const [, drift] = await Promise.all([
    sample(series, until, startedAt),
    watchDrift(watch, comparing, until),
  ]);
  const cpu = await Promise.all(series.map(async ({ pid }) => await cpuSeconds(pid)));
  const lasting = await watch.lasting(() => comparing.done());
  const now = await processesOf(node);
  const restarted = series.filter(({ name, pid }) =>
    now.find((one) => one.name === name)?.pid !== pid
  );
  const wrong = series.flatMap((one) => judge(report, one));
  wrong.push(...restarted.map(({ name }) => `${name} was restarted`));
  wrong.push(...[...drift.found, ...lasting].map((what) => `drift: ${what}`));
  const { happened, told } = place.counts(node);
  report.plain("things that happened", happened, "events");
  report.plain("of them announced", told, "events");
  report.plain("resyncs", [...node.output.matchAll(/resync done/g)].length, "passes");
  const ends = comparing.roundsMs;
  report.plain("ends of rounds at which it was looked", ends.length, "rounds", "higher");
  if (ends.length > 0) report.plain("a round", median(ends) / 1000, "s");
  report.plain("looks for drift, three times each", drift.looks + 1, "looks");
  report.plain(
    "objects and statuses that differed at all three",
    drift.found.length + lasting.length,
    "×",
  );
  report.plain("CPU of all processes", cpu.reduce((sum, s) => sum + s, 0) / MINUTES, "s/min");
  const rows = series.map(({ name }, i) => [name, (cpu[i]! / MINUTES).toFixed(2)]);
  for (const line of table([["process", "CPU s/min"], ...rows])) print(line);
  return wrong;
}

const report = new Report("soak");
const wrong = await soak(report);
report.close();
for (const line of wrong) print(`WRONG: ${line}`);
print(wrong.length === 0 ? "flat" : "not flat");
Deno.exit(wrong.length === 0 ? 0 : 1);
