/** The page of real nodes, looked at while things happen to them. */
import { assert, assertEquals, assertMatch, eventually } from "../support/assert.ts";
import { labArgs, Node, tempDir } from "../e2e/node.ts";
import { Etcd3 } from "etcd3";
import {
  assertAccessible,
  type Browser,
  browserTest,
  keepShots,
  open,
  type Opened,
  type Page,
} from "./chromium.ts";

const EVIL = `<script>document.title="owned"</script>`;
/** As a host it stands in keys, where a slash would end it. */
const EVIL_HOST = `<img src=x onerror=document.title='owned'>`;
const FELIX = "/calico/felix/v2/no-region/host/";

interface Scene {
  browser: Browser;
  first: Node;
  second: Node;
  lab: { etcdUrl: string; neutronUrl: string };
}

browserTest("the page of a node", async (browser, t) => {
  await using dirs = new AsyncDisposableStack();
  const [one, two] = [dirs.use(await tempDir()), dirs.use(await tempDir())];
  const lab = labArgs(one.path, 40);
  const election = ["--election-ttl=6", "--election-refresh=2", "--election-margin=1"];
  const quick = ["--incremental-interval=1", "--resync-interval=20"];
  await using first = Node.start([...lab.args, ...election, ...quick]);
  await first.ready();
  await using second = Node.start([
    "--node-name=node-2",
    `--state-dir=${two.path}`,
    "--lab=join",
    ...lab.args.filter((arg) => /^--lab-\w+-port=/.test(arg)),
    ...election,
    ...quick,
  ]);
  await second.ready();
  const scene = { browser, first, second, lab };
  await t.step("after the start", () => afterStart(scene));
  await t.step("a role is killed while one looks", () => killed(scene));
  await t.step("a role hangs, and is restarted", () => hangs(scene));
  await t.step("a role is restarted from its page", () => restarts(scene, true));
  await t.step("the same without JavaScript", () => restarts(scene, false));
  await t.step("a hostile cloud executes nothing", () => injection(scene));
  await t.step("the master changes", () => change(scene));
  await t.step("etcd is away, and comes back", () => outage(scene));
  await t.step("without JavaScript", () => withoutScript(scene));
});

/** While somebody leads: the hosts of the hostile cloud were seen, and whoever leads misses them. */
const WORKS = /leads|agents? (is|are) gone/;

const sentence = (page: Page, text: RegExp) =>
  page.locator("#sentence", { hasText: text }).waitFor();

async function assertUnharmed({ page, complaints }: Opened): Promise<void> {
  assert(await page.title() !== "owned", "a script ran");
  assertEquals(await page.locator("main img, main script").count(), 0);
  assertEquals(complaints.filter((text) => !/ERR_|Failed to load/.test(text)), []);
}

async function afterStart({ browser, first, lab }: Scene): Promise<void> {
  await using opened = await open(browser, first.pageUrl);
  const { page } = opened;
  await sentence(page, /^node-1 leads since \d\d:\d\d; everything in sync\.$/);
  assertEquals(await page.locator(".card", { hasText: "running" }).count(), 6);
  await page.locator(".card", { hasText: "manager" }).getByText(/\d MiB/).waitFor();
  await page.locator("#nodes", { hasText: "node-2" }).waitFor();
  await page.locator("#resync-bars .drawing a").first().waitFor();
  await page.locator("#chart-lag svg").waitFor();
  await assertAccessible(page, "a node after its start");
  await keepShots(page, "node-started");
  await page.locator("#roles").getByRole("link", { name: "manager" }).click();
  await page.locator("#log-lines", { hasText: "elected" }).waitFor();
  const etcd = lab.etcdUrl.replace("http://", "");
  await page.locator("#permissions", { hasText: etcd }).waitFor();
  await page.locator("#metrics-table", { hasText: "conductor_is_master" }).waitFor();
  await page.locator("header").getByRole("link", { name: "Election" }).click();
  await page.locator("#election-page", { hasText: "node-1:" }).getByText(/s left of 6 s/).waitFor();
  await page.locator("header").getByRole("link", { name: "Configuration" }).click();
  await page.locator("#options", { hasText: "election_ttl" }).getByText("--election-ttl").waitFor();
  await keepShots(page, "node-configuration");
  await page.goto(`${first.pageUrl}/resyncs`);
  await page.locator("#resyncs-table tbody a").last().click();
  await page.locator("#differences .diff").first().waitFor();
  await keepShots(page, "node-differences");
  await assertUnharmed(opened);
}

