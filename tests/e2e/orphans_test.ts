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
