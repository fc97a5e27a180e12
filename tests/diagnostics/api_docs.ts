/**
 * The tables of `docs/api.md`, made from the OpenAPI document and the metrics:
 * `deno run -A tests/diagnostics/api_docs.ts` writes them, `openapi_test.ts` checks that they are right.
 *
 * @module
 */
import { formatFamilies } from "../../lib/metrics/exposition.ts";
import { fullFamilies } from "../monitoring/full_metrics.ts";
import { DOCUMENT_PATH } from "../../lib/diagnostics/api/openapi.ts";
import { testApp } from "./test_app.ts";

const PATH = new URL("../../docs/api.md", import.meta.url);

interface Operation {
  summary: string;
  parameters?: { name: string; in: string }[];
}

async function routes(): Promise<string> {
  const response = await testApp().request(DOCUMENT_PATH);
  const { paths } = await response.json() as { paths: Record<string, Record<string, Operation>> };
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { summary, parameters = [] }]) => {
      const query = parameters.filter((each) => each.in === "query").map(({ name }) =>
        `\`${name}\``
      );
      return `| \`${method.toUpperCase()} ${path}\` | ${summary} | ${query.join(", ")} |`;
    })
  );
  return ["| request | answer | query |", "| --- | --- | --- |", ...rows].join("\n");
}

function metrics(): string {
  const rows = fullFamilies().map((family) => {
    const labels = new Set(family.samples.flatMap(({ labels }) => Object.keys(labels)));
    const text = formatFamilies(
      [{ ...family, samples: [{ labels: {}, value: 0 }] }],
      "openmetrics",
    );
    const name = family.type === "histogram"
      ? `conductor_${family.name}`
      : /^(conductor_\w+) 0$/m.exec(text)![1];
    const shown = [...labels].map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${family.type} | ${shown} | ${family.help} |`;
  });
  return ["| metric | type | labels | meaning |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

/** The file with its tables as they are to be. */
export async function withTables(text: string): Promise<string> {
  for (const [name, table] of [["routes", await routes()], ["metrics", metrics()]] as const) {
    const [from, to] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const [before, rest] = text.split(from);
    const after = rest?.split(to)[1];
    if (after === undefined) throw new Error(`docs/api.md has no place for its ${name}`);
    text = `${before}${from}\n\n${table}\n\n${to}${after}`;
  }
  return text;
}

/** Cells without the padding that the formatter gives them. */
export function bare(text: string): string {
  return text.replaceAll(/ +\|/g, " |").replaceAll(/\| +/g, "| ").replaceAll(/-{3,}/g, "---");
}

/** The file as it is. */
export function readDocs(): Promise<string> {
  return Deno.readTextFile(PATH);
}

if (import.meta.main) await Deno.writeTextFile(PATH, await withTables(await readDocs()));
