/**
 * What there is to say of the commands, as data: help, completions of the shells and the manual page are all made
 * of it.
 *
 * @module
 */
import { CONFIG_DIR, CONFIG_FILE, type FlagTable } from "./command_line.ts";
import { directory, file, type Kind } from "./kinds.ts";
import { flagOf, OPTIONS } from "./options.ts";

/** Name of the program. */
export const PROGRAM = "calico-conductor";

/** An example of a command line. */
export interface Example {
  /** The words after the program's name. */
  readonly words: string;
  /** What it does. */
  readonly does: string;
}

/** A command as people see it. */
export interface CommandGuide {
  readonly name: string;
  /** What it does, in the list of commands. */
  readonly about: string;
  /** More lines of its own help. */
  readonly details: readonly string[];
  readonly flags: FlagTable;
  /** The one word that it needs, as the help shows it; null: it takes none. */
  readonly subject: string | null;
  /** All that the word may be, where that is known. */
  readonly choices: readonly string[];
  readonly examples: readonly Example[];
}

/** A flag or an option, as it is shown. */
export interface FlagGuide {
  /** With its hyphens. */
  readonly flag: string;
  readonly help: string;
  /** Default and unit; null: none. */
  readonly note: string | null;
  /** What stands for its value; null: it takes none. */
  readonly placeholder: string | null;
  readonly kind: Pick<Kind<unknown>, "allowed" | "completes"> | null;
  readonly repeatable: boolean;
}

/** Exit codes of all commands. */
export const EXIT_CODES: readonly (readonly [code: number, means: string])[] = [
  [0, "done; status: the node answers and nothing is worse than a warning"],
  [1, "failed; resync: a guard held something back, or what was named is not known"],
  [2, "usage or configuration, or several nodes run and none is named"],
  [3, "start: stopped while a role ended again and again; status: something is wrong"],
  [4, "differences: of a dry run, or of a trace"],
];

/** What every command takes beside the options. */
export const COMMON_FLAGS: readonly FlagGuide[] = [
  {
    flag: `--${CONFIG_FILE}`,
    help: "oslo INI file such as neutron.conf (repeatable, later wins)",
    note: null,
    placeholder: "PATH",
    kind: file,
    repeatable: true,
  },
  {
    flag: `--${CONFIG_DIR}`,
    help: "directory of such files, *.conf in their order (repeatable)",
    note: null,
    placeholder: "PATH",
    kind: directory,
    repeatable: true,
  },
  plain("--help", "this; after a command, its own"),
  plain("--version", "versions of this program and of its runtime"),
];

function plain(flag: string, help: string): FlagGuide {
  return { flag, help, note: null, placeholder: null, kind: null, repeatable: false };
}

/** The flags of one command that are shown. */
export function ownFlags({ flags }: Pick<CommandGuide, "flags">): FlagGuide[] {
  return Object.entries(flags).flatMap(([name, { help, placeholder, kind, fallback }]) =>
    help === null ? [] : [{
      flag: `--${name}`,
      help,
      note: fallback,
      placeholder,
      kind,
      repeatable: kind?.repeatable ?? false,
    }]
  );
}

/** An option with the group in which it is shown; of a secret, which is no flag, its name in the environment. */
export interface OptionGuide extends FlagGuide {
  readonly group: string;
  readonly secret: boolean;
}

/** The options, in their order. */
export const OPTION_GUIDES: readonly OptionGuide[] = OPTIONS.map((option) => ({
  flag: option.secret ? option.env[0] : flagOf(option),
  help: option.help,
  note: [option.fallback, option.unit].filter(Boolean).join(" ") || null,
  placeholder: option.kind.alone ? null : "VALUE",
  kind: option.kind,
  repeatable: option.kind.repeatable ?? false,
  group: option.group,
  secret: option.secret ?? false,
}));

/** The options that can be given on the command line. */
export const OPTION_FLAGS = OPTION_GUIDES.filter(({ secret }) => !secret);

/** What may be given, in words; null: the help says it, or it takes no value. */
export function allowedOf({ kind, placeholder }: FlagGuide): string | null {
  if (kind === null || placeholder === null || placeholder === kind.allowed) return null;
  const paths = kind.completes === "file" || kind.completes === "directory";
  return paths || kind.allowed === "text" || placeholder === kind.allowed.replaceAll(" ", "")
    ? null
    : kind.allowed;
}
