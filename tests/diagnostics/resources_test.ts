import { Shared } from "../../lib/diagnostics/shared.ts";
import { assert, assertEquals, assertMatch, TIME_FACTOR } from "../support/assert.ts";
import { fullMeter } from "../monitoring/full_metrics.ts";
import { details } from "./details_fixture.ts";
import { resync, status } from "./fixtures.ts";
import { type Setup, testApp } from "./test_app.ts";

// deno-lint-ignore no-explicit-any -- whatever the answers hold; their shape is openapi_test's
type Json = any;

async function get(path: string, setup: Setup = { details: details(5000) }) {
  const response = await testApp(setup).request(`/api/v1${path}`);
  const text = await response.text();
  return { code: response.status, size: text.length, body: JSON.parse(text) as Json };
}

Deno.test("agents: the oldest first, sorted, filtered, a page at a time to the last one", async () => {
  const first = await get("/agents");
  assertEquals([first.code, first.body.known, first.body.agents.length], [200, 5000, 100]);
  assertEquals(first.body.page, {
    total: 5000,
    limit: 100,
    offset: 0,
    next: "/api/v1/agents?limit=100&offset=100",
  });
  assertEquals(first.body.agents[0].state, "stale");
  const ages = first.body.agents.map((agent: Json) => agent.time);
  assertEquals(ages, ages.toSorted((a: number, b: number) => a - b));
  const seen = new Set<string>();
  const query = "?state=stale&q=HOST-49&sort=host&limit=13";
  for (let path: string | null = `/api/v1/agents${query}`; path;) {
    const { body }: { body: Json } = await get(path.replace("/api/v1", ""));
    for (const { host, state } of body.agents) {
      assertEquals([state, host.includes("host-49"), seen.has(host)], ["stale", true, false]);
      seen.add(host);
    }
    path = body.page.next;
    if (path === null) assertEquals(seen.size, body.page.total);
  }
  assert(seen.size > 50);
  const hosts = (await get("/agents?sort=host&order=desc&limit=2")).body.agents;
  assertEquals(hosts.map((agent: Json) => agent.host), ["host-999-text", "host-998-text"]);
});

Deno.test("what a query may not be is refused with the reason, and every answer is bounded", async () => {
  for (
    const query of [
      "limit=501",
      "limit=0",
      "limit=x",
      "offset=-1",
      "offset=1e9",
      "sort=constructor",
      "state=<b>",
      `q=${"x".repeat(101)}`,
    ]
  ) {
    const { code, body } = await get(`/agents?${query}`);
    assertEquals(code, 400, query);
    assertMatch(body.error, new RegExp(query.split("=")[0]!));
  }
  const setup = { details: details(5000, "x".repeat(200)) };
  for (
    const path of [
      "/agents?limit=500",
      "/ports/differences?limit=500",
      `/resyncs/${resync().id}/differences?limit=500`,
      "/roles/manager/log?limit=300",
      "/events",
      "/series",
    ]
  ) {
    const { code, size } = await get(path, setup);
    assertEquals(code, 200, path);
    assert(size < 1_500_000, `${path}: ${size}`);
  }
});

Deno.test("ports that differ are filtered by why and by name", async () => {
  const { body } = await get("/ports/differences?why=failed&limit=500");
  assertEquals(body.known, 5000);
  assert(body.ports.length > 100 && body.ports.every((port: Json) => port.why === "failed"));
  assertEquals((await get("/ports/differences?q=PORT-7-")).body.page.total, 1);
  assertEquals((await get("/ports")).code, 200);
});

Deno.test("a role: state, permissions, measured; its log by level, the newest of it", async () => {
  const setup: Setup = {
    details: details(40),
    readMetrics: () => Promise.resolve({ manager: fullMeter().read() }),
  };
  const { body } = await get("/roles/manager", setup);
  assertEquals(body.role.name, "manager");
  assertEquals(body.permissions.net, ["text"]);
  assertEquals(body.measured.terms_started[0].sum, 4000.3);
  const all = await get("/roles/manager/log", setup);
  assertEquals(all.body.records.length, 40);
  const some = await get("/roles/manager/log?level=warn&limit=3", setup);
  assertEquals(some.body.records.map(({ level }: Json) => level), ["ERROR", "WARN", "ERROR"]);
  for (const path of ["/roles/nobody", "/roles/nobody/log"]) {
    const { code, body } = await get(path, setup);
    assertEquals([code, body.error], [404, 'this node has no role "nobody"']);
  }
});

