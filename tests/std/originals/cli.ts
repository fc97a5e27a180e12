/**
 * What `@std/cli` 1.x declares of `parseArgs`, in its strictest form: the words are a mutable array (until
 * 1.0.25), and names that are given decide what the result holds. Nothing of it runs.
 *
 * Source: https://jsr.io/@std/cli/1.0.25/parse_args.ts
 *
 * @module
 */
type Name = string | undefined;
type Names<Given> = Given | ReadonlyArray<Extract<Given, string>>;
type OneOrMany<Key, Collected, Value> = Key extends Collected ? Value[] : Value;

/** Without any name everything may be anything; with names, what they say. */
type Values<Alone, Text, Collected, Default> = [Alone, Text, Collected] extends // deno-lint-ignore no-explicit-any -- as the original says
[undefined, undefined, undefined] ? Record<string, any>
  :
    & Record<string, unknown>
    & { [Key in Extract<Alone, string>]: OneOrMany<Key, Collected, boolean> }
    & { [Key in Exclude<Extract<Text, string>, Collected>]?: string }
    & { [Key in Extract<Extract<Text, string>, Collected>]: string[] }
    & { [Key in Extract<keyof Default, string>]: unknown };

/** Options of `parseArgs`. */
export interface ParseOptions<
  Alone extends boolean | Name = boolean | Name,
  Text extends Name = Name,
  Collected extends Name = Name,
  Default extends Record<string, unknown> | undefined = Record<string, unknown> | undefined,
> {
  "--"?: boolean;
  alias?: Partial<Record<string, string | ReadonlyArray<string>>>;
  boolean?: Names<Alone>;
  string?: Names<Text>;
  collect?: Names<Collected>;
  negatable?: string | ReadonlyArray<string>;
  default?: Default & Record<string, unknown>;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** Flags by name, and in `_` the words that belong to none. */
export declare function parseArgs<
  Alone extends boolean | Name = undefined,
  Text extends Name = undefined,
  Collected extends Name = undefined,
  Default extends Record<string, unknown> | undefined = undefined,
>(
  args: string[],
  options?: ParseOptions<Alone, Text, Collected, Default>,
): Values<Alone, Text, Collected, Default> & { _: Array<string | number>; "--"?: string[] };
