import { AGENTS_PAGE, agentsQuerySchema } from "../../lib/diagnostics/pages/agents_page.tsx";
import { selectAgents } from "../../lib/diagnostics/select_rows.ts";
import { roleMetrics } from "../../lib/diagnostics/role_metrics.ts";
import { assert, assertEquals, assertMatch, assertWithin } from "../support/assert.ts";
import { details } from "./details_fixture.ts";
import { agent, agentsRecord, facts, guard, left, NOW, resync, status } from "./fixtures.ts";
import { hostileStatus } from "./hostile_status.ts";
import { type Setup, testApp as app, withoutIsolation } from "./test_app.ts";

const RESYNC = resync().id;
const PAGES = [
  "/",
  "/election",
  "/resyncs",
  "/resyncs?page=2",
  `/resyncs/${RESYNC}`,
  "/agents",
  "/ports",
  "/roles/manager",
  "/roles/supervisor",
];
/** It holds numbers and times only. */
const HOURS = "/resyncs/hours";

async function get(path: string, setup?: Setup): Promise<{ status: number; html: string }> {
  const response = await app(setup).request(path);
  return { status: response.status, html: withoutIsolation(await response.text()) };
}

function assertProper(path: string, html: string): void {
  assertMatch(html, /^<!doctype html><html lang="en">/);
  assert(!/<script(?! src="\/app\.js")/.test(html), `${path}: script`);
  const bare = html.match(/<[a-z][^>]*>/g)!.map((tag) => tag.replace(/"[^"]*"/g, '""'));
  assert(!bare.some((tag) => / (style|on[a-z]+)=/.test(tag)), `${path}: inline`);
  assert(!/<th(?![^>]*scope=)[ >]/.test(html), `${path}: a table header without scope`);
  assert(!/<table[^>]*>(?!<caption)/.test(html), `${path}: a table without caption`);
  assertEquals(html.match(/<h1/g)?.length, 1, `${path}: one h1`);
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
  assertEquals(ids.length, new Set(ids).size, `${path}: an id twice`);
  for (const part of html.match(/<main[^>]*>(.*)<\/main>/s)![1]!.matchAll(/<section[^>]*>/g)) {
    assertMatch(part[0], /id=/);
  }
}

Deno.test("every page is proper, full, empty and in trouble", async () => {
  const empty = {
    resyncs: [],
    agents: null,
    ports: null,
    events: [],
    cluster: null,
    election: null,
  };
  for (const path of [...PAGES, HOURS]) {
    const full = await get(path, { details: details(300) });
    assertEquals(full.status, 200, path);
    assertProper(path, full.html);
    assertMatch(full.html, / aria-current="page"/);
    const bare = await get(path, { readStatus: () => Promise.resolve(status(empty)) });
    assertEquals(bare.status, path === `/resyncs/${RESYNC}` ? 404 : 200, path);
    assertProper(path, bare.html);
    const failing = await get(path, { readStatus: () => Promise.reject(new Error("disk <gone>")) });
    assertEquals(failing.status, 503);
    assertMatch(failing.html, /disk &lt;gone&gt;.*Check the state directory/);
    assertProper(path, failing.html);
  }
});

Deno.test("a detail that cannot be read is said, and the other pages go on", async () => {
  const broken = () => Promise.reject(new Error("no space"));
  const setup = { details: { ...details(), agents: broken, portDifferences: broken } };
  for (const path of ["/agents", "/ports"]) assertMatch((await get(path, setup)).html, /no space/);
  assertMatch((await get("/", setup)).html, /everything in sync/);
});

Deno.test("hostile strings are escaped in every field of every page", async () => {
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`;
  const hostile = hostileStatus(evil);
  const setup = { readStatus: () => Promise.resolve(hostile), details: details(5, evil) };
  for (const path of [...PAGES, `/agents?q=${encodeURIComponent(evil)}`]) {
    const { html } = await get(path, setup);
    assertProper(path, html);
    assert(!/<script>|<img|"'>/.test(html), path);
    const shown = html.split("&lt;script&gt;").length - 1;
    assert(shown >= 4, `${path}: the values are shown, escaped (${shown})`);
  }
});

Deno.test("with 5,000 agents, 100,000 ports and long texts every page stays small", async () => {
  const long = "x".repeat(100_000);
  const many = (text: string) => Array.from({ length: 10 }, () => text);
  const agents = Array.from({ length: 5000 }, (_, i) => agent(`host-${i}-end`, i * 1000));
  const { ports, cluster } = facts();
  const big = status({
    agents: agentsRecord(agents),
    ports: { ...ports!, total: 100_000, differing: 99_000 },
    events: Array.from({ length: 100 }, () => ({
      source: "manager",
      at: NOW,
      level: "info" as const,
      message: long,
    })),
    resyncs: Array.from(
      { length: 50 },
      (_, i) =>
        resync({
          startedAt: NOW - 180_000 - i * 1000,
          error: i % 2 ? long : null,
          warnings: [long],
          guards: Array.from({ length: 20 }, () => guard({ collection: long, names: many(long) })),
          leftOut: Array.from({ length: 20 }, () => left({ collection: long, names: many(long) })),
        }),
    ),
    cluster: {
      ...cluster!,
      terms: Array.from({ length: 100 }, (_, i) => ({
        term: String(1000 - i),
        node: `node-${i % 40}`,
        id: long,
        start: NOW - (i + 1) * 60_000,
        end: i === 0 ? null : NOW - i * 60_000,
        reason: long,
      })),
    },
  });
  const setup = { readStatus: () => Promise.resolve(big), details: details(5000, "x".repeat(200)) };
  for (const path of [...PAGES, HOURS]) {
    const from = performance.now();
    const { html } = await get(path, setup);
    const tookMs = performance.now() - from;
    const limit = path.startsWith("/roles/") || path === "/election" ? 400_000 : 200_000;
    assert(html.length < limit, `${path}: ${html.length} characters`);
    assertWithin(tookMs, 1000, path);
  }
  const { html } = await get("/", setup);
  assert(
    html.includes("host-4999-end") && !html.includes("host-4000-end"),
    "the stalest are shown",
  );
});

Deno.test("what a resync held back and left is on its page; history and overview say that it was", async () => {
  const held = resync({ guards: [guard()], leftOut: [left({ total: 12 })], differences: 0 });
  const known = status({ resyncs: [held, resync({ startedAt: NOW - 9e6 })] });
  const setup = { readStatus: () => Promise.resolve(known) };
  const { html } = await get(`/resyncs/${held.id}`, setup);
  assertProper("a resync", html);
  const table = (id: string) => html.match(new RegExp(`id="${id}".*?</table>`, "s"))![0];
  assertMatch(table("resync-guards"), /security-groups.*Neutron shows 3 of 120 security groups/);
  assertMatch(
    table("resync-guards"),
    />120<.*>117<.*5e6f7a8b-0000-4000-8000-000000000009.*107 more/,
  );
  assertMatch(table("resync-left-out"), /too large for etcd.*>12<.*3,145,728 bytes.*10 more/);
  assertMatch(html, /resync --allow-deletions/);
  assert(!/etcd was as Neutron wants it/.test(html), "nothing is said to be equal");
  const history = (await get("/resyncs", setup)).html;
  const rows = history.match(/id="resyncs-table".*?<\/table>/s)![0].split("<tr>");
  assertMatch(rows[2]!, /Held back.*>117<\/td><td[^>]*>12<\/td>/);
  assertMatch(rows[3]!, /Succeeded/);
  assertMatch(history, /1 held deletions back/);
  const overview = (await get("/", setup)).html;
  assertMatch(overview, /id="sentence"[^>]*>Held back: Neutron shows 3 of 120/);
  assertMatch(overview, /<section id="findings".*12 security groups are left as they are/s);
  const some = status({ resyncs: [resync({ leftOut: [left()] })] });
  const page = await get("/resyncs", { readStatus: () => Promise.resolve(some) });
  assertMatch(page.html, /Objects left/);
});

Deno.test("the page of a node that only watches says so", async () => {
  const node = { ...facts().node, startupResync: "never" as const };
  const watched = resync({ dryRun: true, reason: "watching", differences: 12 });
  const known = status({ node, watches: true, resyncs: [watched] });
  const setup = { readStatus: () => Promise.resolve(known), details: details(12) };
  const overview = (await get("/", setup)).html;
  assertMatch(overview, /id="sentence"[^>]*>.*watching only: 12 differences, nothing is written/);
  assertMatch(overview, /12 differences, nothing was written/);
  const { html } = await get(`/resyncs/${watched.id}`, setup);
  assertMatch(html, /what Neutron wants. Nothing of it was written\./);
});

Deno.test("another node's page is linked by an address that means it, and by no other", async () => {
  const { cluster } = facts();
  const nodes = ["https://10.0.0.2:9797", null, "http://[fd00::2]:1"]
    .map((page, i) => ({ ...cluster!.nodes[0]!, name: `node-${i}`, page }));
  const known = status({ cluster: { ...cluster!, nodes } });
  const { html } = await get("/election", { readStatus: () => Promise.resolve(known) });
  const table = html.match(/<div class="scroll" id="nodes".*?<\/table>/s)![0];
  assertEquals([...table.matchAll(/href="([^"]*)"/g)].map(([, href]) => href), [
    "https://10.0.0.2:9797/",
    "http://[fd00::2]:1/",
  ]);
});

Deno.test("which members of etcd answer is on the overview and on the election's page", async () => {
  const { etcdMembers } = facts();
  const [first, ...others] = etcdMembers!.members;
  const members = [
    {
      ...first!,
      url: "https://<b>:2379",
      silentSince: NOW - 60_000,
      error: "connection <i>refused",
    },
    ...others,
  ];
  const some = status({ etcdMembers: { ...etcdMembers!, members } });
  const readStatus = () => Promise.resolve(some);
  const { html } = await get("/", { readStatus });
  assertMatch(html, /etcd members<\/dt><dd><a href="\/election">2 of 3 answer</);
  assertMatch(html, /class="verdict warn"/);
  const { html: election } = await get("/election", { readStatus });
  assertMatch(election, /https:\/\/&lt;b&gt;:2379.*does not answer.*connection &lt;i&gt;refused/s);
  const unknown = status({ etcdMembers: null });
  const { html: empty } = await get("/election", { readStatus: () => Promise.resolve(unknown) });
  assertMatch(empty, /the manager has not asked them for a while/);
});

Deno.test("agents: stale first, sorted, filtered, paged; nonsense counts as not said", async () => {
  const file = (await details(5000, "x").agents())!;
  const select = (query: Record<string, string>) =>
    selectAgents(file.agents, agentsQuerySchema.parse(query), NOW);
  assertEquals(select({}).length, 5000);
  assertEquals(NOW - select({})[0]!.time!, 4999_000);
  assertEquals(select({ sort: "host" })[0]!.host, "host-0-x");
  assertEquals(select({ q: "HOST-499" }).length, 11);
  assertEquals(select({ state: "fresh" }).length, 76);
  assertEquals(select({ state: "stale" }).length, 4699);
  assertEquals(select({ sort: "constructor", page: "-1", state: "<b>" }).length, 5000);
  const rows = (html: string) => html.match(/<th scope="row">/g)?.length ?? 0;
  const last = await get("/agents?state=stale&page=47", { details: details(5000) });
  assertEquals(rows(last.html), 4699 - 46 * AGENTS_PAGE);
  const first = await get("/agents?page=-1&sort=constructor", { details: details(5000) });
  assertEquals(rows(first.html), AGENTS_PAGE);
  const { html } = await get("/agents?state=stale&page=2", { details: details(5000) });
  assertMatch(html, /101 to 200 of 4,699/);
  assertMatch(html, /<a id="pager-back" rel="prev" href="\/agents\?state=stale">/);
  const beyond = await get("/agents?state=stale&page=999", { details: details(5000) });
  assertMatch(beyond.html, /4,601 to 4,699 of 4,699/);
  assertMatch(html, /<a id="sort-host" href="\/agents\?state=stale&amp;sort=host">/);
});

Deno.test("the log is filtered by level; what does not exist is 404 in the page's frame", async () => {
  const setup = { details: details(8) };
  const { html } = await get("/roles/manager?level=WARN", setup);
  assertEquals(html.match(/record \d/g), ["record 6", "record 5", "record 2", "record 1"]);
  for (const path of ["/roles/nobody", "/roles/Manager!", "/resyncs/gone", "/resyncs/..%2f.."]) {
    const missing = await get(path, setup);
    assertEquals(missing.status, 404, path);
    assertMatch(missing.html, /Back to the overview/);
  }
  assertEquals((await app(setup).request("/events?view=/nowhere")).status, 404);
});

Deno.test("a role's metrics are its own and those of its job", () => {
  const measured = {
    manager: {
      etcd_request_duration_seconds: [{ labels: ["range", "OK"], sum: 0.5, counts: [10] }],
    },
    "resource-syncer": {
      etcd_request_duration_seconds: [{ labels: ["txn", "OK"], sum: 1, counts: [1] }],
    },
  };
  const of = (role: string) => roleMetrics(status(), measured, role);
  const manager = of("manager");
  assertEquals(manager.find(({ name }) => /etcd_request/.test(name)), {
    name: "conductor_etcd_request_duration_seconds",
    labels: 'method="range", code="OK"',
    value: "10 times, mean 50 ms",
    help: "Duration of calls to etcd, streams left out.",
  });
  assertEquals(manager.filter(({ name }) => /etcd_request/.test(name)).length, 1);
  assert(manager.some(({ name }) => name === "conductor_compactions_total"));
  assert(!manager.some(({ name }) => /ports|agents/.test(name)));
  assert(of("endpoint-status-watcher").some(({ name }) => name === "conductor_ports_queued"));
  assertEquals(of("constructor"), []);
});
