/**
 * docs/options.md, made from the table of options:
 *
 *     deno task options
 *
 * @module
 */
import { flagOf, type Option, OPTIONS } from "../lib/config/options.ts";

/** Where the page is. */
export const OPTIONS_PAGE = new URL("../docs/options.md", import.meta.url);

const HEAD = ["flag", "environment", "file", "default", "meaning", "allowed"];

const INTRODUCTION = `# Options

Made from the table of options in \`lib/config/options.ts\` by \`deno task options\`.

Flags come before the environment, then \`--config-file\` (oslo INI, repeatable, the later file wins),
then defaults; [keystone.md](keystone.md) has the whole order for the login to OpenStack. Secrets
are never taken from the command line, where every user of the machine sees them. The state
directory defaults to \`$STATE_DIRECTORY\`, else \`~/.local/state/calico-conductor\`.

\`calico-conductor config\` prints every value and where it comes from. What nobody reads is named
there, by \`doctor\` and at the start, with the nearest right name: keys of \`[calico]\` that neither
this program nor networking-calico knows, names \`CONDUCTOR_…\` of the environment, lines that are no
assignment. A \`--config-file\` that is missing, cannot be read or is no INI file is refused, with
exit code 2.

The flags of each command are in its \`--help\`, in the manual page (\`calico-conductor man\`) and in
the completions of bash, zsh and fish (\`calico-conductor completion SHELL\`).
`;

/** The page as \`deno fmt\` leaves it. */
export function optionsPage(): string {
  const groups = Map.groupBy(OPTIONS, ({ group }) => group);
  const sections = [...groups].map(([group, options]) => `## ${group}\n\n${table(options)}\n`);
  return [INTRODUCTION, ...sections].join("\n");
}

function table(options: readonly Option[]): string {
  const rows = [HEAD, ...options.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

function cells(option: Option): string[] {
  const { secret, env, ini, fallback, unit, help, kind } = option;
  return [
    secret ? "(environment or file only)" : `\`${flagOf(option)}\``,
    env.map((name) => `\`${name}\``).join(", "),
    ini.map((place) => {
      const dot = place.indexOf(".");
      return `\`[${place.slice(0, dot)}] ${place.slice(dot + 1)}\``;
    }).join(", "),
    [fallback, unit].filter(Boolean).join(" "),
    help,
    kind.allowed.replaceAll("|", "\\|"),
  ];
}

if (import.meta.main) await Deno.writeTextFile(OPTIONS_PAGE, optionsPage());
