/**
 * What a command is, and what it works with. A command runs with a {@linkcode CommandContext} and its own
 * flags and nothing else of the process: it returns its exit code (0 done, 1 failed, 2 usage or
 * configuration, 3 not healthy, 4 a dry run found differences) and throws errors whose message says what
 * to do; `main.ts` prints them and exits.
 *
 * @module
 */
import { type FlagTable, type FlagValues, valued } from "../lib/config/command_line.ts";
import type { ConfigPath } from "../lib/config/config_paths.ts";
import type { CommandGuide, Example } from "../lib/config/guide.ts";
import { choice } from "../lib/config/kinds.ts";
import type { RecordedConfig } from "../lib/config/recorded_settings.ts";
import type { ResolvedConfig } from "../lib/config/resolve.ts";
import type { Flags } from "../lib/config/values.ts";
import type { Launcher } from "../lib/process/launcher.ts";
import type { NotifyAddress } from "../lib/node/service_manager.ts";
import type { NodeRecord } from "../lib/state/node_record.ts";
import type { NodePlaces } from "../lib/state/running_nodes.ts";

/** Exit code: a dry run has found differences. */
export const DIFFERENT = 4;
/** Exit code: the node is, or was when it was stopped, not healthy. */
export const UNHEALTHY = 3;

/** Everything of the process that a command may use. */
export interface CommandContext {
  /** Starts roles and tools. */
  readonly launcher: Launcher;
  readonly pid: number;
  /** Whether standard error is a terminal. */
  readonly errorIsTerminal: boolean;
  /** All commands, for whoever describes them. */
  guides(): Promise<readonly CommandGuide[]>;
  /**
   * Reads the configuration: flags, environment and files, the files anew each time. `more`: further flags.
   *
   * @throws {ConfigError} it cannot be used.
   */
  resolve(more?: Flags): ResolvedConfig;
  /**
   * The configuration of a running node, by what it has recorded.
   *
   * @param environment of its process, as far as it can be read
   *
   * @throws {ConfigError} it cannot be used.
   */
  resolveRecorded(
    record: NodeRecord,
    environment: Readonly<Record<string, string>>,
  ): RecordedConfig;
  /** What the command was given, and where nodes may be. */
  readonly given: {
    readonly options: Flags;
    readonly configPaths: readonly ConfigPath[];
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly places: NodePlaces;
  };
  /**
   * Prints text on standard output, with a line end when it has none; what a terminal would act on is escaped.
   *
   * @throws {Error} it cannot be written, as on a full disk.
   */
  print(text: string): void;
  /** The same for a line of the log: what cannot be written is lost, and the work goes on. */
  printLog(text: string): void;
  /** The same on standard error, without a line end of its own. */
  printError(text: string): void;
  /** Draws a line on standard error in the place of the one before; an empty one takes it away. */
  redraw(line: string): void;
  /** Whether one of the three standard streams is a terminal, now. */
  onTerminal(): boolean;
  /** Who is to be told how the node is; null: nobody. */
  readonly notifyAddress: NotifyAddress | null;
  /** URL of `roles/notifier.ts`, which tells. */
  readonly notifierModule: URL;
  /** Calls `handler` whenever the process gets the signal. */
  onSignal(signal: Deno.Signal, handler: () => void): void;
}

/** A command, with the flags that it alone takes. */
export interface Command<Table extends FlagTable = FlagTable> {
  /** What it does, in the list of commands. */
  readonly about: string;
  /** More lines of its own help. */
  readonly details?: readonly string[];
  readonly flags: Table;
  /** The one word that it needs, as the help shows it. @default it takes none */
  readonly subject?: string;
  /** All that the word may be. @default anything */
  readonly choices?: readonly string[];
  readonly examples?: readonly Example[];
  /** Runs it, on the word that it takes; resolves with the exit code. */
  run(context: CommandContext, flags: FlagValues<Table>, subject: string): Promise<number>;
}

/** The flag of commands that print something for people or for machines. */
export const output = valued(
  choice("text", "json"),
  "text|json",
  "text",
  "print for people or for machines",
);
