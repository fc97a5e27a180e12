/**
 * The part of `@std/cli/parse-args` that this project uses, on `parseArgs` of `node:util`, for places that
 * install from the npm registry alone. `deno.json` maps the import to this folder through `links`; without
 * `links` the original from JSR takes its place with no other change.
 *
 * What is declared here is no wider than the original's: it takes what every 1.x takes (until 1.0.25 the words were
 * a mutable array), and its results are no more exact. `tests/std/` holds both. 1.0.28 is the first original that
 * reads `--name=` as a value that is empty.
 *
 * @module
 */
import { parseArgs as tokenize } from "node:util";

/** What `parseArgs` returns: flags by name, and in `_` the words that belong to none. */
export interface Args {
  [name: string]: unknown;
  _: Array<string | number>;
}

/** Options of `parseArgs`. A name and its other names are one flag. */
export interface ParseOptions {
  /** Names that take no value but `true` and `false`; not given, they are false. */
  boolean?: string | ReadonlyArray<string>;
  /** Names whose value stays a string, empty where none is given; `_`: the words as well. */
  string?: string | ReadonlyArray<string>;
  /** Names that may be given more than once and are collected in an array. */
  collect?: string | ReadonlyArray<string>;
  /** Other names of a flag. */
  alias?: Record<string, string | ReadonlyArray<string>>;
  /** Values of flags that are not given. */
  default?: Record<string, unknown>;
  /** Called with each word, and each flag that no other option names; `false` leaves it out of the result. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

type Kind = "boolean" | "string" | "collect";
type Token = NonNullable<ReturnType<typeof tokenize>["tokens"]>[number];

/** Parses command-line words into flags. */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const flags = new FlagSet(options);
  const words: Array<string | number> = [];
  const { tokens } = tokenize({ args, strict: false, allowPositionals: true, tokens: true });
  const list: readonly Token[] = tokens;
  let behind = false;
  for (let i = 0; i < list.length; i++) {
    const token = list[i]!;
    if (token.kind === "option-terminator") behind = true;
    else if (token.kind === "positional") {
      const text = behind || flags.isText("_");
      const known = behind || options.unknown?.(token.value) !== false;
      if (known) words.push(text ? token.value : numeric(token.value));
    } else {
      const next = token.value === undefined ? list[i + 1] : undefined;
      const word = next?.kind === "positional" && !/^-?$/.test(next.value) ? next.value : null;
      const takes = word !== null && flags.takes(token.name, word);
      if (takes) i++;
      flags.give(token.name, takes ? word : token.value, args[token.index]!);
    }
  }
  return flags.result(words);
}

/** The flags that were given, and what is known of them. */
class FlagSet {
  readonly #options: ParseOptions;
  /** Every name of each flag that has several. */
  readonly #named = new Map<string, string[]>();
  readonly #given = new Map<string, unknown>();
  /** Every name of the flags of each kind. */
  readonly #kinds: Record<Kind, Set<string>>;

  constructor(options: ParseOptions) {
    this.#options = options;
    for (const [name, others] of Object.entries(options.alias ?? {})) {
      const all = [name, ...listed(others)];
      for (const each of all) this.#named.set(each, all);
    }
    const names = (kind: Kind) =>
      new Set(listed(options[kind]).flatMap((name) => this.#names(name)));
    this.#kinds = {
      boolean: names("boolean"),
      string: names("string"),
      collect: names("collect"),
    };
  }

  #names(name: string): string[] {
    return this.#named.get(name) ?? [name];
  }

  #is(kind: Kind, name: string): boolean {
    return this.#kinds[kind].has(name);
  }

  /** Whether the value of that flag stays a string. */
  isText(name: string): boolean {
    return this.#is("string", name);
  }

  /** Whether the word after that flag is its value. */
  takes(name: string, word: string): boolean {
    return !this.#is("boolean", name) || word === "true" || word === "false";
  }

  /** Notes that a flag was given, as the word `arg` and with that value; undefined: with none. */
  give(name: string, text: string | undefined, arg: string): void {
    const raw = this.#is("boolean", name)
      ? text !== "false"
      : text ?? (this.isText(name) ? "" : true);
    const declared = this.#named.has(name) ||
      Object.values(this.#kinds).some((names) => names.has(name));
    if (!declared && this.#options.unknown?.(arg, name, raw) === false) return;
    const value = typeof raw === "string" && !this.isText(name) ? numeric(raw) : raw;
    const earlier = this.#given.get(name);
    if (Array.isArray(earlier)) earlier.push(value);
    else {
      const all = this.#is("collect", name) ? [value] : value;
      for (const each of this.#names(name)) this.#given.set(each, all);
    }
  }

  /** All flags, with the values of those that were not given. */
  result(words: Array<string | number>): Args {
    const all = new Map(this.#given);
    const add = (name: string, value: unknown) => {
      for (const each of this.#names(name)) {
        if (!all.has(each)) all.set(each, value);
      }
    };
    for (const [name, value] of Object.entries(this.#options.default ?? {})) {
      add(name, value);
    }
    for (const name of listed(this.#options.boolean)) {
      add(name, this.#is("collect", name) ? [] : false);
    }
    for (const name of listed(this.#options.string)) {
      if (name !== "_" && this.#is("collect", name)) add(name, []);
    }
    all.delete("__proto__");
    return { ...Object.fromEntries(all), _: words };
  }
}

function listed(names: string | ReadonlyArray<string> = []): readonly string[] {
  return typeof names === "string" ? [names] : names;
}

function numeric(text: string): string | number {
  return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
