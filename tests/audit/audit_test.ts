/**
 * Every process through its whole job under Deno's permission audit log: it may use nothing that its row
 * does not name, and has to use all that it names, but for what `conditions.ts` lists.
 *
 * @module
 */
import { Etcd3 } from "etcd3";
import { endpointName, resourcePrefixes } from "../../lib/calico/keys.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { Config } from "../../lib/config/config_types.ts";
import type { PageAddress } from "../../lib/diagnostics/page_client.ts";
import { lookUpEndpoints } from "../../lib/node/catalogue_lookup.ts";
import { machinePlaces } from "../../lib/process/machine_places.ts";
import { permissionRow } from "../../lib/process/permissions.ts";
import { TOOL_NAMES } from "../../lib/process/tools.ts";
import { followResync, requestResync } from "../../lib/state/resync_request.ts";
import { ROLE_NAMES } from "../../lib/state/records.ts";
import { felixPrefix } from "../../lib/status/felix_status.ts";
import { traceInput } from "../../lib/trace/alone.ts";
import { readQuery } from "../../lib/trace/query.ts";
import { aloneInput } from "../../lib/sync/sources/alone.ts";
import { requestStepDown } from "../../lib/state/step_down_request.ts";
import { runTool } from "../../lib/process/tool.ts";
import { tempDir } from "../e2e/node.ts";
import { assertEquals, eventually } from "../support/assert.ts";
import { LogRecorder } from "../support/log_recorder.ts";
import { compare } from "./accesses.ts";
import { type Audited, type AuditedNode, auditingLauncher, startAudited } from "./audited.ts";
import { type Cloud, labConfig, startCloud } from "./cloud.ts";
import { conditionOf } from "./conditions.ts";

const WAIT_MS = 30_000;
const SOCKETS = { sanitizeOps: false, sanitizeResources: false }; // grpc-js and amqplib keep some

/** One step per process: what it used against its row. */
async function judge(t: Deno.TestContext, started: readonly Audited[]): Promise<void> {
  for (const { name, row, accesses } of started) {
    await t.step(name, async () => {
      const { unnamed, unused } = compare(row, await accesses());
      assertEquals(unnamed, [], `${name} used what its row does not name`);
      const unexplained = unused.filter((entry) => !conditionOf(name, entry));
      assertEquals(unexplained, [], `${name} never used what its row names`);
    });
  }
}

const said = (node: AuditedNode, words: RegExp) =>
  eventually(String(words), () => node.lines.some((line) => words.test(line)), WAIT_MS)
    .catch((error) => {
      throw new Error(`${error.message}; it printed:\n${node.lines.join("\n")}`);
    });

async function getPage(url: string, ca?: string): Promise<void> {
  using client = Deno.createHttpClient(ca ? { caCerts: [ca] } : {});
  const status = await eventually("the page", async () => {
    const response = await fetch(`${url}/api/v1/status`, { client }).catch(() => null);
    return await response?.text();
  }, WAIT_MS);
  JSON.parse(status);
}

const NAMES_NOTHING = { networks: [], subnets: [], ports: [], groups: [], includeGroups: false };

/** A resync with differences, which go into a file. */
async function dryRun(node: AuditedNode, etcd: Etcd3): Promise<void> {
  const [key] = await eventually("endpoints", async () => {
    const keys = await etcd.getAll().prefix(resourcePrefixes(null).WorkloadEndpoint).keys();
    return keys.length > 5 && keys;
  }, WAIT_MS);
  await etcd.delete().key(key!);
  const request = await requestResync(node.store, systemClock, {
    ...NAMES_NOTHING,
    dryRun: true,
    allowDeletions: false,
    by: "the audit",
  });
  const answer = await followResync(node.store, systemClock, request, () => {});
  assertEquals(answer.state, "done");
}

/** What Felix would say: an agent, a port that comes up, one in error, and one that has migrated. */
async function speakAsFelix(etcd: Etcd3): Promise<void> {
  const prefix = felixPrefix(null);
  const endpoint = (port: string) =>
    `${prefix}host-1/workload/openstack/openstack%2fserver/endpoint/${port}`;
  const time = new Date().toISOString();
  const status = JSON.stringify({ time, uptime: 1, first_update: true });
  await etcd.put(`${prefix}host-1/status`).value(status);
  await etcd.put(resourcePrefixes(null).LiveMigration + endpointName("host-1", "server", "moved"))
    .value("{}");
  await etcd.put(endpoint("port-1")).value('{"status":"up"}');
  await etcd.put(endpoint("port-2")).value('{"status":"error"}');
  await etcd.put(endpoint("moved")).value('{"status":"up"}');
}

