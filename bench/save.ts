/**
 * Keeps figures in the repository: `bench/latest.json` to compare with, the tables of `bench/README.md`,
 * `docs/scaling.md` and `docs/figures.md`, the picture of failovers in `docs/`. Benchmarks that did not run
 * this time keep their figures.
 *
 * @module
 */
import { failoverPicture } from "./failover_picture.ts";
import type { Results } from "./main.ts";
import { columns, type Figure, HEADINGS } from "./report.ts";
import { figureRows } from "./figure_rows.ts";
import { scalingRows } from "./scaling.ts";

const LATEST = new URL("latest.json", import.meta.url);
const README = new URL("README.md", import.meta.url);
const FIGURES = new URL("../docs/figures.md", import.meta.url);
const SCALING = new URL("../docs/scaling.md", import.meta.url);
const PICTURE = new URL("../docs/failover.svg", import.meta.url);
const [BEGIN, END] = ["<!-- figures -->", "<!-- end of figures -->"];

/** Writes all of them. */
export async function saveLatest(results: Results): Promise<void> {
  const earlier: Results = await Deno.readTextFile(LATEST).then(
    JSON.parse,
    () => ({ figures: [] }),
  );
  const benches = new Set(results.figures.map(({ bench }) => bench));
  const kept = earlier.figures.filter(({ bench }) => !benches.has(bench));
  const order = [...new Set([...earlier.figures, ...results.figures].map(({ bench }) => bench))];
  const { date, commit } = results.machine;
  const fresh = results.figures.map((figure) => ({ ...figure, measured: `${date}, ${commit}` }));
  const figures = [...kept, ...fresh]
    .sort((a, b) => order.indexOf(a.bench) - order.indexOf(b.bench));
  const all: Results = { machine: results.machine, figures };
  const lines = figures.map((figure) => `  ${JSON.stringify(figure)}`).join(",\n");
  const head = `{"machine":${JSON.stringify(all.machine)},"figures":[\n`;
  await Deno.writeTextFile(LATEST, `${head}${lines}\n]}\n`);
  await replaceIn(README, figuresText(all));
  await replaceIn(SCALING, markdown(scalingRows(figures)));
  await replaceIn(FIGURES, markdown(figureRows(figures)));
  const picture = failoverPicture(figures);
  if (picture) await Deno.writeTextFile(PICTURE, picture);
  const pages = [README, SCALING, FIGURES].map(({ pathname }) => pathname);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", ...pages] }).output();
}

/** Replaces what stands between the marks in a page. */
async function replaceIn(page: URL, content: string): Promise<void> {
  const text = await Deno.readTextFile(page);
  const [before] = text.split(BEGIN);
  const [, after] = text.split(END);
  if (after === undefined) throw new Error(`${page.pathname} lacks the marks ${BEGIN} and ${END}`);
  await Deno.writeTextFile(page, `${before}${BEGIN}\n\n${content}\n\n${END}${after}`);
}

function figuresText({ machine, figures }: Results): string {
  const { cores, memoryGiB, deno, etcd } = machine;
  const about = `${cores} cores, ${memoryGiB} GiB, Deno ${deno}, etcd ${etcd}, all on one machine.`;
  const tables = [...Map.groupBy(figures, ({ bench }: Figure) => bench)].map(([bench, figures]) => {
    const when = figures[0]?.measured ?? "";
    const rows = markdown([HEADINGS, ...figures.map(columns)]);
    return `### ${bench}\n\n${when}\n\n${rows}`;
  });
  return `${about}\n\n${tables.join("\n\n")}`;
}

/** A table. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) => Math.max(3, ...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((text, i) => text.padEnd(widths[i]!)).join(" | ")} |`;
  const [head, ...body] = rows;
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  return [line(head!), rule, ...body.map(line)].join("\n");
}
