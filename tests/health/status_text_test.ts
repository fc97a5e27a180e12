import { formatStatus } from "../../lib/health/status_text.ts";
import { assertEquals } from "../support/assert.ts";
import { facts, guard, left, NOW, resync, status } from "../diagnostics/fixtures.ts";

/** The lines about resyncs. */
function resyncLines(text: string): string[] {
  const lines = text.split("\n");
  const from = lines.findIndex((line) => /^(resync|\s+! watching)/.test(line));
  return lines.slice(from, lines.findIndex((line) => line.startsWith("compare")));
}

Deno.test("status in a terminal tells what is held back and which objects are left", () => {
  const last = resync({ guards: [guard()], leftOut: [left({ why: "bad-key", total: 1 })] });
  assertEquals(resyncLines(formatStatus(status({ resyncs: [last] }))), [
    "resync  180 s ago (periodic): 4796 correct, 8 created, 0 updated, 4 deleted in 2300 ms",
    "  ! Held back: Neutron shows 3 of 120 security groups, fewer than max_deletions allows, so nothing " +
    "of them is deleted (117 would " +
    "be). Look at what is missing first; if they are gone indeed, resync --allow-deletions lets it " +
    "through once.",
    "    5e6f7a8b-0000-4000-8000-000000000000, 5e6f7a8b-0000-4000-8000-000000000001, " +
    "5e6f7a8b-0000-4000-8000-000000000002 and 114 more",
    "  ! 1 security group is left as it is, without a key that can be used: 0f1e2d3c: 3,145,728 bytes.",
  ]);
  assertEquals(resyncLines(formatStatus(status())), [
    "resync  180 s ago (periodic): 4796 correct, 8 created, 0 updated, 4 deleted in 2300 ms",
  ]);
  const failed = status({ resyncs: [resync({ error: "Neutron: 503", guards: [guard()] })] });
  assertEquals(resyncLines(formatStatus(failed)), [
    "resync  180 s ago (periodic): Neutron: 503",
  ]);
});

Deno.test("status in a terminal tells that the node only watches", () => {
  const node = { ...facts().node, startupResync: "never" as const };
  const watched = resync({ reason: "watching", dryRun: true, differences: 1 });
  const said = "nothing is written until resync is asked for";
  assertEquals(resyncLines(formatStatus(status({ node, watches: true, resyncs: [watched] }))), [
    "resync  180 s ago (watching): 4796 correct, 1 difference, nothing written in 2300 ms",
    `  ! watching only: 1 difference; ${said}`,
  ]);
  assertEquals(resyncLines(formatStatus(status({ node, watches: true, resyncs: [] }))), [
    `  ! watching only: nothing compared yet; ${said}`,
  ]);
  const standby = { node, isMaster: false, since: null, resyncs: [] };
  assertEquals(formatStatus(status({ ...standby, at: NOW })).includes("watching"), false);
});