/** The job of each role once, against the cloud. */
async function playCloud(node: AuditedNode, { etcd: server, plugin, config }: Cloud) {
  const etcd = new Etcd3({ hosts: server.url });
  try {
    await said(node, /resync done .*reason=startup/);
    await dryRun(node, etcd);
    await speakAsFelix(etcd);
    const got = (method: RegExp) =>
      eventually(String(method), () => plugin.received.some((m) => method.test(m.method)), WAIT_MS);
    await got(/report_state/);
    await got(/update_device/);
    await said(node, /Nova is told|Nova cannot be told/);
    const { port, tls } = config.diagnostics;
    await getPage(`https://127.0.0.1:${port}`, await Deno.readTextFile(tls!.cert));
    await eventually("a compaction", () => node.store.readCompaction(), WAIT_MS);
    await requestStepDown(node.store, systemClock, "the audit", 0);
    const terms = () => node.lines.filter((line) => /elected/.test(line)).length;
    await eventually("the next term", () => terms() >= 2, WAIT_MS);
  } finally {
    etcd.close();
  }
}

/** Each tool asked once, as the node or the command line asks it. */
async function playTools(config: Config, dir: string): Promise<Audited[]> {
  const { launcher, started } = auditingLauncher(dir);
  const places = await machinePlaces(config, launcher, new LogRecorder());
  await lookUpEndpoints(config, { launcher, places, signal: AbortSignal.timeout(WAIT_MS) });
  const etcd = { ...config.etcd, endpoints: ["http://no-such-host.invalid:2379"] };
  const row = permissionRow("name-lookup", { ...config, etcd }, places);
  await runTool(launcher.prepare("name-lookup", row, row.net), { timeoutMs: WAIT_MS });
  const { host, port, tls } = config.diagnostics;
  const page: PageAddress = { host, port, cert: tls!.cert };
  const reader = permissionRow("page-reader", config, places);
  await runTool(launcher.prepare("page-reader", reader, page), { timeoutMs: WAIT_MS });
  const doctor = permissionRow("doctor", config, places);
  await runTool(launcher.prepare("doctor", doctor, config), { timeoutMs: WAIT_MS });
  const compare = aloneInput(config, { ...NAMES_NOTHING, allowDeletions: false });
  const dry = permissionRow("dry-run", config, places);
  await runTool(launcher.prepare("dry-run", dry, compare), { timeoutMs: WAIT_MS });
  const asked = traceInput(config, readQuery("host-1")!);
  const trace = permissionRow("trace", config, places);
  await runTool(launcher.prepare("trace", trace, asked), { timeoutMs: WAIT_MS });
  return started;
}

Deno.test("the permission table against what is used", SOCKETS, async (t) => {
  await using labDir = await tempDir();
  await using cloudDir = await tempDir();
  await using logs = await tempDir();
  for (const name of ["lab", "cloud", "tools"]) await Deno.mkdir(`${logs.path}/${name}`);
  const lab = labConfig(labDir.path);
  await using labNode = await startAudited(lab, `${logs.path}/lab`);
  await said(labNode, /resync done .*reason=startup/);
  await getPage(`http://127.0.0.1:${lab.diagnostics.port}`);

  await using cloud = await startCloud(lab, cloudDir.path);
  await using node = await startAudited(cloud.config, `${logs.path}/cloud`);
  await playCloud(node, cloud);
  const tools = await playTools(cloud.config, `${logs.path}/tools`);
  await node.stop();
  await labNode.stop();
  const audited = new Set([...labNode.started, ...node.started, ...tools].map(({ name }) => name));
  const processes = ["lab", ...ROLE_NAMES, ...TOOL_NAMES];
  assertEquals(processes.filter((name) => !audited.has(name)), [], "nothing was left out");

  await t.step("in the lab", (t) => judge(t, labNode.started));
  await t.step("in a cloud with TLS, Keystone and the message bus", (t) => judge(t, node.started));
  await t.step("the tools", (t) => judge(t, tools));
});
