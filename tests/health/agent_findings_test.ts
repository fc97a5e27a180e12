import { formatStatus } from "../../lib/health/status_text.ts";
import { judge } from "../../lib/health/verdict.ts";
import type { Facts } from "../../lib/health/facts.ts";
import type { Absent, Agents } from "../../lib/state/records.ts";
import { LATE_AGENT_MS } from "../../lib/status/freshness.ts";
import { agent, agentsRecord, facts, NOW } from "../diagnostics/fixtures.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";

const absentAgent = (host: string, absent: "gone" | "unserved", near: string[] = []) => ({
  host,
  time: null,
  uptimeSeconds: null,
  reportedAt: null,
  endpoints: 3,
  absent,
  absentSince: NOW - 60_000,
  near,
});
const none: Absent = {
  gone: 0,
  unserved: 0,
  goneEndpoints: 0,
  unservedEndpoints: 0,
  hosts: [],
  stranded: { total: 0, first: [] },
};
const four = ["h1", "h2", "h3", "h4"].map((host) => agent(host, 8000));
const seenSince = NOW - 3_600_000;

function found(changes: Partial<Agents>, agents = four, more: Partial<Facts> = {}) {
  const record = agentsRecord(agents, { seenSince, ...changes });
  return judge(facts({ agents: record, ...more })).findings
    .map(({ kind, level, text, detail = text, link }) => ({ kind, level, text: detail, link }));
}

Deno.test("nothing is said of agents that are all there", () => {
  assertEquals(found({ absent: none }), []);
  assertEquals(found({}), [], "nothing is known yet");
});

Deno.test("an agent that is gone changes the headline, and says what is on its host", () => {
  const absent = { ...none, gone: 1, goneEndpoints: 3, hosts: [absentAgent("h5", "gone")] };
  const [only] = found({ absent });
  assertEquals([only?.kind, only?.level, only?.link], [
    "agents-gone",
    "warn",
    "/agents?state=gone",
  ]);
  assertMatch(only!.text, /^1 of 5 agents is gone \(h5\).*with 3 endpoints on it\. Check Felix/);
});

Deno.test("what an earlier term of this node left says nothing of now", () => {
  const absent = { ...none, gone: 1, goneEndpoints: 3, hosts: [absentAgent("h5", "gone")] };
  const at = NOW - 3_600_000;
  const begun = { since: NOW - 1_000_000 };
  assertEquals(found({ absent, at, lagMs: 90_000 }, four, begun), []);
  assertEquals(found({ absent, lagMs: 90_000 }, four, begun).map(({ kind }) => kind), [
    "agents-late",
    "agents-gone",
  ]);
  const ports = { ...facts().ports!, at };
  const judged = judge(facts({ agents: agentsRecord(four, { at }), ports, ...begun }));
  assertEquals(judged.verdict.text.includes("lag"), false, judged.verdict.text);
  assertMatch(
    formatStatus(judged),
    /^agents {2}4, .* \(in an earlier term of this node\)\nports .* \(in an earlier term of this node\)$/m,
  );
});

Deno.test("when a tenth of all hosts is absent, it is an error; one or two never are", () => {
  const hosts = ["a", "b", "c"].map((host) => absentAgent(host, "gone"));
  const gone = { ...none, gone: 2360, goneEndpoints: 40_000, hosts };
  const [first] = found({ absent: gone, total: 2640 });
  assertEquals(first!.level, "error");
  assertMatch(
    first!.text,
    /^2,360 of 5,000 agents are gone \(a, b, c, …\): .*40,000 endpoints on them/,
  );
  assertEquals(found({ absent: { ...gone, gone: 3 }, total: 4997 })[0]!.level, "warn");
  assertEquals(found({ absent: { ...gone, gone: 2 }, total: 3 })[0]!.level, "warn");
});

Deno.test("endpoints on a host that no Felix serves are told with the name that is like it", () => {
  const hosts = [absentAgent("Host-00", "unserved", ["host-00"]), absentAgent("x", "unserved")];
  const [only] = found({ absent: { ...none, unserved: 2, unservedEndpoints: 6, hosts } });
  assertEquals([only?.kind, only?.level, only?.link], [
    "hosts-unserved",
    "warn",
    "/agents?state=unserved",
  ]);
  assertMatch(
    only!.text,
    /^6 endpoints are on 2 hosts of which no Felix reports \(Host-00, like host-00; x\): compare/,
  );
});

Deno.test("an agent that Neutron calls dead changes the headline", () => {
  const late = [...four, agent("late", LATE_AGENT_MS + 1)];
  const [only] = found({ absent: none }, late);
  assertEquals([only?.kind, only?.level], ["agents-overdue", "warn"]);
  assertMatch(only!.text, /^1 of 5 agents gave no status for more than 75 s \(late\), after which/);
});

Deno.test("an old status says nothing while etcd is not seen, nor just after", () => {
  const old = [...four, agent("late", LATE_AGENT_MS + 1), agent("stale", 400_000)];
  const kinds = (changes: Partial<Agents>) => found(changes, old).map(({ kind }) => kind);
  assertEquals(kinds({}), ["agents-stale", "agents-overdue"]);
  assertEquals(kinds({ seenSince: null }), []);
  assertEquals(kinds({ seenSince: NOW - LATE_AGENT_MS }), []);
  assertEquals(kinds({ seenSince: NOW - LATE_AGENT_MS - 1 }).length, 2);
  assertEquals(kinds({ lagMs: 90_000 }), ["agents-late", "agents-stale"], "all come late");
});

Deno.test("a migration that leads nowhere is told with its port", () => {
  const first = [{ host: "dead", port: "p-1", since: NOW - 3 * 3_600_000 }];
  const [only] = found({ absent: { ...none, stranded: { total: 2, first } } });
  assertEquals([only?.kind, only?.level, only?.link], ["migrations-stranded", "warn", "/agents"]);
  assertMatch(
    only!.text,
    /port p-1 to dead since \d\d:\d\d UTC, and 1 more\. Bring .*migrating_to/,
  );
});

Deno.test("a standby says nothing of hosts: what it knows is of an earlier term", () => {
  const absent = { ...none, gone: 1, hosts: [absentAgent("h5", "gone")] };
  assertEquals(
    found({ absent }, four, { isMaster: false, since: null, mastership: null })
      .filter(({ kind }) => kind === "agents-gone"),
    [],
  );
});

Deno.test("status in a terminal counts the hosts without an agent", () => {
  const lineOf = (absent: Absent | undefined) =>
    formatStatus(judge(facts({ agents: agentsRecord(four, { absent }) }))).split("\n")
      .find((line) => line.startsWith("agents"));
  assertEquals(lineOf(none), "agents  4, 300 reports");
  assertEquals(lineOf(undefined), "agents  4, 300 reports");
  const some = lineOf({ ...none, gone: 2, unserved: 1 });
  assertEquals(some, "agents  4, 2 gone, 1 host without one, 300 reports");
});
