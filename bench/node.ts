/**
 * The figures of a running lab node: time from start to ready and resident memory per process. The
 * floor beside them is an idle Deno process.
 *
 * @module
 */
import { print } from "./print.ts";
import { labArgs, Node, tempDir } from "../tests/e2e/node.ts";

/** Proportional set size of a process, MiB (Linux: smaps_rollup). */
async function pssMib(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  return Number(/^Pss:\s+(\d+)/m.exec(text)![1]) / 1024;
}

async function idleDenoMib(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "setInterval(() => {}, 1000)"],
    stdout: "null",
    stderr: "null",
  }).spawn();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const pss = await pssMib(child.pid);
  child.kill("SIGKILL");
  await child.status;
  return pss;
}

async function measureNode(): Promise<void> {
  await using dir = await tempDir();
  const startedAt = performance.now();
  await using node = Node.start(labArgs(dir.path, 200).args);
  await node.ready();
  print(
    `start to ready (lab of 200 ports)   ${((performance.now() - startedAt) / 1000).toFixed(2)} s`,
  );
  await new Promise((resolve) => setTimeout(resolve, 5000));
  const status = (await node.status())!;
  const idle = await idleDenoMib();
  print(`idle Deno process                   ${idle.toFixed(0)} MiB Pss`);
  const processes = [
    { name: "supervisor", pid: node.pid },
    ...status.roles.map(({ name, process }) => ({ name, pid: process!.pid! })),
  ];
  for (const { name, pid } of processes) {
    const pss = await pssMib(pid);
    print(`${name.padEnd(35)} ${pss.toFixed(0)} MiB Pss (${(pss / idle).toFixed(1)} × idle)`);
  }
}

await measureNode();