async function killed({ browser, first }: Scene): Promise<void> {
  await using opened = await open(browser, first.pageUrl);
  const { page } = opened;
  const card = page.locator("#role-resource-syncer");
  await card.getByRole("link").focus();
  Deno.kill(await first.rolePid("resource-syncer"), "SIGKILL");
  await page.locator("#events", { hasText: "resource-syncer ended (killed by SIGKILL)" }).waitFor();
  await card.filter({ hasText: "Ended last: killed by SIGKILL" }).filter({ hasText: "running" })
    .waitFor();
  assertMatch(await card.textContent() ?? "", /Restarts1/);
  assertEquals(await page.evaluate("document.activeElement.textContent"), "resource-syncer");
  await sentence(page, /everything in sync/);
  await assertUnharmed(opened);
}

async function hangs({ browser, first }: Scene): Promise<void> {
  await using opened = await open(browser, first.pageUrl);
  const { page } = opened;
  const pid = await first.rolePid("agent-status-watcher");
  Deno.kill(pid, "SIGSTOP");
  // The page shows the silence, or the end that the supervisor made of it.
  await page.locator("#role-agent-status-watcher", { hasText: /no heartbeat|Ended last/ })
    .waitFor();
  await keepShots(page, "node-role-hangs");
  await page.locator("#events", { hasText: "agent-status-watcher ended (no heartbeat" })
    .waitFor();
  await sentence(page, /everything in sync/);
  await page.goto(`${first.pageUrl}/roles/supervisor`);
  await page.locator("#log-lines", { hasText: "role shows no progress, is stopped" }).waitFor();
}

/** Pressed as a user presses it; the role's process is another one afterwards. */
async function restarts({ browser, first }: Scene, javaScriptEnabled: boolean): Promise<void> {
  const before = await first.rolePid("agent-status-watcher");
  await using opened = await open(browser, `${first.pageUrl}/roles/agent-status-watcher`, {
    javaScriptEnabled,
  });
  const { page } = opened;
  await page.locator("#restart-go").click();
  await page.waitForURL(/roles\/agent-status-watcher$/);
  await eventually("another process", async () => {
    const { roles } = await first.answer();
    const { process } = roles.find(({ name }) => name === "agent-status-watcher")!;
    return process?.state === "running" && process.pid !== before;
  });
  assertEquals(opened.complaints, []);
}

/** Names in Neutron, keys in etcd and what roles log: all of it comes from elsewhere. */
async function injection({ browser, first, lab }: Scene): Promise<void> {
  const etcd = new Etcd3({ hosts: lab.etcdUrl });
  try {
    const renamedAt = Date.now();
    await nameEverything(lab.neutronUrl);
    const status = JSON.stringify({ time: new Date().toISOString(), uptime: 1 });
    await etcd.put(`${FELIX}${EVIL_HOST}/status`).value(status);
    const endpoint = `${FELIX}${EVIL_HOST}/workload/openstack/openstack%2fd/endpoint/${EVIL_HOST}`;
    await etcd.put(endpoint).value(JSON.stringify({ status: "error" }));
    await etcd.put(`${FELIX}${EVIL_HOST}x/status`).value(EVIL);
    await using opened = await open(browser, `${first.pageUrl}/agents`);
    const { page } = opened;
    await page.locator("#agents-list", { hasText: EVIL_HOST }).waitFor();
    await assertUnharmed(opened);
    await page.goto(`${first.pageUrl}/ports`);
    await page.locator("#ports-differing", { hasText: EVIL_HOST }).waitFor();
    await assertUnharmed(opened);
    await page.goto(`${first.pageUrl}/roles/agent-status-watcher`);
    await page.locator("#log-lines", { hasText: `${EVIL_HOST}x` }).waitFor();
    await assertUnharmed(opened);
    await page.goto(`${first.pageUrl}/roles/endpoint-status-watcher`);
    await page.locator("#log-lines", { hasText: EVIL_HOST }).waitFor();
    await assertUnharmed(opened);
    const resync = await eventually("a resync with them", async () => {
      const { resyncs } = await first.answer();
      return resyncs.find((each) => each.endedAt! >= renamedAt && (each.differences ?? 0) > 0);
    });
    await page.goto(`${first.pageUrl}/resyncs/${resync.id}`);
    await page.locator("#differences", { hasText: "<script>" }).waitFor();
    await assertUnharmed(opened);
    await keepShots(page, "node-hostile");
    await etcd.delete().key(endpoint);
    for (const key of [`${FELIX}${EVIL_HOST}/status`, `${FELIX}${EVIL_HOST}x/status`]) {
      await etcd.delete().key(key);
    }
  } finally {
    etcd.close();
  }
}

