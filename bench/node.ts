/**
 * A running lab node: time from start to ready, and the memory of each of its processes beside an idle
 * Deno process (proportional set size: the executable that they share counts once).
 *
 * @module
 */
import { labArgs, Node, tempDir } from "../tests/e2e/node.ts";
import { idlePssMiB } from "./idle_process.ts";
import { pssMiB } from "./measure.ts";
import { Report } from "./report.ts";
import { setting } from "./settings.ts";

const RUNS = setting("BENCH_RUNS", 3, 1);
const SETTLE_MS = 5000;
const TIMEOUT_MS = 60_000;

/** From nothing to an exit, s: what any start of a Deno program takes. */
async function bareStartSeconds(): Promise<number> {
  const from = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["eval", "Deno.exit(0)"] }).output();
  return (performance.now() - from) / 1000;
}

async function measureOnce() {
  await using dir = await tempDir();
  const bare = await bareStartSeconds();
  const startedAt = performance.now();
  await using node = Node.start(labArgs(dir.path, 200).args);
  await node.ready(TIMEOUT_MS);
  const seconds = (performance.now() - startedAt) / 1000;
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  const status = (await node.status())!;
  const idle = await idlePssMiB();
  const processes = [
    { name: "supervisor", pid: node.pid },
    ...status.roles.map(({ name, process }) => ({ name: String(name), pid: process!.pid! })),
  ];
  const memory = await Promise.all(
    processes.map(async ({ name, pid }) => ({ name, mib: await pssMiB(pid) })),
  );
  return { seconds, bare, idle, memory };
}

const report = new Report("node");
const runs = [];
for (let run = 0; run < RUNS; run++) runs.push(await measureOnce());
report.add(
  "start to ready, a lab of 200 ports",
  runs.map(({ seconds, bare }) => ({ value: seconds, baseline: bare })),
  { unit: "s", baseline: "an empty program's start" },
);
const idle = "an idle Deno process";
for (const { name } of runs[0]!.memory) {
  report.add(
    `${name}, memory`,
    runs.map(({ memory, idle }) => ({
      value: memory.find((one) => one.name === name)!.mib,
      baseline: idle,
    })),
    { unit: "MiB", baseline: idle },
  );
}
report.add(
  "all of a node, memory",
  runs.map(({ memory, idle }) => ({
    value: memory.reduce((sum, { mib }) => sum + mib, 0),
    baseline: idle,
  })),
  { unit: "MiB", baseline: idle },
);
report.close();
Deno.exit(0);
