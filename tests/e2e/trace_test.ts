import { Etcd3 } from "etcd3";
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import type { Trace } from "../../lib/trace/trace.ts";
import { labArgs, Node, tempDir } from "./node.ts";

// grpc-js keeps the deadline timers of a cancelled watch for a while.
const GRPC = { sanitizeOps: false, sanitizeResources: false };
const ENDPOINTS = "/calico/resources/v3/projectcalico.org/workloadendpoints/openstack/";

Deno.test(
  "a port is traced on the command line, by the API and on the page of a running node",
  GRPC,
  async () => {
    await using dir = await tempDir();
    const lab = labArgs(dir.path, 20);
    await using node = Node.start([
      ...lab.args,
      "--resync-interval=3600",
      "--incremental-interval=0",
    ]);
    await node.ready();
    const etcd = new Etcd3({ hosts: lab.etcdUrl });
    const trace = async (text: string) => {
      const { code, text: printed } = await node.command("trace", text, "--output=json");
      assert(printed.startsWith("{"), printed);
      // Errors stand behind the answer.
      return { code, trace: JSON.parse(printed.slice(0, printed.lastIndexOf("}") + 1)) as Trace };
    };
    try {
      const { ports } = await (await fetch(`${lab.neutronUrl}/v2.0/ports`)).json();
      const port = ports.find((each: Record<string, unknown>) =>
        String(each.device_owner).startsWith("compute:") && each["binding:host_id"]
      );
      const key = await eventually("its endpoint", async () => {
        const keys = await etcd.getAll().prefix(ENDPOINTS).keys();
        return keys.find((each) => each.includes(port.id.replaceAll("-", "--")));
      });
      const told = await eventually("Neutron was told of it", async () => {
        const found = await trace(port.id);
        return found.trace.node?.reports.length === 1 && found;
      }, 60_000);
      assertEquals([told.code, told.trace.verdict], [0, "agrees"]);
      const [report] = told.trace.node!.reports;
      assertEquals([report!.port, report!.status, report!.error], [port.id, "ACTIVE", null]);
      const [change] = told.trace.node!.changes.filter(({ subject }) => subject === port.id);
      assertEquals([change!.action, change!.key, change!.reason], ["create", key, "startup"]);
      assertEquals(told.trace.ports[0]!.felix.map(({ status }) => status), ["ACTIVE"]);

      await etcd.delete().key(key);
      const missing = await trace(String(port.fixed_ips[0].ip_address));
      assertEquals([missing.code, missing.trace.verdict], [4, "differs"]);
      const text = await node.command("trace", port.id);
      assertMatch(
        text.text,
        /WorkloadEndpoint +is missing[^]*because +It is due with the next resync/,
      );
      const api = await fetch(`${node.pageUrl}/api/v1/trace?q=${port.device_id}`);
      const found: Trace = await api.json();
      assertEquals([api.status, found.ports[0]!.objects[0]!.action], [200, "create"]);
      const page = await (await fetch(`${node.pageUrl}/trace?q=${port.id}`)).text();
      assertMatch(page, /id="trace-verdict".*missing/);
      assertEquals((await trace("nobody")).code, 1);
      assertEquals((await node.command("trace", "a b")).code, 2);
    } finally {
      etcd.close();
    }
  },
);
