import { assert, assertEquals, eventually } from "../support/assert.ts";
import { freePort, startEtcd } from "../support/etcd_server.ts";
import { labArgs, lives, Node, tempDir } from "./node.ts";
import { outputOf } from "../support/in_time.ts";

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
  const { stdout } = await outputOf("ps", { args: ["-eo", "pid=,pgid="] });
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

Deno.test("a manager that outlives its supervisor, standing still, ends beside its successor", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  const args = () => [
    `--state-dir=${dir.path}`,
    "--node-name=node-1",
    `--etcd=${server.url}`,
    `--neutron-url=http://127.0.0.1:${freePort()}`,
    "--startup-resync=never",
    // The lease would decide much later than this test waits.
    "--election-ttl=300",
  ];
  await using first = Node.start(args());
  const term = (await first.ready()).mastership!.term;
  const orphan = await first.rolePid("manager");
  const others = (await first.tree()).filter((pid) => pid !== orphan);
  Deno.kill(orphan, "SIGSTOP");
  try {
    first.kill("SIGKILL");
    await eventually("the others end", () => others.every((pid) => !lives(pid)), 10_000);
    await using second = Node.start(args());
    // Ready it may be by what its predecessor has left in the state file.
    const leads = async () => (await second.status())?.mastership;
    const mastership = await eventually("it leads", leads);
    assert(mastership.term !== term, "it takes its predecessor's key at once");
    Deno.kill(orphan, "SIGCONT");
    await eventually("the orphan ends", () => !lives(orphan), 10_000);
    const after = await second.ready();
    assertEquals([after.isMaster, after.mastership!.term], [true, mastership.term]);
    await second.stop();
  } finally {
    if (lives(orphan)) Deno.kill(orphan, "SIGKILL");
  }
});
