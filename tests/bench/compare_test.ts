import { compare, merged, spread } from "../../bench/compare.ts";
import { figure } from "../../bench/report.ts";
import { assert, assertEquals } from "../support/assert.ts";

const ratio = (name: string, ...ratios: number[]) =>
  figure("b", name, ratios.map((r) => ({ value: 2 * r, baseline: 2 })), {
    unit: "s",
    baseline: "the floor",
  });
const plain = (name: string, unit: string, ...values: number[]) =>
  figure("b", name, values.map((value) => ({ value })), { unit });
const verdicts = (...pair: Parameters<typeof compare>) =>
  compare(...pair).comparisons.map(({ verdict }) => verdict);

Deno.test("compare: a ratio that grew by more than the noise is worse, one that shrank is better", () => {
  assertEquals(verdicts([ratio("x", 1, 1, 1)], [ratio("x", 1.2, 1.2, 1.2)]), ["worse"]);
  assertEquals(verdicts([ratio("x", 1.2, 1.2, 1.2)], [ratio("x", 1, 1, 1)]), ["better"]);
  assertEquals(verdicts([ratio("x", 1, 1, 1)], [ratio("x", 1.1, 1.1, 1.1)]), ["same"]);
});

Deno.test("compare: where more is better, less is worse", () => {
  const rate = (value: number) =>
    figure("b", "rate", [{ value, baseline: 100 }, { value, baseline: 100 }], {
      unit: "/s",
      baseline: "the floor",
      better: "higher",
    });
  assertEquals(verdicts([rate(100)], [rate(50)]), ["worse"]);
  assertEquals(verdicts([rate(50)], [rate(100)]), ["better"]);
});

Deno.test("compare: what moves much from run to run has to change more", () => {
  const noisy = ratio("x", 0.8, 1, 1.2);
  assertEquals(spread(noisy).toFixed(2), "0.20");
  assertEquals(verdicts([noisy], [ratio("x", 1.2, 1.5, 1.8)]), ["same"]);
  assertEquals(verdicts([noisy], [ratio("x", 1.7, 2, 2.2)]), ["worse"]);
});

Deno.test("compare: a single run is not trusted as far as several alike", () => {
  assertEquals(verdicts([ratio("x", 1)], [ratio("x", 1.4)]), ["same"]);
  assertEquals(verdicts([ratio("x", 1)], [ratio("x", 1.7)]), ["worse"]);
});

Deno.test("compare: seconds of another machine are told, and say nothing; bytes do", () => {
  assertEquals(verdicts([plain("t", "ms", 1, 1)], [plain("t", "ms", 9, 9)]), ["not compared"]);
  assertEquals(verdicts([plain("t", "bytes", 1, 1)], [plain("t", "bytes", 9, 9)]), ["worse"]);
});

Deno.test("compare: zero before and something after is worse", () => {
  assertEquals(verdicts([plain("t", "a minute", 0, 0)], [plain("t", "a minute", 5, 5)]), ["worse"]);
  assertEquals(verdicts([plain("t", "a minute", 0, 0)], [plain("t", "a minute", 0, 0)]), ["same"]);
});

Deno.test("compare: a figure that only one side has is named", () => {
  const { comparisons, missing, added } = compare([ratio("x", 1)], [ratio("y", 1)]);
  assertEquals(comparisons, []);
  assert(missing[0]!.includes("x") && added[0]!.includes("y"));
});

Deno.test("compare: runs are merged into one figure with all their samples", () => {
  const [one, ...more] = merged([[ratio("x", 1)], [ratio("x", 3)], [ratio("x", 2)]]);
  assertEquals(more, []);
  assertEquals([one!.ratio, one!.samples], [2, [1, 3, 2]]);
});
