import { assert, assertEquals } from "../support/assert.ts";
import { testConfig } from "../support/test_config.ts";
import { GRPC_ENVIRONMENT } from "../../lib/process/grants.ts";
import {
  modulePath,
  permissionFlags,
  type PermissionPlaces,
  permissionRow,
  type ProcessName,
} from "../../lib/process/permissions.ts";
import { TOOL_NAMES } from "../../lib/process/tools.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const places: PermissionPlaces = {
  protoDir: new URL("../proto", import.meta.resolve("etcd3")).pathname,
  addresses: (host) => host === "etcd-1" ? ["192.0.2.7", "[2001:db8::7]"] : [],
};
const processes: ProcessName[] = [...ROLE_NAMES, ...TOOL_NAMES, "lab"];

Deno.test("each role reaches what its job needs and nothing else", () => {
  const row = (name: ProcessName) => permissionRow(name, testConfig(), places);
  assertEquals(row("manager").net, ["127.0.0.1:2379"]);
  assertEquals(row("resource-syncer").net, ["127.0.0.1:2379", "127.0.0.1:9696", "127.0.0.1:5000"]);
  assertEquals(row("agent-status-watcher").net, ["127.0.0.1:2379"]);
  assertEquals(row("diagnostics").net, ["127.0.0.1:9797"]);
  assertEquals(row("diagnostics").env, []);
  assertEquals(row("diagnostics").read, ["/nonexistent"]);
  assertEquals(row("manager").env, GRPC_ENVIRONMENT);
  for (const name of ROLE_NAMES) assertEquals(row(name).run, [], name);
});

Deno.test("a dry run beside any node reads etcd, Neutron and Keystone, and nothing of this machine", () => {
  const etcd = { ...testConfig().etcd, caFile: "/etc/etcd-ca.pem" };
  const row = permissionRow("dry-run", testConfig({ etcd }), places);
  assertEquals(row.net, ["127.0.0.1:2379", "127.0.0.1:9696", "127.0.0.1:5000"]);
  assertEquals(row.read, [places.protoDir, "/etc/etcd-ca.pem"]);
  assertEquals([row.write, row.run, row.sys], [[], [], []]);
});

Deno.test("a trace reads what a dry run does, and writes nothing either", () => {
  const etcd = { ...testConfig().etcd, caFile: "/etc/etcd-ca.pem" };
  const row = (name: ProcessName) => permissionRow(name, testConfig({ etcd }), places);
  assertEquals(row("trace"), row("dry-run"));
});

Deno.test("with a certificate, the page's process reads its two files", () => {
  const tls = { cert: "/etc/page.pem", key: "/etc/page.key" };
  const config = testConfig({ diagnostics: { ...testConfig().diagnostics, tls } });
  const row = permissionRow("diagnostics", config, places);
  assertEquals(row.read, ["/nonexistent", "/etc/page.pem", "/etc/page.key"]);
  assertEquals(permissionRow("manager", config, places).read.includes("/etc/page.key"), false);
});

Deno.test("a page that listens on a name may listen on its addresses", () => {
  const diagnostics = { ...testConfig().diagnostics, host: "etcd-1" };
  const row = permissionRow("diagnostics", testConfig({ diagnostics }), places);
  assertEquals(row.net, ["etcd-1:9797", "192.0.2.7:9797", "[2001:db8::7]:9797"]);
});

Deno.test("in the lab the watchers reach where it takes reports", () => {
  const lab = { ...testConfig().lab, reportUrl: "http://127.0.0.1:9999/lab/v1" };
  const row = permissionRow("agent-status-watcher", testConfig({ lab }), places);
  assertEquals(row.net, ["127.0.0.1:2379", "127.0.0.1:9999"]);
});

Deno.test("with a message bus the watchers reach its brokers", () => {
  const host = { port: 5672, username: "u", password: "very-secret" };
  const bus = {
    hosts: [{ ...host, host: "rabbit-1" }, { ...host, host: "::1" }],
    virtualHost: "/",
    tls: true,
    caFile: "/etc/bus-ca.pem",
    certFile: null,
    keyFile: null,
    exchange: "neutron",
    rpcTimeoutMs: 60_000,
  };
  const openstack = { ...testConfig().openstack, neutronUrl: "http://127.0.0.1:9999" };
  const row = (name: ProcessName) => permissionRow(name, testConfig({ bus, openstack }), places);
  const brokers = ["rabbit-1:5672", "[::1]:5672"];
  assertEquals(row("agent-status-watcher").net, ["127.0.0.1:2379", ...brokers]);
  assertEquals(row("endpoint-status-watcher").net, [
    "127.0.0.1:2379",
    ...brokers,
    "127.0.0.1:9999",
    "127.0.0.1:5000",
    "127.0.0.1:8774",
  ]);
  assert(row("agent-status-watcher").read.includes("/etc/bus-ca.pem"));
  assert(!row("manager").net.includes("rabbit-1:5672"));
});

