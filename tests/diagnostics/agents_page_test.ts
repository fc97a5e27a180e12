/** Hosts without an agent: on the overview, on the agents page, in the API and the metrics. */
import type { Absent, Agent } from "../../lib/state/records.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { details } from "./details_fixture.ts";
import { agent, agentsRecord, NOW, status } from "./fixtures.ts";
import { testApp, withoutIsolation } from "./test_app.ts";

const EVIL = `<i>&"'`;
const absent = (host: string, absent: "gone" | "unserved", more: Partial<Agent> = {}): Agent => ({
  host,
  time: null,
  uptimeSeconds: null,
  reportedAt: null,
  endpoints: 3,
  absent,
  absentSince: NOW - 60_000,
  near: [],
  ...more,
});
const GONE = absent(`gone-1${EVIL}`, "gone", { endpoints: 1200 });
const UNSERVED = absent(`Host-00${EVIL}`, "unserved", { near: [`host-00${EVIL}`] });
const there = [agent("host-00", 1000), agent("host-01", 400_000)];
const found: Absent = {
  gone: 1,
  unserved: 1,
  goneEndpoints: 1200,
  unservedEndpoints: 3,
  hosts: [GONE, UNSERVED],
  stranded: { total: 2, first: [{ host: EVIL, port: EVIL, since: NOW - 9_000_000 }] },
};
const setup = {
  readStatus: () =>
    Promise.resolve(status({ agents: agentsRecord(there, { seenSince: 0, absent: found }) })),
  details: {
    ...details(),
    agents: () =>
      Promise.resolve({
        at: NOW,
        total: 2,
        absent: 2,
        stranded: found.stranded,
        agents: [GONE, UNSERVED, ...there],
      }),
  },
};
const get = async (path: string, deps: Parameters<typeof testApp>[0] = setup) =>
  withoutIsolation(await (await testApp(deps).request(path)).text());
const namesIn = (html: string) =>
  [...html.matchAll(/<th scope="row">\s*(?:<span[^>]*>)?([\w-]+)/g)].map(([, name]) => name);

Deno.test("the agents page lists hosts without an agent first, with what is known of them", async () => {
  const html = await get("/agents");
  assertEquals(namesIn(html), ["gone-1", "Host-00", "host-01", "host-00"]);
  assertMatch(html, /gone-1&lt;i&gt;.*?gone.*?none since.*?1,200/s);
  assertMatch(html, /Host-00&lt;i&gt;.*?, like host-00&lt;i&gt;.*?unserved/s);
  assert(!html.includes(EVIL));
  assertEquals(namesIn(await get("/agents?state=unserved")), ["Host-00"]);
  assertEquals(namesIn(await get("/agents?state=gone")), ["gone-1"]);
  assertEquals(namesIn(await get("/agents?state=stale")), ["host-01"]);
  assertEquals(namesIn(await get("/agents?sort=host")), [
    "Host-00",
    "gone-1",
    "host-00",
    "host-01",
  ]);
});

Deno.test("live migrations that lead to no agent are listed, where there are any", async () => {
  const html = await get("/agents");
  assertMatch(html, /id="stranded-migrations".*?&lt;i&gt;.*?&lt;i&gt;/s);
  assert(!(await get("/agents", { details: details() })).includes("stranded-migrations"));
});

Deno.test("where nobody knows of hosts without an agent, their number is not said to be none", async () => {
  const file = { at: NOW, total: 2, agents: there };
  const unknown = { details: { ...details(), agents: () => Promise.resolve(file) } };
  const html = await get("/agents", unknown);
  assert(!/href="\/agents\?state=(gone|unserved)"/.test(html));
  assertMatch(await get("/agents"), /href="\/agents\?state=gone"/);
});

