import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { startEtcd } from "../support/etcd_server.ts";
import { emptyNeutron, labArgs, Node, tempDir } from "./node.ts";
import { Etcd3 } from "etcd3";

interface LabPort {
  readonly id: string;
  readonly status: string;
  readonly device_owner: string;
  readonly "binding:host_id": string;
}

/** The lab's Neutron, and where its status reports go. */
function labNeutron(url: string) {
  return {
    async vmPorts(): Promise<LabPort[]> {
      const response = await fetch(`${url}/v2.0/ports`);
      const { ports }: { ports: LabPort[] } = await response.json();
      return ports.filter(({ device_owner, "binding:host_id": host }) =>
        device_owner.startsWith("compute:") && host !== ""
      );
    },
    async report({ id, "binding:host_id": host }: LabPort, status: string): Promise<void> {
      const body = JSON.stringify({ device: id, agent_id: "test", host, status });
      const response = await fetch(`${url}/lab/v1/update_device`, { method: "POST", body });
      await response.body?.cancel();
      assertEquals(response.status, 204);
    },
  };
}

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
  const neutron = labNeutron(lab.neutronUrl);
  const port = await eventually("all ports are up", async () => {
    const ports = await neutron.vmPorts();
    return ports.length >= 5 && ports.every(({ status }) => status === "ACTIVE") && ports[0]!;
  }, 60_000);
  await eventually("the first has told all", async () => {
    const { ports } = await first.answer();
    return ports?.queued === 0;
  });
  // What nobody announces, and Felix does not say again.
  await neutron.report(port, "DOWN");
  const { code } = await first.command("step-down", "--pause=120");
  assertEquals(code, 0);
  const agents = await eventually("it reports", async () => {
    const status = await second.status();
    return status?.isMaster && (status.agents?.reported ?? 0) >= 3 && status;
  }, 60_000);
  assertEquals([agents.roles.length, agents.agents!.failed], [5, 0]);
  const ports = await eventually("ports are compared", async () => {
    const { ports } = await second.answer();
    return ports?.comparison?.is === "compared" && ports.reported > 0 && ports;
  }, 60_000);
  assertEquals([ports.failed, ports.comparison!.unsure], [0, 0]);
  assert(ports.comparison!.found >= 1, "what Neutron showed otherwise");
  assert(ports.reported < 5, "and no more than that is reported");
  const [same] = (await neutron.vmPorts()).filter(({ id }) => id === port.id);
  assertEquals(same!.status, "ACTIVE");
  const { text } = await second.command("status");
  assertMatch(text, /compared with Neutron$/m);
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
