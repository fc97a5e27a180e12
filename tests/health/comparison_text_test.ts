import { comparisonText } from "../../lib/health/comparison_text.ts";
import type { Ports } from "../../lib/state/records.ts";
import { assertEquals } from "../support/assert.ts";

const comparison = (changes: Partial<NonNullable<Ports["comparison"]>>) => ({
  is: "compared" as const,
  unsure: 0,
  found: 0,
  accepted: 0,
  persisting: 0,
  pages: 0,
  lost: 0,
  wholeAt: null,
  ...changes,
});

Deno.test("what is said of comparing ports: compared only when nothing is unsure", () => {
  const texts = [
    undefined,
    comparison({ is: "awaiting", unsure: 1200 }),
    comparison({ is: "comparing", unsure: 200, persisting: 1 }),
    comparison({}),
    comparison({ unsure: 2 }),
    comparison({ is: "telling", unsure: 5 }),
    comparison({ is: "off" }),
  ].map(comparisonText);
  assertEquals(texts, [
    null,
    "waiting for Neutron's list of ports, 1,200 not compared yet",
    "comparing with Neutron, 200 not compared yet, 1 port shown otherwise although Neutron took its status",
    "compared with Neutron",
    "compared with Neutron, 2 not compared yet",
    "not compared with Neutron: no whole list of ports has come, all is told",
    "not compared with Neutron: all is told",
  ]);
});
