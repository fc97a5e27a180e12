/**
 * A running lab node: time from start to ready, and the memory of each of its processes beside an idle
 * Deno process (proportional set size: the executable that they share counts once), and the CPU time of all
 * of them while nothing happens. From source, and from the binary that CONDUCTOR_BINARY names.
 *
 * @module
 */
import { BINARY, labArgs, Node, tempDir } from "../tests/e2e/node.ts";
import { idlePssMiB } from "./idle_process.ts";
import { cpuSeconds, processesOf, pssMiB } from "./measure.ts";
import { ROLE_NAMES } from "../lib/process/roles.ts";
import { Report } from "./report.ts";
import { setting } from "./settings.ts";

const RUNS = setting("BENCH_RUNS", 3, 1);
const SETTLE_MS = 15_000;
const IDLE_MS = setting("BENCH_IDLE_SECONDS", 20, 2) * 1000;
const TIMEOUT_MS = 60_000;

/** From nothing to an exit, s: what any start of a Deno program takes. */
async function bareStartSeconds(): Promise<number> {
  const from = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["eval", "Deno.exit(0)"] }).output();
  return (performance.now() - from) / 1000;
}

/** One run; with a binary, of that instead of the source. */
export async function measureOnce(binary: string | null) {
  await using dir = await tempDir();
  const bare = await bareStartSeconds();
  const startedAt = performance.now();
  await using node = Node.start(labArgs(dir.path, 200).args, {}, { binary });
  await node.ready(TIMEOUT_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const idle = await idlePssMiB();
  const processes = await processesOf(node);
  const memory = await Promise.all(
    processes.map(async ({ name, pid }) => ({ name, mib: await pssMiB(pid) })),
  );
  const used = () => Promise.all(processes.map(({ pid }) => cpuSeconds(pid)));
  const [before, from] = [await used(), performance.now()];
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const after = await used();
  const passed = (performance.now() - from) / 1000;
  const cpu = processes.map(({ name }, i) => ({
    name,
    percent: (after[i]! - before[i]!) / passed * 100,
  }));
  return { seconds, bare, idle, memory, cpu };
}

type Run = Awaited<ReturnType<typeof measureOnce>>;

/** Memory of those processes together, MiB. */
function together({ memory }: Run, counts: (name: string) => boolean): number {
  return memory.filter(({ name }) => counts(name)).reduce((sum, { mib }) => sum + mib, 0);
}

function tell(report: Report, runs: readonly Run[], prefix: string, readyGoal: number): void {
  report.add(
    `${prefix}start to ready, a lab of 200 ports`,
    runs.map(({ seconds, bare }) => ({ value: seconds, baseline: bare })),
    { unit: "s", baseline: "an empty program's start" },
  );
  report.add(
    `${prefix}start to ready by the clock`,
    runs.map(({ seconds }) => ({ value: seconds })),
    { unit: "s", goal: readyGoal },
  );
  const memory = (name: string, value: (run: Run) => number) => {
    const samples = runs.map((run) => ({ value: value(run), baseline: run.idle }));
    const options = { unit: "MiB", baseline: "an idle Deno process" };
    report.add(`${prefix}${name}, memory`, samples, options);
  };
  for (const { name } of runs[0]!.memory) memory(name, (run) => together(run, (n) => n === name));
  memory("all of a node", (run) => together(run, () => true));
  const isRole = (name: string) => (ROLE_NAMES as readonly string[]).includes(name);
  report.add(
    `${prefix}the roles together, memory`,
    runs.map((run) => ({ value: together(run, isRole) })),
    { unit: "MiB", goal: 250 },
  );
  const busy = (counts: (name: string) => boolean) =>
    runs.map(({ cpu }) => ({
      value: cpu.filter(({ name }) => counts(name)).reduce((sum, { percent }) => sum + percent, 0),
    }));
  const unit = "% of a core";
  report.add(`${prefix}the roles together idle, CPU`, busy(isRole), { unit, goal: 2 });
  report.add(`${prefix}all of a node idle, CPU`, busy(() => true), { unit });
}

/** Runs of one kind. */
async function measureRuns(binary: string | null): Promise<Run[]> {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await measureOnce(binary));
  return runs;
}

if (import.meta.main) {
  const report = new Report("node");
  tell(report, await measureRuns(null), "", 2.5);
  if (BINARY) tell(report, await measureRuns(BINARY), "binary: ", 2);
  report.close();
  Deno.exit(0);
}
