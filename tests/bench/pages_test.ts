import { failoverPicture } from "../../bench/failover_picture.ts";
import { figureRows, fillIn } from "../../bench/figure_rows.ts";
import { digits, type Figure, figure } from "../../bench/report.ts";
import { scalingRows } from "../../bench/scaling.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";

const { figures }: { figures: Figure[] } = JSON.parse(
  await Deno.readTextFile(new URL("../../bench/latest.json", import.meta.url)),
);
const page = (name: string) => Deno.readTextFile(new URL(`../../${name}`, import.meta.url));
const squeeze = (text: string) => text.replaceAll(/[ -]+/g, " ");

Deno.test("the tables of docs/figures.md and docs/scaling.md are those of bench/latest.json", async () => {
  for (
    const [name, rows] of [
      ["docs/figures.md", figureRows(figures)],
      ["docs/scaling.md", scalingRows(figures)],
    ] as const
  ) {
    const text = squeeze(await page(name));
    for (const row of rows) {
      const line = squeeze(`| ${row.join(" | ")} |`);
      assert(text.includes(line), `${name} lacks: ${line}`);
    }
  }
});

Deno.test("the picture is that of bench/latest.json, with a dot for every run", async () => {
  const picture = failoverPicture(figures)!;
  assertEquals(picture, await page("docs/failover.svg"));
  const runs = figures.filter(({ bench }) => bench === "failover")
    .reduce((sum, { distribution = [] }) => sum + distribution.length, 0);
  assertEquals(picture.match(/class="dot"/g)!.length, runs);
  assertEquals(failoverPicture([]), null);
});

Deno.test("a sentence with a figure that was not measured is refused", () => {
  const one = figure("b", "x", [{ value: 3, baseline: 2 }], { unit: "ms", baseline: "y" });
  assertEquals(fillIn("{b: x}, {b: x|ratio} ×", [one]), "3 ms, 1.5 ×");
  let message = "";
  try {
    fillIn("{b: z}", [one]);
  } catch (error) {
    message = (error as Error).message;
  }
  assertMatch(message, /"b: z" was not measured/);
});

Deno.test("a line of a benchmark that was never kept is left out, one of a part of it is refused", async () => {
  const others = figures.filter(({ bench }) => bench !== "idle");
  const rows = (of: readonly Figure[]) => figureRows(of).map(([what]) => what);
  const idle = rows(figures).filter((what) => !rows(others).includes(what));
  assertEquals(idle.length, 2);
  const part = [...others, figures.find(({ bench }) => bench === "idle")!];
  const error = await assertRejects(() => Promise.resolve().then(() => figureRows(part)), Error);
  assertMatch(error.message, /were not measured/);
});

Deno.test("what was measured of a million ports stands in its column, in place of what was worked out", () => {
  const names = ["etcd's database", "first announced change in etcd"];
  const measured = names.map((name) =>
    figure("million", `1,000,000 ports, ${name}`, [{ value: 2.5 }], { unit: "GiB" })
  );
  const others = figures.filter(({ bench }) => bench !== "million");
  const cells = (of: readonly Figure[], what: string) =>
    scalingRows(of).find(([first]) => first!.startsWith(what))?.slice(2);
  const [usual] = cells(others, "etcd: endpoints")!;
  assertEquals(cells([...others, ...measured], "etcd: endpoints"), [usual, "2.5 GiB, measured"]);
  const announced = "a new master, to the first";
  assertEquals(cells([...others, ...measured], announced), ["", "2.5 GiB, measured"]);
  assertEquals(cells(others, announced), undefined);
});

Deno.test("three digits, and no more than there are", () => {
  const texts = [0, 0.00123456, 1.005, 12.345, 123.456, 98765.4].map(digits);
  assertEquals(texts, ["0", "0.00123", "1", "12.3", "123", "98,765"]);
});
