import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { emptyNeutron, labArgs, Node, tempDir } from "./node.ts";
import { Etcd3 } from "etcd3";

Deno.test("a second node that joins the lab reports to it once it leads", async () => {
  await using dirs = new AsyncDisposableStack();
  const [one, two] = [dirs.use(await tempDir()), dirs.use(await tempDir())];
  const lab = labArgs(one.path, 5);
  await using first = Node.start(lab.args);
  await first.ready();
  const places = lab.args.filter((arg) => /^--lab-\w+-port=/.test(arg));
  const own = ["--node-name=node-2", `--state-dir=${two.path}`];
  await using second = Node.start([...own, "--lab=join", ...places]);
  await second.ready();
  const { code } = await first.command("step-down", "--pause=120");
  assertEquals(code, 0);
  const agents = await eventually("it reports", async () => {
    const status = await second.status();
    return status?.isMaster && (status.agents?.reported ?? 0) >= 3 && status;
  }, 60_000);
  assertEquals([agents.roles.length, agents.agents!.failed], [5, 0]);
  const ports = await eventually("ports too", async () => {
    const { ports } = (await second.status())!;
    return (ports?.reported ?? 0) >= 5 && ports;
  }, 60_000);
  assertEquals(ports.failed, 0);
});

Deno.test("a node without a bus says that status is not reported, once there is any", async () => {
  await using dir = await tempDir();
  await using server = await startEtcd();
  await using neutron = emptyNeutron();
  await using node = Node.start([
    `--state-dir=${dir.path}`,
    `--etcd=${server.url}`,
    `--neutron-url=http://127.0.0.1:${neutron.addr.port}`,
  ]);
  const { findings } = await node.ready();
  assertEquals(findings.filter(({ text }) => /status-watcher/.test(text)), []);
  assertMatch(node.output, /transport_url is not given: no status .* is reported/);
  const etcd = new Etcd3({ hosts: server.url });
  try {
    const time = new Date().toISOString();
    await etcd.put("/calico/felix/v2/no-region/host/h1/status")
      .value(JSON.stringify({ time, uptime: 1, first_update: true }));
  } finally {
    etcd.close();
  }
  const status = await eventually("the finding", async () => {
    const status = await node.status();
    return status?.findings.some(({ text }) => /not reported to Neutron/.test(text)) && status;
  }, 30_000);
  assert(status.ready, "it does all else");
  assertEquals(status.agents!.reported, 0);
});
