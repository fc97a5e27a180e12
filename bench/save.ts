/**
 * Keeps figures in the repository: `bench/latest.json` to compare with, the tables of `bench/README.md`,
 * `docs/scaling.md` and `docs/figures.md`, the picture of failovers in `docs/`. Benchmarks that did not run
 * this time keep their figures. Of a benchmark of which only a part was measured nothing is kept.
 *
 * @module
 */
import { failoverPicture } from "./failover_picture.ts";
import type { Results } from "./main.ts";
import { madeOf, NotMeasuredError } from "./not_measured.ts";
import { columns, type Figure, HEADINGS } from "./report.ts";
import { figureRows } from "./figure_rows.ts";
import { scalingRows } from "./scaling.ts";

const [BEGIN, END] = ["<!-- figures -->", "<!-- end of figures -->"];

/**
 * Writes all of them, below the project's root.
 *
 * @throws something that a page tells was not measured; nothing is written then.
 */
export async function saveLatest(
  results: Results,
  root = new URL("../", import.meta.url),
): Promise<void> {
  const latest = new URL("bench/latest.json", root);
  const earlier: Results = await Deno.readTextFile(latest).then(
    JSON.parse,
    () => ({ figures: [] }),
  );
  const all = together(earlier, results);
  const pages: readonly [page: string, content: () => string][] = [
    ["bench/README.md", () => figuresText(all)],
    ["docs/scaling.md", () => markdown(scalingRows(all.figures))],
    ["docs/figures.md", () => markdown(figureRows(all.figures))],
  ];
  const contents = refusing(() => madeOf(pages.map(([, content]) => content)));
  const picture = failoverPicture(all.figures);
  const written: (readonly [URL, string])[] = [[latest, textOf(all)]];
  for (const [i, [page]] of pages.entries()) {
    const at = new URL(page, root);
    written.push([at, between(page, await Deno.readTextFile(at), contents[i]!)]);
  }
  if (picture) written.push([new URL("docs/failover.svg", root), picture]);
  for (const [at, text] of written) await Deno.writeTextFile(at, text);
  const paths = pages.map(([page]) => new URL(page, root).pathname);
  const config = new URL("../deno.json", import.meta.url).pathname;
  const args = ["fmt", "--quiet", `--config=${config}`, ...paths];
  await new Deno.Command(Deno.execPath(), { args }).output();
}

/** The new figures, and those of benchmarks that did not run this time. */
function together(earlier: Results, { machine, figures }: Results): Results {
  const benches = new Set(figures.map(({ bench }) => bench));
  const kept = earlier.figures.filter(({ bench }) => !benches.has(bench));
  const order = [...new Set([...earlier.figures, ...figures].map(({ bench }) => bench))];
  const measured = `${machine.date}, ${machine.commit}`;
  const fresh = figures.map((figure) => ({ ...figure, measured }));
  const all = [...kept, ...fresh].sort((a, b) => order.indexOf(a.bench) - order.indexOf(b.bench));
  return { machine, figures: all };
}

function textOf({ machine, figures }: Results): string {
  const lines = figures.map((figure) => `  ${JSON.stringify(figure)}`).join(",\n");
  return `{"machine":${JSON.stringify(machine)},"figures":[\n${lines}\n]}\n`;
}

/** What `make` makes. @throws what it lacks, and what to do about it. */
function refusing<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof NotMeasuredError)) throw error;
    const benches = [...new Set(error.figures.map((name) => name.split(":")[0]!))];
    throw new Error(
      `nothing is saved: ${error.message}, and the pages tell of it; run the whole of ` +
        `${benches.join(", ")} with --save`,
      { cause: error },
    );
  }
}

/** The page with this content between its marks. */
function between(page: string, text: string, content: string): string {
  const [before] = text.split(BEGIN);
  const [, after] = text.split(END);
  if (after === undefined) throw new Error(`${page} lacks the marks ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${content}\n\n${END}${after}`;
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
