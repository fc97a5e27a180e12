/**
 * The command line: words to a command and flags, `--help`, and errors that suggest what was meant.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { flagOf, type OptionName, OPTIONS } from "./options.ts";
import { OBJECT_ID, OBJECT_ID_HELP } from "../openstack/object_id.ts";
import type { ResyncWish } from "../state/resync_request.ts";
import { suggest } from "../base/suggest.ts";
import type { Flags } from "./values.ts";

/** The words make no sense; the message suggests what would. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** A command that needs the configuration. */
export interface NodeCommand {
  readonly command: keyof typeof COMMANDS;
  readonly flags: Flags;
  readonly configFiles: readonly string[];
  readonly output: "text" | "json";
  /** What `resync` is about. */
  readonly resync: Omit<ResyncWish, "by">;
  /** After a step-down the node does not stand again for so long, s. */
  readonly pauseSeconds: number;
}

/** What the words mean. */
export type ParsedCommandLine =
  | { readonly command: "help" }
  | { readonly command: "version" }
  | NodeCommand;

const COMMANDS = {
  start: "Run the node until it is told to stop (default)",
  status: "Print what the node's processes say of themselves",
  config: "Print every effective value and where it comes from",
  doctor: "Look at all that this node depends on, and say what to do",
  permissions: "Print what each process may do with this configuration",
  resync: "Make etcd equal to Neutron now: all of it, or what is named",
  "step-down": "Give mastership away, if this node has it",
} as const;
type Command = keyof typeof COMMANDS;

const SETTABLE = OPTIONS.filter((option) => !option.secret);
/** Flags of `resync` that name objects, repeatable. */
const OBJECTS = ["network", "subnet", "port", "security-group"] as const;
/** Objects of one kind in one request. */
const MAX_OBJECTS = 500;
/** Flags of `resync` without a value. */
const RESYNC_SWITCHES = ["include-sgs-for-ports", "dry-run", "allow-deletions", "allow-empty"];
const SWITCHES = [
  ...SETTABLE.filter((o) => o.kind.alone).map((o) => flagOf(o).slice(2)),
  ...RESYNC_SWITCHES,
];
const NAMES = [
  ...SETTABLE.map((o) => flagOf(o).slice(2)),
  "config-file",
  "output",
  "pause",
  ...OBJECTS,
  ...SWITCHES,
];
/** Room for the longest name of a command. */
const COMMAND_WIDTH = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2;
/** How long a node that has stepped down stays out, s. */
const DEFAULT_PAUSE_SECONDS = 60;
const MAX_PAUSE_SECONDS = 86_400;

/**
 * Parses the words after the program's name.
 *
 * @throws {UsageError} an unknown command or option, a flag without its value, a flag given twice.
 */
export function parseCommandLine(args: readonly string[]): ParsedCommandLine {
  checkFlags(args);
  const parsed = parseArgs(args, {
    string: NAMES.filter((name) => !SWITCHES.includes(name)),
    boolean: ["help", "version", ...SWITCHES],
    collect: NAMES,
    alias: { h: "help", V: "version" },
  });
  if (parsed.help) return { command: "help" };
  if (parsed.version) return { command: "version" };
  const words = parsed._.map(String);
  const command = words[0] ?? "start";
  if (command === "help") return { command };
  if (command === "version") return { command };
  if (!(command in COMMANDS)) throw unknown("command", command, Object.keys(COMMANDS));
  if (words.length > 1) throw new UsageError(`unexpected word ${JSON.stringify(words[1])}`);
  const given = (name: string) => [parsed[name] ?? []].flat().map(String);
  if (command !== "resync") refuseResyncFlags(command, given);
  const output = given("output").at(-1) ?? "text";
  if (output !== "text" && output !== "json") {
    throw new UsageError(`--output: given ${JSON.stringify(output)}, allowed text | json`);
  }
  return {
    command: command as Command,
    flags: collectFlags(given),
    configFiles: given("config-file"),
    output,
    pauseSeconds: pauseSeconds(given("pause").at(-1)),
    resync: {
      networks: objectIds("network", given),
      subnets: objectIds("subnet", given),
      ports: objectIds("port", given),
      groups: objectIds("security-group", given),
      includeGroups: given("include-sgs-for-ports").at(-1) === "true",
      dryRun: given("dry-run").at(-1) === "true",
      allowDeletions: [given("allow-deletions"), given("allow-empty")].some((flag) =>
        flag.at(-1) === "true"
      ),
    },
  };
}

/** `--dry-run` alone would start a node, which is the opposite of what was meant. */
function refuseResyncFlags(command: string, given: (name: string) => string[]): void {
  for (const flag of [...OBJECTS, ...RESYNC_SWITCHES]) {
    if (given(flag).length === 0) continue;
    throw new UsageError(`--${flag} is for resync, not for ${command}: say resync --${flag}`);
  }
}