Deno.test("the cloud: nodes, terms, the raw key, events by source and level", async () => {
  const nodes = await get("/nodes");
  assertEquals([nodes.body.leader, nodes.body.nodes[0].name], ["node-1:4242", "node-1"]);
  assertEquals((await get("/terms")).body.terms.map((term: Json) => term.term), ["77", "12"]);
  const election = await get("/election");
  assertEquals([election.body.isMaster, election.body.election.state], [true, "leader"]);
  const setup = {
    readStatus: () =>
      Promise.resolve(status({
        events: (["info", "warn", "error"] as const).flatMap((level, i) =>
          ["manager", "supervisor"].map((source) => ({ source, at: i, level, message: "m" }))
        ),
      })),
  };
  const events = async (query: string) =>
    (await get(`/events?${query}`, setup)).body.events.map((event: Json) =>
      `${event.source} ${event.level}`
    );
  assertEquals(await events("source=manager&level=warn"), ["manager warn", "manager error"]);
  assertEquals((await events("limit=1")).length, 1);
  assertEquals(await events("source=requests"), [], "a source of its own");
  assertEquals((await get("/events?source=%3Cb%3E", setup)).code, 400);
});

Deno.test("a resync and its differences; one that is gone, and a node that never led, say so", async () => {
  const { id } = resync();
  assertEquals((await get(`/resyncs/${id}`)).body.id, id);
  const differences = await get(`/resyncs/${id}/differences?limit=2`);
  assertEquals([differences.body.found, differences.body.objects.length], [5000, 2]);
  for (const path of ["/resyncs/gone", "/resyncs/gone/differences"]) {
    const { code, body } = await get(path);
    assertEquals(code, 404);
    assertMatch(body.error, /gone is not in this node's history/);
  }
  assertEquals((await get("/resyncs/..%2F..%2Fetc")).code, 400);
  const standby: Setup = { readStatus: () => Promise.resolve(status({ ports: null })) };
  for (const path of ["/agents", "/ports", "/ports/differences"]) {
    const { code, body } = await get(path, standby);
    assertEquals(code, 404, path);
    assertMatch(body.error, /has not been master/);
  }
});

Deno.test("one reading answers all who ask within a moment, failures too; memory is bounded", async () => {
  let made = 0;
  const shared = new Shared<number>(50 * TIME_FACTOR, 0, 3);
  const make = () => Promise.resolve(++made);
  const many = await Promise.all(Array.from({ length: 100 }, () => shared.get("a", make)));
  assertEquals([made, new Set(many).size], [1, 1]);
  await new Promise((resolve) => setTimeout(resolve, 60 * TIME_FACTOR));
  assertEquals(await shared.get("a", make), 2);
  let failed = 0;
  const fail = () => (failed++, Promise.reject(new Error("no")));
  const outcomes = await Promise.allSettled([shared.get("b", fail), shared.get("b", fail)]);
  assertEquals([failed, ...outcomes.map(({ status }) => status)], [1, "rejected", "rejected"]);
  for (const name of ["c", "d", "e"]) await shared.get(name, make);
  assertEquals(await shared.get("a", make), made, "the first one was forgotten");
});

Deno.test("while a new one is made, those who ask get the last one, for a while", async () => {
  const shared = new Shared<number>(0, 300 * TIME_FACTOR);
  assertEquals(await shared.get("a", () => Promise.resolve(1)), 1);
  const slow = Promise.withResolvers<number>();
  assertEquals(await shared.get("a", () => slow.promise), 1, "the slow one is not waited for");
  assertEquals(await shared.get("a", () => Promise.resolve(3)), 1, "and made once");
  slow.resolve(2);
  await slow.promise;
  await Promise.resolve();
  assertEquals(await shared.get("a", () => Promise.reject(new Error("no"))), 2);
  await new Promise((resolve) => setTimeout(resolve, 350 * TIME_FACTOR));
  assertEquals(await shared.get("a", () => Promise.resolve(4)), 4, "what is stale is not given");
});
