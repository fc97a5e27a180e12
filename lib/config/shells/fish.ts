/** The completion of fish, made from the tables. @module */
import {
  type CommandGuide,
  COMMON_FLAGS,
  type FlagGuide,
  OPTION_FLAGS,
  ownFlags,
  PROGRAM,
} from "../guide.ts";
import { HELP, valuesOf } from "./words.ts";

/** The script; `calico-conductor completion fish | source`. */
export function fishCompletion(guides: readonly CommandGuide[]): string {
  const names = guides.map(({ name }) => name);
  return [
    `# fish completion of ${PROGRAM}: ${PROGRAM} completion fish | source`,
    `complete -c ${PROGRAM} -f`,
    ...guides.map(({ name, about }) => word("__fish_use_subcommand", name, about)),
    word("__fish_use_subcommand", HELP, "Print the help of a command"),
    word(`__fish_seen_subcommand_from ${HELP}`, names.join(" "), ""),
    ...[...COMMON_FLAGS, ...OPTION_FLAGS].map((guide) => flagLine(guide, null)),
    ...guides.flatMap((guide) => {
      const seen = `__fish_seen_subcommand_from ${guide.name}`;
      const words = guide.choices.length > 0 ? [word(seen, guide.choices.join(" "), "")] : [];
      return [...ownFlags(guide).map((flag) => flagLine(flag, seen)), ...words];
    }),
    "",
  ].join("\n");
}

function word(condition: string, words: string, about: string): string {
  const described = about ? ` -d ${quoted(about)}` : "";
  return `complete -c ${PROGRAM} -n ${quoted(condition)} -a ${quoted(words)}${described}`;
}

function flagLine(guide: FlagGuide, condition: string | null): string {
  const when = condition === null ? "" : ` -n ${quoted(condition)}`;
  const line = `complete -c ${PROGRAM}${when} -l ${guide.flag.slice(2)} -d ${quoted(guide.help)}`;
  if (guide.placeholder === null) return line;
  const values = valuesOf(guide);
  if (values === null) return `${line} -x`;
  if (values === "file") return `${line} -r -F`;
  const offered = values === "directory" ? "(__fish_complete_directories)" : values.join(" ");
  return `${line} -x -a ${quoted(offered)}`;
}

/** The text between single quotes, as fish reads them. */
function quoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, "\\$&")}'`;
}
