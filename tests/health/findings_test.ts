/** Findings as values: each kind has its data, its sentence and its place; programs are told the kind. */
import { factsSchema } from "../../lib/health/facts.ts";
import type { Finding } from "../../lib/health/findings.ts";
import { statusSchema } from "../../lib/health/status.ts";
import { stated } from "../../lib/health/text.ts";
import {
  agent,
  agentsRecord,
  facts,
  guard,
  left,
  NOW,
  resync,
  role,
  status,
} from "../diagnostics/fixtures.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("programs are told what kind of thing is wrong", () => {
  const bad = status({
    roles: [role("manager", { state: "backoff" }), ...facts().roles.slice(1)],
    resyncs: [resync({ guards: [guard()], leftOut: [left()], warnings: ["a", "b"] })],
    agents: agentsRecord([agent("old", 300_001)], { lagMs: 61_000 }),
    ports: { ...facts().ports!, queued: 1001 },
  });
  assertEquals(bad.findings.map(({ kind, level, link }) => [kind, level, link]), [
    ["role", "error", "/roles/manager"],
    ["held-back", "error", `/resyncs/${resync().id}`],
    ["resync-warned", "warn", `/resyncs/${resync().id}`],
    ["left-out", "warn", `/resyncs/${resync().id}`],
    ["agents-late", "warn", "/agents"],
    ["agents-stale", "warn", "/agents"],
    ["ports-waiting", "warn", "/ports"],
  ]);
  assertEquals(bad.verdict, bad.findings[0]);
  assertEquals(status().verdict.kind, "all-well");
  assert(statusSchema.safeParse(JSON.parse(JSON.stringify(bad))).success);
  assert(factsSchema.safeParse(facts()).success);
});

Deno.test("another's words end up in a sentence without what changes all the time", () => {
  const problem = "etcd does not answer (14 UNAVAILABLE: waited 3.2 s). ";
  const finding = { kind: "election-problem", level: "error", problem } as const;
  assertEquals(stated(finding).text, "Election: etcd does not answer.");
});

Deno.test("a role's problem is judged at the time of the facts", () => {
  const silent = [role("manager", {}, { at: NOW - 9000 }), ...facts().roles.slice(1)];
  assertEquals(status({ roles: silent }).verdict.kind, "all-well");
  assertEquals(status({ roles: silent, at: NOW + 2000 }).findings[0]?.kind, "role");
});

Deno.test("Neutron is not called slow while what reports ports has a problem of its own", () => {
  const ports = { ...facts().ports!, queued: 1001 };
  const textOf = (problem: string | null) => {
    const roles = facts().roles.map((one) =>
      one.name === "endpoint-status-watcher" ? role(one.name, {}, { problem }) : one
    );
    return status({ ports, roles }).findings.at(-1)!.text;
  };
  assertEquals(textOf("no bus"), "1001 port status reports are waiting.");
  assert(textOf(null).endsWith("Neutron takes them too slowly."));
});

/** What must not type-check; never called. */
export function doesNotTypeCheck(): Finding[] {
  return [
    // @ts-expect-error there is no such kind
    { kind: "stale-agnets", level: "warn" },
    // @ts-expect-error its data are missing
    { kind: "agents-stale", level: "warn" },
    // @ts-expect-error what is wrong is no "ok"
    { kind: "no-leader", level: "ok" },
    // @ts-expect-error another kind's data
    { kind: "ports-waiting", level: "warn", lagMs: 3 },
  ];
}
