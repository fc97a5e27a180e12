/**
 * The command line: words to options and to the flags of one command, and errors that suggest what was
 * meant. A command declares its own flags; the options are everybody's.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { suggest } from "../base/suggest.ts";
import type { ConfigPath } from "./config_paths.ts";
import type { Kind } from "./kinds.ts";
import { flagOf, type OptionName, OPTIONS } from "./options.ts";
import type { Flags } from "./values.ts";

/** The words make no sense; the message suggests what would. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** Nobody here knows that flag. */
export class UnknownFlagError extends UsageError {
  /** @param flag as it is written, with its hyphens */
  constructor(readonly flag: string, right: readonly string[]) {
    super(unknownWord("option", flag, right.map((name) => `--${name}`)));
  }
}

/** A flag of one command. */
export interface Flag<Value = unknown> {
  /** A line of the command's help; null: it is not shown. */
  readonly help: string | null;
  /** What stands for the value in the help; null: the flag stands alone. */
  readonly placeholder: string | null;
  /** What the value may be; null: the flag stands alone. */
  readonly kind: Kind<unknown> | null;
  /** Default, as it would be written; null: none. */
  readonly fallback: string | null;
  /**
   * The value, from the texts that are given, in order; none: the default.
   *
   * @throws {UsageError} a text that is not allowed.
   */
  read(texts: readonly string[], flag: string): Value;
}

/** Flags by name, without the hyphens. */
export type FlagTable = Readonly<Record<string, Flag>>;
/** What the flags of a table come to. */
export type FlagValues<Table extends FlagTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Flag<infer Value> ? Value : never;
};

/** A flag that stands alone: true when it is given. */
export function alone(help: string | null): Flag<boolean> {
  const read = (texts: readonly string[]) => texts.at(-1) === "true";
  return { help, placeholder: null, kind: null, fallback: null, read };
}

/** A flag with a value; the last one counts. */
export function valued<Value>(
  kind: Kind<Value>,
  placeholder: string,
  fallback: Value,
  help: string,
): Flag<Value> {
  return {
    help,
    placeholder,
    kind,
    fallback: String(fallback),
    read(texts, flag) {
      const text = texts.at(-1);
      return text === undefined ? fallback : readValue(kind, text, flag);
    },
  };
}

/** The value of a flag. @throws {UsageError} it is not of that kind. */
export function readValue<Value>(kind: Kind<Value>, text: string, flag: string): Value {
  const value = kind.parse(text);
  if (value !== null) return value;
  throw new UsageError(`--${flag}: given ${JSON.stringify(text)}, allowed ${kind.allowed}`);
}

const SETTABLE = OPTIONS.filter((option) => !option.secret);
/** Flag of a configuration file, without the hyphens. */
export const CONFIG_FILE = "config-file";
/** Flag of a directory of them, without the hyphens. */
export const CONFIG_DIR = "config-dir";
const PATHS: readonly string[] = [CONFIG_FILE, CONFIG_DIR];
const nameOf = (option: { name: OptionName }) => flagOf(option).slice(2);
const VALUED = [...PATHS, ...SETTABLE.filter(({ kind }) => !kind.alone).map(nameOf)];
const ALONE = SETTABLE.filter(({ kind }) => kind.alone).map(nameOf);

/**
 * Parses the words after the program's name for a command with these flags of its own.
 *
 * @throws {UnknownFlagError} a flag that is neither an option's nor the command's.
 * @throws {UsageError} a flag without its value, an option given twice, a value that is not allowed.
 */
export function parseWords<Table extends FlagTable>(args: readonly string[], own: Table) {
  const isAlone = (name: string) => own[name]!.placeholder === null;
  const names = Object.keys(own);
  const valuedNames = [...VALUED, ...names.filter((name) => !isAlone(name))];
  const aloneNames = [...ALONE, ...names.filter(isAlone)];
  checkFlags(args, valuedNames, aloneNames);
  const parsed = parseArgs([...args], {
    // Words stay as they are: a host may be called 007.
    string: [...valuedNames, "_"],
    boolean: ["help", "version", ...aloneNames],
    collect: [...valuedNames, ...aloneNames],
    alias: { h: "help", V: "version" },
  });
  const given = (name: string) => [parsed[name] ?? []].flat().map(String);
  return {
    help: Boolean(parsed.help),
    version: Boolean(parsed.version),
    /** Words that are no flag and no value of one. */
    words: parsed._.map(String),
    options: collectOptions(given),
    /** Files and directories, in their order. */
    configPaths: configPaths(args, valuedNames),
    /** The command's own flags. */
    flags: Object.fromEntries(
      Object.entries(own).map(([name, flag]) => [name, flag.read(given(name), name)]),
    ) as FlagValues<Table>,
  };
}

/** The files and directories of configuration, in the order in which they are named; flags are checked. */
function configPaths(args: readonly string[], valuedNames: readonly string[]): ConfigPath[] {
  const paths: ConfigPath[] = [];
  for (let i = 0; i < args.length; i++) {
    const [flag, value] = args[i]!.split(/=(.*)/s);
    const name = flag!.slice(2);
    if (args[i] === "--") break;
    if (!flag!.startsWith("--") || !valuedNames.includes(name)) continue;
    const path = value ?? args[++i]!;
    if (PATHS.includes(name)) paths.push({ path, directory: name === CONFIG_DIR });
  }
  return paths;
}

/** The first of these words that stands by itself, as no value of an option; null: none does. */
export function findWord(args: readonly string[], words: readonly string[]): string | null {
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (words.includes(word)) return word;
    if (word.startsWith("--") && VALUED.includes(word.slice(2))) i++;
  }
  return null;
}

/** What is wrong with a word, and which right one is near. */
export function unknownWord(what: string, given: string, right: readonly string[]): string {
  const near = suggest(given, right);
  const hint = near ? `did you mean ${near}?` : "see --help";
  return `unknown ${what} ${JSON.stringify(given)}: ${hint}`;
}

function collectOptions(given: (name: string) => string[]): Flags {
  const flags: Partial<Record<OptionName, string | string[]>> = {};
  for (const option of SETTABLE) {
    const values = given(nameOf(option));
    if (values.length === 0) continue;
    if (option.kind.repeatable) flags[option.name] = values;
    else if (values.length > 1) throw new UsageError(`${flagOf(option)} is given more than once`);
    else flags[option.name] = values[0]!;
  }
  return flags;
}

/** Refuses what nobody names, before anything is parsed. */
function checkFlags(
  args: readonly string[],
  valuedNames: readonly string[],
  aloneNames: readonly string[],
): void {
  const names = [...valuedNames, ...aloneNames, "help", "version"];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "-h" || word === "-V" || !word.startsWith("-")) continue;
    const [flag, value] = word.split(/=(.*)/s);
    const name = flag!.replace(/^--?/, "");
    if (name === "help" || name === "version") continue;
    refuseSecret(flag!);
    if (!flag!.startsWith("--") || !names.includes(name)) throw new UnknownFlagError(flag!, names);
    if (value === undefined && valuedNames.includes(name)) {
      const next = args[++i];
      if (next === undefined || next.startsWith("-")) {
        throw new UsageError(`${flag} needs a value, as in ${flag}=…`);
      }
    }
  }
}

function refuseSecret(flag: string): void {
  const secret = OPTIONS.find((option) => option.secret && flagOf(option) === flag);
  if (!secret) return;
  throw new UsageError(
    `${flag} would show a secret to every user of this machine: ` +
      `set ${secret.env[0]} in the environment or use --config-file`,
  );
}
