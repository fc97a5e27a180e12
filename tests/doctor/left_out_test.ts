import { systemClock } from "../../lib/base/clock.ts";
import { type Finding, runChecks } from "../../lib/doctor/check.ts";
import { leftOutCheck } from "../../lib/doctor/left_out.ts";
import type { Resync } from "../../lib/state/records.ts";
import { StateStore } from "../../lib/state/store.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { left, resync } from "../diagnostics/fixtures.ts";
import { tempDir } from "../support/temp_dir.ts";

/** What the doctor finds on a node with these runs, the oldest first; null: nothing has ever run. */
async function check(runs: readonly Partial<Resync>[] | null): Promise<Finding[]> {
  await using dir = await tempDir();
  if (runs !== null) {
    using store = await StateStore.open(dir.path);
    for (const [i, changes] of runs.entries()) {
      const startedAt = Date.now() - 600_000 + i * 1000;
      await store.writeResync(resync({ startedAt, endedAt: startedAt + 100, ...changes }));
    }
  }
  const { signal } = new AbortController();
  const checks = [leftOutCheck(dir.path, systemClock)];
  return await runChecks(checks, { deadlineMs: 20_000, signal });
}

const rules = left({
  why: "not-expressible",
  collection: "security-group-rules",
  total: 12,
  names: Array.from({ length: 10 }, (_, i) => `rule ${i} of group web: protocol dccp with ports`),
});
const pairs = left({
  why: "not-expressible",
  collection: "allowed-address-pairs",
  total: 1,
  names: ["0.0.0.0/1 of port p-1"],
});
const fine = left({ why: "outside-subnets", collection: "allowed-address-pairs" });

Deno.test("rules and pairs that Calico cannot express are named, with what to do", async () => {
  const found = await check([{ leftOut: [pairs, rules, fine] }, { whole: false }]);
  assertEquals(found.map(({ name, state }) => `${name} ${state}`), [
    "objects left out warning",
    "objects left out warning",
  ]);
  assertMatch(
    found[0]!.found,
    new RegExp(
      "^12 security group rules cannot be expressed in Calico, and less is allowed than in Neutron: " +
        "rule 0 of group web: protocol dccp with ports; rule 1 .*; rule 2 .*; and 9 more " +
        "\\(last full resync of this node: .* ago\\)$",
    ),
  );
  assertMatch(found[1]!.found, /^1 allowed address pair cannot .*: 0\.0\.0\.0\/1 of port p-1 \(/);
  assertMatch(found[0]!.advice!, /docs\/compatibility\.md/);
});

Deno.test("what a later full resync no longer leaves out is no finding, whatever a dry run says", async () => {
  const found = await check([{ leftOut: [rules] }, {}, { dryRun: true, leftOut: [pairs] }]);
  assertEquals(found.map(({ state }) => state), ["ok"]);
  assertMatch(found[0]!.found, /^none \(last full resync/);
});

Deno.test("a node that only watches is judged by what it has compared", async () => {
  const found = await check([{ dryRun: true, leftOut: [rules] }]);
  assertEquals(found.map(({ state }) => state), ["warning"]);
});

Deno.test("without a full resync nothing is said", async () => {
  assertEquals((await check(null)).map(({ state }) => state), ["skipped"]);
  const failed = await check([{ error: "Neutron: 503", leftOut: [rules] }]);
  assertEquals(failed.map(({ state }) => state), ["skipped"]);
});