Deno.test("who listens to notifications reaches their brokers, and nobody else does", () => {
  const hosts = [{ host: "rabbit-2", port: 5671, username: "u", password: "very-secret" }];
  const files = { caFile: "/etc/notify-ca.pem", certFile: null, keyFile: null };
  const bus = { hosts, virtualHost: "/", tls: true, exchange: "neutron", ...files };
  const config = testConfig({ notifications: { bus, topics: ["notifications"] } });
  for (const name of ROLE_NAMES) {
    const { net, read } = permissionRow(name, config, places);
    const listens = name === "resource-syncer";
    assertEquals(net.includes("rabbit-2:5671"), listens, name);
    assertEquals(read.includes("/etc/notify-ca.pem"), listens, name);
  }
});

Deno.test("a host name brings its addresses, an address only itself", () => {
  const etcd = { ...testConfig().etcd, endpoints: ["https://etcd-1:2379"], caFile: "/etc/ca.pem" };
  const row = permissionRow("agent-status-watcher", testConfig({ etcd }), places);
  const reached = ["etcd-1", "192.0.2.7:2379", "[2001:db8::7]:2379"];
  assertEquals(row.net, reached);
  const manager = permissionRow("manager", testConfig({ etcd }), places);
  assertEquals(manager.net, [...reached, "etcd-1:2379"], "which it also asks for its quota");
  assert(row.read.includes("/etc/ca.pem"));
});

Deno.test("no process gets a bare permission or all of them", () => {
  for (const name of processes) {
    for (const flag of permissionFlags(permissionRow(name, testConfig(), places))) {
      assert(flag === "--no-prompt" || /^--allow-[a-z]+=.+/.test(flag), `${name}: ${flag}`);
    }
  }
});

Deno.test("a comma in a path does not split it into two", () => {
  const row = permissionRow("diagnostics", testConfig({ stateDir: "/tmp/a,/etc" }), places);
  assert(permissionFlags(row).includes("--allow-read=/tmp/a,,/etc"));
});

const PROBES: Record<string, string> = {
  "another host": `await Deno.connect({ hostname: "127.0.0.2", port: 1 })`,
  "another port of an allowed host": `await Deno.connect({ hostname: "127.0.0.1", port: 1 })`,
  "/etc/passwd": `await Deno.readTextFile("/etc/passwd")`,
  "writing outside the state directory": `await Deno.writeTextFile("/tmp/not-ours", "x")`,
  "running a program": `await new Deno.Command("id").output()`,
  "an environment variable": `Deno.env.get("HOME")`,
  "the host name": `Deno.hostname()`,
};

Deno.test("each role is refused what its row does not name, by a real process", async (t) => {
  const stateDir = await Deno.makeTempDir();
  try {
    for (const name of ROLE_NAMES) {
      await t.step(name, async () => {
        const script = `const refused = {};\n` +
          Object.entries(PROBES).map(([what, code]) =>
            `try { ${code}; refused[${JSON.stringify(what)}] = "allowed"; } catch (e) { ` +
            `refused[${JSON.stringify(what)}] = e.name; }`
          ).join("\n") +
          `\nawait Deno.writeTextFile(${JSON.stringify(`${stateDir}/changed`)}, "x");` +
          `\nconsole.log(JSON.stringify(refused));`;
        const row = permissionRow(name, testConfig({ stateDir }), places);
        const probe = await Deno.makeTempFile({ suffix: ".ts" });
        await Deno.writeTextFile(probe, script);
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--quiet", ...permissionFlags(row), probe],
        }).output();
        await Deno.remove(probe);
        const text = new TextDecoder().decode(stdout);
        assert(text !== "", new TextDecoder().decode(stderr));
        const refused = JSON.parse(text) as Record<string, string>;
        for (const what of Object.keys(PROBES)) {
          assertEquals(refused[what], "NotCapable", `${name}: ${what}`);
        }
      });
    }
  } finally {
    await Deno.remove(stateDir, { recursive: true });
  }
});

Deno.test("every process of the table has its module", async () => {
  for (const name of processes) assert((await Deno.stat(ROOT + modulePath(name))).isFile, name);
});
