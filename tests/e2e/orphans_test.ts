import { assert, eventually } from "../support/assert.ts";
import { labArgs, lives, Node, tempDir } from "./node.ts";

Deno.test("when the supervisor is killed, its roles and the lab's etcd end by themselves", async () => {
  await using dir = await tempDir();
  await using node = Node.start(labArgs(dir.path, 10).args);
  await node.ready();
  const processes = await node.tree();
  assert(processes.length >= 8, `${processes.length} processes`);
  node.kill("SIGKILL");
  await eventually(
    "all processes are gone",
    () => processes.every((pid) => !lives(pid)),
    8000,
  );
});

Deno.test("a signal to the whole process group still stops the roles in order", async () => {
  await using dir = await tempDir();
  await using node = Node.start(labArgs(dir.path, 10).args);
  await node.ready();
  const processes = await node.tree();
  // What a terminal does: the signal goes to every process of the supervisor's group.
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid=,pgid="] }).output();
  const groups = new Map(
    new TextDecoder().decode(stdout).trim().split("\n")
      .map((line) => line.trim().split(/\s+/).map(Number) as [number, number]),
  );
  const members = processes.filter((pid) => groups.get(pid) === groups.get(node.pid));
  for (const pid of members) Deno.kill(pid, "SIGTERM");
  await eventually("the end", () => node.ended, 5000);
  assert(!node.output.includes("role ended"), node.output);
  for (const pid of processes) assert(!lives(pid), `process ${pid} is left`);
});
