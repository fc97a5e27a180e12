/** A broker that takes no messages: a finding of its own, and no false word on others while it lasts. */
import { lackAdvice, lackText } from "../../lib/bus/blocked_text.ts";
import type { Facts } from "../../lib/health/facts.ts";
import { formatStatus } from "../../lib/health/status_text.ts";
import { facts, NOW, status } from "../diagnostics/fixtures.ts";
import { testApp, withoutIsolation } from "../diagnostics/test_app.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";

const low = (on: string, ago = 240_000) => ({ reason: `low on ${on}`, since: NOW - ago });

function blocked(changes: Partial<Facts> = {}, ports = low("memory"), agents = ports): Facts {
  const base = facts();
  return facts({
    agents: { ...base.agents!, blocked: agents },
    ports: { ...base.ports!, blocked: ports, queued: 40, oldest: NOW - 200_000 },
    ...changes,
  });
}

Deno.test("a blocked broker is the headline, with what it lacks, since when and what to do", () => {
  const { verdict, findings } = status(blocked());
  assertEquals(verdict, {
    kind: "bus-blocked",
    level: "error",
    text: "RabbitMQ is low on memory since 13:58 UTC and takes no messages.",
    detail:
      "RabbitMQ is low on memory since 13:58 UTC and takes no messages. The connection stands, " +
      "agents' reports and port status wait: free memory there or raise vm_memory_high_watermark " +
      "(rabbitmq-diagnostics alarms).",
    link: "/ports",
  });
  assertEquals(findings.length, 1, "ports that wait for it are no finding beside it");
  assertMatch(formatStatus(status(blocked())), /RabbitMQ is low on memory since 13:58 UTC/);
});

Deno.test("memory, disk, both, and what no broker has said yet", () => {
  assertEquals(["low on memory", "low on disk", "low on memory & disk"].map(lackText), [
    "is low on memory",
    "is low on disk",
    "is low on memory and disk",
  ]);
  assertMatch(lackAdvice("low on disk"), /^free disk space .*disk_free_limit \(rabbitmq-diag/);
  assertMatch(lackAdvice("low on disk & memory"), /memory.*; free disk space/);
  assertEquals(lackText(" "), "has raised an alarm (it does not say which)");
  assert(lackText("x".repeat(5000)).length < 150);
  assertEquals(lackAdvice("tired"), "see its log (rabbitmq-diagnostics alarms)");
});

Deno.test("the longest of both connections counts; one alone says whose reports wait", () => {
  const base = facts();
  const both = blocked({}, low("disk", 60_000), low("disk", 120_000));
  assertMatch(status(both).verdict.text, /low on disk since 14:00 UTC/);
  const ports = { ...base.ports!, blocked: low("disk") };
  assertMatch(status({ ports }).verdict.detail!, /stands, port status waits: free disk/);
  const agents = { ...base.agents!, blocked: low("disk") };
  assertMatch(status({ agents }).verdict.detail!, /stands, agents' reports wait: free disk/);
});

Deno.test("what a standby or a watcher that ended has left says nothing of now", () => {
  assert(!status(blocked({ isMaster: false })).findings.some(({ kind }) => kind === "bus-blocked"));
  const old = blocked();
  const at = NOW - 11_000;
  const kinds = status({
    ports: { ...old.ports!, queued: 0, at },
    agents: { ...old.agents!, at },
  }).findings.map(({ kind }) => kind);
  assertEquals(kinds, []);
});

Deno.test("while the broker takes nothing, Neutron is not called slow", () => {
  const ports = { ...blocked().ports!, queued: 1001 };
  const found = status(blocked({ ports })).findings;
  assertEquals(found.map(({ kind, text }) => [kind, text]).at(-1), [
    "ports-waiting",
    "1001 port status reports are waiting.",
  ]);
  const { blocked: _, ...free } = ports;
  assertEquals(status({ ports: { ...free, queued: 40 } }).findings.map(({ kind }) => kind), [
    "ports-overdue",
  ]);
});

Deno.test("page, API and metrics say it; what the broker says is no markup", async () => {
  const facts = blocked({}, { reason: "<b>tired</b>", since: NOW - 240_000 });
  const app = testApp({ readStatus: () => Promise.resolve(status(facts)) });
  const get = async (path: string) => await (await app.request(path)).text();
  const page = withoutIsolation(await get("/"));
  assertMatch(page, /RabbitMQ has raised an alarm \(&lt;b&gt;tired&lt;\/b&gt;\) since 13:58 UTC/);
  assert(!page.includes("<b>tired"));
  assertEquals(JSON.parse(await get("/api/v1/status")).verdict.kind, "bus-blocked");
  const metrics = await get("/metrics");
  for (const reports of ["agents", "ports"]) {
    assertMatch(metrics, new RegExp(`conductor_bus_blocked\\{reports="${reports}"\\} 1\\n`));
  }
  const good = testApp();
  assertMatch(
    await (await good.request("/metrics")).text(),
    /conductor_bus_blocked\{reports="agents"\} 0\n/,
  );
});
