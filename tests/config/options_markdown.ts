/**
 * The README's table of options, made from the table in the code.
 *
 *   deno run --allow-read --allow-write tests/config/options_markdown.ts    writes it into the README
 *
 * @module
 */
import { flagOf, OPTIONS } from "../../lib/config/options.ts";

const README = new URL("../../README.md", import.meta.url);
const HEAD = ["flag", "environment", "file", "default", "meaning"];

/** The rows, as cells. */
export function optionRows(): string[][] {
  const rows = OPTIONS.map((option) => [
    option.secret ? "(environment or file only)" : `\`${flagOf(option)}\``,
    option.env.map((name) => `\`${name}\``).join(", "),
    option.ini.map((place) => {
      const dot = place.indexOf(".");
      return `\`[${place.slice(0, dot)}] ${place.slice(dot + 1)}\``;
    }).join(", "),
    [option.fallback, option.unit].filter(Boolean).join(" "),
    `${option.help}: ${option.kind.allowed}`.replaceAll("|", "\\|"),
  ]);
  return [HEAD, ...rows];
}

/** The table as `deno fmt` leaves it. */
export function optionsMarkdown(): string {
  const rows = optionRows();
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

/** The README's table as it stands; the lines that begin where the head does. */
export function optionsOf(readme: string): string {
  const lines = readme.split("\n");
  const first = lines.findIndex((line) => /^\| flag +\| environment /.test(line));
  const after = lines.findIndex((line, i) => i > first && !line.startsWith("|"));
  return lines.slice(first, after).join("\n");
}

if (import.meta.main) {
  const readme = await Deno.readTextFile(README);
  await Deno.writeTextFile(README, readme.replace(optionsOf(readme), () => optionsMarkdown()));
}