Deno.test("the overview's headline, figures and table tell of them", async () => {
  const html = await get("/");
  assertMatch(html, /class="verdict warn"/);
  assertMatch(html, /1 of 3 agents is gone \(gone-1&lt;i&gt;/);
  assertMatch(html, /3 endpoints are on 1 host of which no Felix reports/);
  assertMatch(html, /A live migration leads to a host of which no Felix reports/);
  assertEquals(namesIn(html).filter((name) => /host|gone/i.test(name!)), [
    "gone-1",
    "Host-00",
    "host-01",
  ]);
  assert(!html.includes(EVIL));
});

Deno.test("when every agent is gone the page does not say that there was none yet", async () => {
  const file = { at: NOW, total: 0, absent: 1, agents: [GONE] };
  const all = {
    readStatus: () =>
      Promise.resolve(status({
        agents: agentsRecord([], { absent: { ...found, unserved: 0, hosts: [GONE] } }),
      })),
    details: { ...details(), agents: () => Promise.resolve(file) },
  };
  for (const path of ["/", "/agents"]) {
    const html = await get(path, all);
    assert(!html.includes("No agent yet"), path);
    assertMatch(html, /gone-1/);
  }
});

Deno.test("the API and the metrics have them", async () => {
  const page = JSON.parse(await get("/api/v1/agents?limit=2"));
  assertEquals([page.known, page.absent], [2, 2]);
  assertEquals(page.agents.map(({ state }: { state: string }) => state), ["gone", "unserved"]);
  assertEquals([page.agents[0].endpoints, page.agents[0].absentSince], [1200, NOW - 60_000]);
  const one = JSON.parse(await get("/api/v1/agents?state=unserved"));
  assertEquals(one.agents[0].near, UNSERVED.near);
  const metrics = await get("/metrics");
  assertMatch(metrics, /^conductor_agents\{freshness="gone"\} 1$/m);
  assertMatch(metrics, /^conductor_agents\{freshness="unserved"\} 1$/m);
  assertMatch(metrics, /^conductor_endpoints_without_agent 1203$/m);
  assertMatch(metrics, /^conductor_migrations_stranded 2$/m);
  const { agents } = JSON.parse(await get("/api/v1/status"));
  assertEquals(agents.absent.goneEndpoints, 1200);
});

Deno.test("what an earlier term found is told as such, and gives no gauge", async () => {
  const agents = agentsRecord(there, { at: NOW - 3_600_000, seenSince: 0, absent: found });
  const ports = { ...status().ports!, at: NOW - 3_600_000, queued: 2000 };
  const standby = { isMaster: false, since: null, agents, ports };
  for (const changes of [{ since: NOW - 20_000, agents, ports }, standby]) {
    const deps = { readStatus: () => Promise.resolve(status(changes)) };
    const html = await get("/", deps);
    assertMatch(html, /Felix agents<small>from an earlier term/);
    assertMatch(html, /Port status<small>from an earlier term/);
    assert(!html.includes("Waiting port reports"));
    const files = { at: NOW - 3_600_000, total: 0, ports: [] };
    const lists = {
      ...deps,
      details: {
        ...details(),
        agents: () => Promise.resolve({ at: files.at, total: 2, agents: there }),
        portDifferences: () => Promise.resolve(files),
      },
    };
    const asOf = /as of .*13:02:03.*, in an earlier term of this node/;
    assertMatch(await get("/agents", lists), asOf);
    const differing = await get("/ports", lists);
    assertMatch(differing, asOf);
    assert(!differing.includes("has taken the newest status"));
    const metrics = await get("/metrics", deps);
    assertEquals(
      metrics.match(/^conductor_(agents|ports_queued|agent_status_lag_seconds)\b.*/m),
      null,
    );
    assertMatch(metrics, /^conductor_agent_reports_total 300$/m);
  }
  const now = await get("/metrics");
  assertMatch(now, /^conductor_agents\{freshness="gone"\} 1$/m);
});

Deno.test("a node is said to lead only where its manager and the history agree", async () => {
  const [first] = status().cluster!.nodes;
  const nodes = [{ ...first!, page: null }, { ...first!, name: "node-2", page: "http://n2:9797" }];
  const cluster = { ...status().cluster!, nodes };
  const marked = async (leader: string | null) => {
    const changes = { isMaster: false, since: null, mastership: null, leader, cluster };
    const html = await get("/", { readStatus: () => Promise.resolve(status(changes)) });
    return [...html.matchAll(/<tr><th scope="row">(node-\d)<\/th><td>(.*?)<\/td>/g)]
      .map(([, name, mark]) => `${name} ${mark!.replace(/<[^>]*>/g, "")}`);
  };
  assertEquals(await marked("node-1:4242"), ["node-1 ★ leads", "node-2 stands by"]);
  // The history still has node-1's term open.
  assertEquals(await marked("node-2:7"), ["node-1 –", "node-2 –"]);
  assertEquals(await marked(null), ["node-1 –", "node-2 –"]);
});
