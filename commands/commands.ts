/**
 * The list of commands, and the way from the words of a command line to one of them. Only the command that
 * is asked for is loaded; the help, and the search for whose a flag is, load them all.
 *
 * To add one: its line here and its file.
 *
 * @module
 */
import {
  findWord,
  parseWords,
  UnknownFlagError,
  unknownWord,
  UsageError,
} from "../lib/config/command_line.ts";
import type { ConfigPath } from "../lib/config/config_paths.ts";
import type { CommandGuide } from "../lib/config/guide.ts";
import { commandHelp, generalHelp } from "../lib/config/help_text.ts";
import type { Flags } from "../lib/config/values.ts";
import type { Command, CommandContext } from "./context.ts";

const COMMANDS = {
  start: () => import("./start.ts"),
  status: () => import("./status.ts"),
  config: () => import("./config.ts"),
  doctor: () => import("./doctor.ts"),
  permissions: () => import("./permissions.ts"),
  reload: () => import("./reload.ts"),
  resync: () => import("./resync.ts"),
  "step-down": () => import("./step_down.ts"),
  trace: () => import("./trace.ts"),
  completion: () => import("./completion.ts"),
  man: () => import("./man.ts"),
} satisfies Record<string, () => Promise<{ command: Command }>>;
type CommandName = keyof typeof COMMANDS;
const NAMES = Object.keys(COMMANDS) as CommandName[];
/** "a, b and c". */
const LIST = new Intl.ListFormat("en-GB");
/** Without a command. */
const DEFAULT: CommandName = "start";

/** A command with its words understood. */
export interface Invocation {
  readonly name: CommandName;
  /** Options given as flags. */
  readonly options: Flags;
  readonly configPaths: readonly ConfigPath[];
  /** The command's own flags. */
  readonly flags: Readonly<Record<string, unknown>>;
  /** Runs it; resolves with the exit code. */
  run(context: CommandContext): Promise<number>;
}

/** What a command line asks for. */
export type Asked = { readonly help: string } | "version" | Invocation;

/** Where the terminal does not tell its width. */
const COLUMNS = 80;

/**
 * Understands the words after the program's name.
 *
 * @param columns width of the help, characters
 *
 * @throws {UsageError} they make no sense.
 */
export async function parseCommandLine(
  args: readonly string[],
  columns = COLUMNS,
): Promise<Asked> {
  const word = findWord(args, [...NAMES, "help", "version"]);
  if (word === "version") return "version";
  if (word === "help") return { help: await helpOf(findWord(args, NAMES), columns) };
  const name = (word ?? DEFAULT) as CommandName;
  const command: Command = (await COMMANDS[name]()).command;
  const parsed = await explained(name, () => parseWords(args, command.flags));
  if (parsed.help) return { help: await helpOf(word, columns) };
  if (parsed.version) return "version";
  const [first = name, ...words] = parsed.words;
  if (word !== null && parsed.words.length === 0) {
    throw new UsageError(`${JSON.stringify(word)} is a flag's value here: say ${word} before it`);
  }
  if (first !== name) throw new UsageError(unknownWord("command", first, NAMES));
  if (command.subject && words.length === 0) {
    throw new UsageError(`${name} needs a word: calico-conductor ${name} ${command.subject}`);
  }
  if (command.choices && !command.choices.includes(words[0]!)) {
    throw new UsageError(unknownWord(`word after ${name}`, words[0]!, command.choices));
  }
  const more = words[command.subject ? 1 : 0];
  if (more !== undefined) throw new UsageError(`unexpected word ${JSON.stringify(more)}`);
  const { options, configPaths, flags } = parsed;
  const run = (context: CommandContext) => command.run(context, flags, words[0] ?? "");
  return { name, options, configPaths, flags, run };
}

/** What `parse` returns; a flag that is unknown here but another command's is told as that. */
async function explained<T>(name: CommandName, parse: () => T): Promise<T> {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof UnknownFlagError)) throw error;
    const { flag } = error;
    const owners = (await all()).filter(([, { flags }]) => Object.hasOwn(flags, flag.slice(2)))
      .map(([owner]) => owner);
    if (owners.length === 0) throw error;
    const say = owners.length === 1 ? `: say ${owners[0]} ${flag}` : "";
    throw new UsageError(`${flag} is for ${LIST.format(owners)}, not for ${name}${say}`);
  }
}

async function all(): Promise<[name: string, command: Command][]> {
  return await Promise.all(
    NAMES.map(async (name): Promise<[string, Command]> => [name, (await COMMANDS[name]()).command]),
  );
}

/** What there is to say of all commands. */
export async function guides(): Promise<CommandGuide[]> {
  return (await all()).map(([name, command]) => {
    const { about, details = [], flags, subject = null, choices = [], examples = [] } = command;
    return { name, about, details, flags, subject, choices, examples };
  });
}

/** The help of a command, or of all. @param columns of the terminal */
async function helpOf(word: string | null, columns: number): Promise<string> {
  const found = await guides();
  const guide = found.find(({ name }) => name === word);
  return guide ? commandHelp(guide, columns) : generalHelp(found, DEFAULT, columns);
}
