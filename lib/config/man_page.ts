/** The manual page, made from the tables, in the macros of man(7). @module */
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

/** The page as roff; `calico-conductor man | man -l -`. */
export function manPage(guides: readonly CommandGuide[], version: string): string {
  return [
    `.TH ${PROGRAM.toUpperCase().replaceAll("-", "\\-")} 8 "" "${PROGRAM} ${version}"`,
    section("NAME"),
    `${roff(PROGRAM)} \\- the leader\\-only jobs of Calico's OpenStack driver, one process per job`,
    section("SYNOPSIS"),
    `.B ${roff(PROGRAM)}`,
    roff("[command] [flags] [options]"),
    section("DESCRIPTION"),
    roff(
      "Makes what Calico has in etcd equal to Neutron, tells Neutron how agents and ports are, and " +
        "compacts etcd. Several nodes may run: they elect the one that does it. Without a command, " +
        "start is meant; without any setting, a whole cloud in small runs beside it.",
    ),
    ".PP",
    roff(
      "Without options, commands are about the node that runs on this machine, with the settings " +
        "that are in force there.",
    ),
    section("COMMANDS"),
    ...guides.flatMap(commandLines),
    section("OPTIONS"),
    roff(
      "Options come from flags, then the environment (CONDUCTOR_ELECTION_TTL is --election-ttl), then " +
        "--config-file, then defaults. In brackets: the default. Secrets are taken from the environment, " +
        "from credentials of the service manager and from files only.",
    ),
    ...COMMON_FLAGS.flatMap(flagLines),
    ...optionLines(),
    section("EXIT STATUS"),
    ...EXIT_CODES.flatMap(([code, means]) => [".TP", `.B ${code}`, roff(means)]),
    section("FILES"),
    ...[
      [
        "~/.local/state/calico-conductor",
        "The state directory, unless $STATE_DIRECTORY names one.",
      ],
      ["/etc/calico-conductor/calico-conductor.conf", "Settings of the service."],
      ["/etc/calico-conductor/credentials/", "Its secrets, one a file."],
    ].flatMap(([path, means]) => [".TP", `.I ${roff(path!)}`, roff(means!)]),
    "",
  ].join("\n");
}

function commandLines(guide: CommandGuide): string[] {
  const { name, subject, about, details, examples } = guide;
  return [
    `.SS "${roff([name, subject].filter(Boolean).join(" "))}"`,
    roff(`${about}.`),
    ...details.flatMap((line) => [".br", roff(line)]),
    ...ownFlags(guide).flatMap(flagLines),
    ...examples.flatMap(({ words, does }) => [
      ".PP",
      roff(`${does}:`),
      ".PP",
      ".RS 4",
      ".nf",
      roff(`${PROGRAM} ${words}`),
      ".fi",
      ".RE",
    ]),
  ];
}

function optionLines(): string[] {
  const lines: string[] = [];
  let group = "";
  for (const option of OPTION_GUIDES) {
    if (option.group !== group) lines.push(`.SS "${roff(group = option.group)}"`);
    lines.push(...flagLines({ ...option, placeholder: option.secret ? "" : option.placeholder }));
  }
  return lines;
}

function flagLines(guide: FlagGuide): string[] {
  const { flag, help, note, placeholder } = guide;
  const allowed = allowedOf(guide);
  const value = placeholder ? ` \\fI${roff(placeholder)}\\fR` : "";
  const text = `${help}${note ? ` [${note}]` : ""}${allowed ? `; ${allowed}` : ""}`;
  return [".TP", `\\fB${roff(flag)}\\fR${value}`, roff(text)];
}

function section(title: string): string {
  return `.SH "${title}"`;
}

/** Text of which no character is a command of roff's, nor another one in another locale. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll('"', "\\(dq")
    .replace(/^[.']/, "\\&$&")
    .replaceAll(/[^\x20-\x7e]/gu, (char) => `\\[u${hexOf(char)}]`);
}

function hexOf(char: string): string {
  return char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
}