/** Puts the evil name on a VM, its fully qualified name, its network and a security group. */
async function nameEverything(neutronUrl: string): Promise<void> {
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${neutronUrl}/v2.0/${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
    });
    assert(response.ok, `${method} ${path}: ${response.status}`);
    return await response.json();
  };
  const { ports } = await call("GET", "ports");
  const port = ports.find((each: Record<string, string>) => each["binding:host_id"]);
  await call("PUT", `networks/${port.network_id}`, { network: { name: EVIL } });
  await call("PUT", `security-groups/${port.security_groups[0]}`, {
    security_group: { name: EVIL },
  });
  const dns_assignment = [{ ip_address: "10.0.0.1", hostname: EVIL, fqdn: EVIL }];
  await call("PUT", `ports/${port.id}`, { port: { name: EVIL, dns_assignment } });
}

async function change({ browser, first, second }: Scene): Promise<void> {
  await using left = await open(browser, first.pageUrl);
  await using right = await open(browser, second.pageUrl);
  await sentence(right.page, /^node-1:\d+ leads .*node-2 stands by, all 5 roles run here\.$/);
  const response = await fetch(`${first.pageUrl}/api/v1/step-down`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"pause_seconds": 5}',
  });
  assertEquals(await response.json(), { outcome: "stepped down" });
  await sentence(left.page, /^node-2:\d+ leads .*node-1 stands by/);
  await sentence(right.page, WORKS);
  await right.page.getByText("★ Leads since").first().waitFor();
  await right.page.locator("#term-ends", { hasText: /node-1.*step/ }).waitFor();
  await left.page.locator("#nodes tr", { hasText: "node-2" }).getByText("★ leads").waitFor();
  await keepShots(left.page, "node-standby");
  await keepShots(right.page, "node-took-over");
}

async function outage({ browser, first, second }: Scene): Promise<void> {
  const pid = Number(/lab etcd is up .*etcdPid=(\d+)/.exec(first.output)![1]);
  await using opened = await open(browser, second.pageUrl);
  const { page } = opened;
  Deno.kill(pid, "SIGSTOP");
  try {
    await page.locator("#verdict.error", { hasText: /etcd/ }).waitFor();
    await page.locator("#verdict", { hasText: /Not ready/ }).waitFor();
    await assertAccessible(page, "an etcd outage");
    await keepShots(page, "node-etcd-outage");
    await page.goto(`${second.pageUrl}/election`);
    await page.locator("#election-page .problem", { hasText: "does not answer" }).waitFor();
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
  await page.goto(second.pageUrl);
  await page.locator("#verdict:not(.error)", { hasText: WORKS }).waitFor();
}

async function withoutScript({ browser, second }: Scene): Promise<void> {
  await using opened = await open(browser, second.pageUrl, { javaScriptEnabled: false });
  const { page } = opened;
  await sentence(page, WORKS);
  const before = (await second.answer()).roles.find(({ name }) => name === "resource-syncer")!;
  Deno.kill(before.process!.pid!, "SIGKILL");
  await page.locator("#role-resource-syncer", { hasText: "killed by SIGKILL" }).waitFor();
  await page.locator("#roles").getByRole("link", { name: "resource-syncer" }).click();
  await page.locator("#log-lines li").first().waitFor();
}
