/** What `parseArgs` returns: flags by name, and in `_` the words that belong to none. */
export type Args = { _: (string | number)[] } & Record<string, unknown>;

/** Options of `parseArgs`. */
export interface ParseOptions {
  /** Names that take no value; `true` means: all without a value. */
  boolean?: boolean | readonly string[];
  /** Names whose value stays a string. */
  string?: readonly string[];
  /** Names that may be given more than once and are collected in an array. */
  collect?: readonly string[];
  /** Names that `--no-<name>` sets to false. */
  negatable?: readonly string[];
  /** Other names of a flag. */
  alias?: Record<string, string | readonly string[]>;
  /** Values of flags that are not given. */
  default?: Record<string, unknown>;
  /** Stop at the first word that is not a flag. */
  stopEarly?: boolean;
  /** Called with each flag that no other option names; `false` leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Parses command-line words into flags. */
export declare function parseArgs(args: readonly string[], options?: ParseOptions): Args;
