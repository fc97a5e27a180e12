import { assert, assertEquals, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { Node, tempDir } from "./node.ts";

/** How long etcd is gone beside the time that the node takes to notice, ms: failures are many or few meanwhile. */
const GONE_MS = 5000;

interface LogLine {
  readonly level: string;
  readonly role: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** What a node has logged, as JSON. */
function logOf(node: Node): LogLine[] {
  return node.output.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line));
}

async function isRegistered(url: string): Promise<boolean> {
  const body = JSON.stringify({ key: btoa("/"), range_end: btoa("0"), keys_only: true });
  const response = await fetch(`${url}/v3/kv/range`, { method: "POST", body });
  const { kvs = [] } = await response.json();
  return kvs.some(({ key }: { key: string }) => atob(key).endsWith("/conductor/nodes/n"));
}

Deno.test("an etcd that is gone for a while: the log has its begin, that nobody can lead, and its end", async () => {
  await using server = await startEtcd();
  await using dir = await tempDir();
  await using node = Node.start([
    ...[`--state-dir=${dir.path}`, "--node-name=n", "--log-format=json", `--etcd=${server.url}`],
    ...["--election-ttl=5", "--election-refresh=1"],
  ]);
  const said = (role: string, message: RegExp) =>
    logOf(node).filter((line) => line.role === role && message.test(line.message));
  const elections = () => said("manager", /^elected$/).length;
  const troubles = () =>
    said("manager", /^etcd (at .* does not answer|does not take or give|could not be compacted)/);

  await eventually("it leads", () => elections() === 1, 30_000);
  await eventually("it is registered", () => isRegistered(server.url), 30_000);
  server.process.kill("SIGKILL");
  await eventually("it cannot", () => troubles().some(({ level }) => level === "ERROR"), 30_000);
  await new Promise((resolve) => setTimeout(resolve, GONE_MS));
  const levels = troubles().map(({ level }) => level);
  assert(["ERROR", "WARN,ERROR"].includes(levels.join()), node.output);
  for (const role of ["agent-status-watcher", "endpoint-status-watcher"]) {
    assert(said(role, /cannot follow etcd/).length <= 1, node.output);
  }

  await server.restart();
  await eventually("it leads again", () => elections() === 2, 30_000);
  const over = () => said("manager", /^etcd serves again$/);
  await eventually("it is over", () => over().length > 0, 30_000);
  await node.stop();
  assertEquals(over().map(({ level }) => level), ["INFO"], node.output);
  assert(/^\d.* (s|min)$/.test(String(over()[0]!.fields.lasted)), node.output);
});
