import { comparisonNow, differingNodes } from "../../lib/health/configurations.ts";
import type { Comparison } from "../../lib/state/records.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { facts, NOW, status } from "../diagnostics/fixtures.ts";

const compared = (changes: Partial<Comparison>, at = NOW) => ({
  cluster: {
    ...facts().cluster!,
    at,
    configurations: { same: [], unknown: [], differing: [], ...changes },
  },
});
const differing = [{
  node: "node-2",
  differences: [
    { what: "version", here: "0.1.0", there: "0.2.0" },
    { what: "keystone", here: null, there: "none" },
    { what: "sync", here: null, there: null },
  ],
}];

Deno.test("a node that is configured otherwise is warned of, with what is known of it", () => {
  const { findings, verdict } = status(compared({ same: ["node-3"], differing }));
  assertEquals([verdict.kind, verdict.level, findings.length], ["node-config-differs", "warn", 1]);
  assertEquals(
    verdict.detail,
    "Nodes are configured otherwise than this one: node-2 in version (0.1.0 here, 0.2.0 there), " +
      "keystone (none there), sync. Whichever leads next works by its own: compare the output of " +
      "the command config on both.",
  );
  const election = { ...facts().election!, state: "follower" } as const;
  const standby = status({ ...compared({ differing }), isMaster: false, election });
  assertEquals(standby.findings.map(({ kind }) => kind), ["node-config-differs"], "on each page");
});

Deno.test("nodes that do not say, and what was compared long ago, are no finding", () => {
  const unknown = compared({ unknown: ["node-2"] });
  assertEquals(status(unknown).verdict.kind, "all-well");
  assertEquals(differingNodes(facts(unknown)), []);
  const old = facts(compared({ differing }, NOW - 60_000));
  assertEquals([comparisonNow(old), differingNodes(old)], [null, []]);
});

Deno.test("many nodes and differences make one short sentence", () => {
  const many = Array.from({ length: 20 }, (_, i) => ({
    node: `node-${i}`,
    differences: Array.from({ length: 20 }, (_, j) => ({
      what: `section-${j}`,
      here: "h".repeat(63),
      there: null,
    })),
  }));
  const text = status(compared({ differing: many })).verdict.detail!;
  assertMatch(text, /and 16 more; and 17 more\. Whichever leads next/);
  assertEquals(text.length < 1500, true);
});
