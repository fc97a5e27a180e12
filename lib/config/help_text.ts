/**
 * The help, laid out for a terminal: flags on the left, what they mean on the right, nothing wider than the
 * terminal is.
 *
 * @module
 */
import {
  allowedOf,
  type CommandGuide,
  COMMON_FLAGS,
  EXIT_CODES,
  type FlagGuide,
  OPTION_GUIDES,
  ownFlags,
  PROGRAM,
} from "./guide.ts";

/** Room for flags, characters. */
const FLAG_WIDTH = 26;
/** Room of a terminal in which there is none for two columns, characters. */
const NARROW = 64;
const INDENT = "  ";
/** Lines are no wider than people read well, nor narrower than words are. */
const [MIN_WIDTH, MAX_WIDTH] = [40, 100];

/** The help of one command, in lines of at most that many characters. */
export function commandHelp(guide: CommandGuide, columns: number): string {
  const width = bounded(columns);
  const { name, about, details, subject, examples } = guide;
  const own = ownFlags(guide);
  const usage = [PROGRAM, name, subject, own.length > 0 && "[flags]", "[options]"];
  return [
    ...wrapped(`${PROGRAM} ${name}: ${about}`, width),
    "",
    ...wrapped(`Usage: ${usage.filter(Boolean).join(" ")}`, width),
    ...details.length > 0 ? ["", ...details.flatMap((line) => wrapped(line, width))] : [],
    ...own.length > 0 ? ["", "Flags:", ...flagLines(own, width)] : [],
    ...examples.length > 0 ? ["", "Examples:", ...exampleLines(examples, width)] : [],
    "",
    ...wrapped(`Options (all of them: ${PROGRAM} --help):`, width),
    ...commonLines(width),
  ].join("\n");
}

/** The help of the program: commands, options, exit codes. */
export function generalHelp(
  guides: readonly CommandGuide[],
  byDefault: string,
  columns: number,
): string {
  const width = bounded(columns);
  const names = guides.map(({ name }) => name);
  const left = Math.max(...names.map((name) => name.length)) + 2;
  const lines = [
    ...wrapped(
      `${PROGRAM}: the leader-only jobs of Calico's OpenStack driver, one process per job`,
      width,
    ),
    "",
    ...wrapped(`Usage: ${PROGRAM} [command] [flags] [options]`, width),
    "",
    ...wrapped(`Commands (their flags: ${PROGRAM} COMMAND --help):`, width),
    ...guides.flatMap(({ name, about }) =>
      twoColumns(name, `${about}${name === byDefault ? " (default)" : ""}`, left, width)
    ),
    "",
    ...wrapped(
      "Options come from flags, then the environment (CONDUCTOR_ELECTION_TTL is --election-ttl), then " +
        "--config-file, then defaults. In brackets: the default.",
      width,
    ),
    ...commonLines(width),
  ];
  let group = "";
  for (const option of OPTION_GUIDES) {
    if (option.group !== group) lines.push("", `${group = option.group}:`);
    lines.push(...flagLines([option], width, false));
  }
  lines.push("", "Exit codes:");
  for (const [code, means] of EXIT_CODES) lines.push(...twoColumns(`${code}`, means, 4, width));
  return lines.join("\n");
}

function commonLines(width: number): string[] {
  return COMMON_FLAGS.flatMap((flag) => {
    const short = { "--help": "-h, ", "--version": "-V, " }[flag.flag] ?? "";
    return flagLines([{ ...flag, flag: `${short}${flag.flag}` }], width);
  });
}

/** @param placeholders whether a flag is shown with what stands for its value */
function flagLines(flags: readonly FlagGuide[], width: number, placeholders = true): string[] {
  const said = new Set<string>();
  return flags.flatMap((guide) => {
    const { flag, help, note, placeholder } = guide;
    const told = allowedOf(guide);
    // Flags of one kind stand together: what their values may be is said of the first.
    const allowed = told === null || said.has(told) ? null : told;
    if (told !== null) said.add(told);
    const left = placeholders && placeholder ? `${flag} ${placeholder}` : flag;
    const right = `${help}${note ? ` [${note}]` : ""}${allowed ? `; ${allowed}` : ""}`;
    return twoColumns(left, right, FLAG_WIDTH, width);
  });
}

function exampleLines(examples: CommandGuide["examples"], width: number): string[] {
  return examples.flatMap(({ words, does }) => [
    // A command line is not broken, so that it can be copied.
    `${INDENT}${PROGRAM} ${words}`,
    ...wrapped(does, width - 6).map((line) => `      ${line}`),
  ]);
}

/** A row; where the left side is too long, or the terminal narrow, the right one stands below. */
function twoColumns(left: string, right: string, leftWidth: number, width: number): string[] {
  const narrow = width < NARROW;
  const gap = narrow ? `${INDENT}    ` : `${INDENT}${" ".repeat(leftWidth)}`;
  const [first = "", ...rest] = wrapped(right, width - gap.length);
  const beside = !narrow && left.length < leftWidth;
  const head = beside
    ? [`${INDENT}${left.padEnd(leftWidth)}${first}`]
    : [`${INDENT}${left}`, `${gap}${first}`];
  return [...head, ...rest.map((line) => `${gap}${line}`)];
}

/** The text in lines; a word that is longer has a line of its own. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function bounded(columns: number): number {
  return Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, columns));
}