function objectIds(flag: typeof OBJECTS[number], given: (name: string) => string[]): string[] {
  const ids = given(flag);
  if (ids.length > MAX_OBJECTS) {
    throw new UsageError(
      `--${flag}: given ${ids.length} times, allowed ${MAX_OBJECTS}: name more ` +
        "in another run, or resync all",
    );
  }
  for (const id of ids) {
    if (OBJECT_ID.test(id)) continue;
    throw new UsageError(`--${flag}: given ${JSON.stringify(id)}, allowed ${OBJECT_ID_HELP}`);
  }
  return ids;
}

function pauseSeconds(given: string | undefined): number {
  if (given === undefined) return DEFAULT_PAUSE_SECONDS;
  if (/^\d{1,5}$/.test(given) && Number(given) <= MAX_PAUSE_SECONDS) return Number(given);
  const allowed = `a whole number from 0 to ${MAX_PAUSE_SECONDS}`;
  throw new UsageError(`--pause: given ${JSON.stringify(given)}, allowed ${allowed}`);
}

function collectFlags(given: (name: string) => string[]): Flags {
  const flags: Partial<Record<OptionName, string | string[]>> = {};
  for (const option of SETTABLE) {
    const values = given(flagOf(option).slice(2));
    if (values.length === 0) continue;
    if (option.kind.repeatable) flags[option.name] = values;
    else if (values.length > 1) throw new UsageError(`${flagOf(option)} is given more than once`);
    else flags[option.name] = values[0]!;
  }
  return flags;
}

/** Refuses what the table does not name, before anything is parsed. */
function checkFlags(args: readonly string[]): void {
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "-h" || word === "-V" || !word.startsWith("-")) continue;
    const [flag, value] = word.split(/=(.*)/s);
    const name = flag!.replace(/^--?/, "");
    if (name === "help" || name === "version") continue;
    const secret = OPTIONS.find((o) => o.secret && flagOf(o) === flag);
    if (secret) {
      throw new UsageError(
        `${flag} would show a secret to every user of this machine: ` +
          `set ${secret.env[0]} in the environment or use --config-file`,
      );
    }
    if (!flag!.startsWith("--") || !NAMES.includes(name)) {
      throw unknown("option", flag!, [...NAMES, "help", "version"].map((n) => `--${n}`));
    }
    if (value === undefined && !SWITCHES.includes(name)) {
      const next = args[++i];
      if (next === undefined || next.startsWith("--")) {
        throw new UsageError(`${flag} needs a value, as in ${flag}=…`);
      }
    }
  }
}

function unknown(what: string, given: string, right: readonly string[]): UsageError {
  const near = suggest(given, right);
  const hint = near ? `did you mean ${near}?` : "see --help";
  return new UsageError(`unknown ${what} ${JSON.stringify(given)}: ${hint}`);
}

/** What `--help` prints. */
export function helpText(): string {
  const lines = [
    "calico-conductor: the leader-only jobs of Calico's OpenStack driver, one process per job",
    "",
    "Usage: calico-conductor [command] [options]",
    "",
    "Commands:",
    ...Object.entries(COMMANDS).map(([name, help]) => `  ${name.padEnd(COMMAND_WIDTH)}${help}`),
    "",
    "Options come from flags, then the environment, then --config-file, then defaults.",
    "  --config-file PATH        oslo INI file such as neutron.conf (repeatable, later wins)",
    "  --output text|json        for status, doctor, permissions and resync",
    "  --network ID  --subnet ID  --port ID  --security-group ID",
    "                            for resync: only these (repeatable); a network includes its",
    "                            subnets and ports, a subnet its ports",
    "  --include-sgs-for-ports   for resync: the security groups of the ports as well",
    "  --dry-run                 for resync: print the differences and write nothing; also on a",
    "                            standby, and where no node runs",
    "  --allow-deletions         for resync: believe Neutron, once, that so much is gone",
    `  --pause SECONDS           for step-down: stay out for so long [${DEFAULT_PAUSE_SECONDS}]`,
    "  -h, --help   -V, --version",
  ];
  let group = "";
  for (const option of OPTIONS) {
    if (option.group !== group) lines.push("", `${group = option.group}:`);
    const flag = option.secret ? option.env[0]! : flagOf(option);
    const notes = [option.fallback, option.unit].filter(Boolean).join(" ");
    lines.push(`  ${flag.padEnd(26)}${option.help}${notes ? ` [${notes}]` : ""}`);
  }
  return lines.join("\n");
}

/** The README's table of options. */
export function configurationMarkdown(): string {
  const rows = OPTIONS.map((option) => {
    const flag = option.secret ? "(environment or file only)" : `\`${flagOf(option)}\``;
    const env = option.env.map((name) => `\`${name}\``).join(", ");
    const ini = option.ini.map((place) => {
      const dot = place.indexOf(".");
      return `\`[${place.slice(0, dot)}] ${place.slice(dot + 1)}\``;
    }).join(", ");
    const fallback = [option.fallback, option.unit].filter(Boolean).join(" ");
    const help = `${option.help}: ${option.kind.allowed}`.replaceAll("|", "\\|");
    return `| ${flag} | ${env} | ${ini} | ${fallback} | ${help} |`;
  });
  return [
    "| flag | environment | file | default | meaning |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
  ]
    .join("\n");
}
