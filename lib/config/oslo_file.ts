/**
 * Reads oslo INI files (an operator's `neutron.conf`) as oslo.config does (`oslo_config/iniparser.py`). A
 * key before any section and a byte order mark are understood here, though oslo refuses them: a file of
 * our own settings may have them. Everything that the table of options does not name is ignored.
 *
 * @module
 */
import { canonicalPlace, DEFAULTS, placesOf } from "./oslo_names.ts";

/** Values by `section.key`; keys outside any section belong to `DEFAULT`. */
export type FileValues = ReadonlyMap<string, string>;

/** A line that oslo.config refuses. */
export interface BrokenLine {
  /** From 1. */
  readonly line: number;
  /** Why, without anything that stands in it. */
  readonly why: string;
}

/** What a file holds. */
export interface ConfigFile {
  /** As they are written, but for quotes: names in them are not replaced. */
  readonly values: FileValues;
  /** Headings of sections. */
  readonly sections: number;
  /** Number of the line at which the value of a place begins, from 1. */
  readonly lines: ReadonlyMap<string, number>;
  readonly broken: readonly BrokenLine[];
}

/** The values in the text of one file, with names replaced by what stands in that file alone. */
export function parseConfigFile(text: string): FileValues {
  return substituteNames([readConfigFile(text)])[0]!.values;
}

/**
 * What stands in the text of one file. The last of several assignments to a key counts, in whichever of
 * several sections of one name it stands. An indented line continues the value before it, up to a blank
 * line. One pair of quotes around a value is taken away, and nothing inside it is an escape or a comment.
 */
export function readConfigFile(text: string): ConfigFile {
  const values = new Map<string, string>();
  const lines = new Map<string, number>();
  const broken: BrokenLine[] = [];
  let sections = 0;
  let section = "DEFAULT";
  let continued: string | null = null;
  for (const [index, line] of linesOf(text).entries()) {
    const refuse = (why: string) => broken.push({ line: index + 1, why });
    if (/^[ \t]/.test(line)) {
      if (continued) values.set(continued, `${values.get(continued)}\n${strip(line)}`);
      else refuse("is indented and continues no value");
      continue;
    }
    continued = null;
    if (line === "" || /^[#;]/.test(line)) continue;
    if (line.startsWith("[")) {
      const heading = /^\[(.+)\]$/.exec(line);
      if (!heading) refuse("begins a [section] that does not end, or has no name");
      else {
        section = normalized(heading[1]!);
        sections++;
      }
      continue;
    }
    const assignment = /^([^:=]*)[:=](.*)$/.exec(line);
    const key = strip(assignment?.[1] ?? "");
    if (!assignment || key === "") refuse("is no [section] and no key = value");
    else {
      continued = `${section}.${key}`;
      values.set(continued, unquoted(strip(assignment[2]!)));
      lines.set(continued, index + 1);
    }
  }
  return { values, lines, sections, broken };
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).map(stripEnd);
}

/** What Python's `str.strip` takes for white space: ours would take a byte order mark as well, and no U+0085. */
// deno-lint-ignore no-control-regex -- Python counts control characters, too.
const SPACE = /^[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** The text without white space at its ends, as Python sees it. */
function strip(text: string): string {
  return stripEnd(text).replace(SPACE, "");
}

function stripEnd(text: string): string {
  // A pattern would take the square of the length of white space inside the text.
  let end = text.length;
  while (end > 0 && SPACE.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/**
 * Characters that names may stand for in all values of the files together, so that an end is always reached;
 * a name beyond that stays as it is written.
 */
const MAX_SUBSTITUTED = 100_000;
/** Names that may stand for one another in a row; Python reaches the end of its stack sooner than that. */
const MAX_DEPTH = 200;

/**
 * The files with what the names in their values stand for: `$name` and `${section.name}` for the value of
 * another option of any of the files, of which the last counts, or for its default, `$$` and `\$` for a dollar
 * sign. A name that nobody knows stays as it is written; `unknown` then has its place.
 *
 * @param files in their order, the last counts most
 * @param defaults by `section.name`: of options that no file gives; null: empty
 */
export function substituteNames<File extends Pick<ConfigFile, "values">>(
  files: readonly File[],
  defaults: ReadonlyMap<string, string | null> = new Map(),
): (File & { readonly unknown: ReadonlySet<string> })[] {
  const names = new Names(files.map(({ values }) => values).toReversed(), defaults);
  return files.map((file) => {
    const unknown = new Set<string>();
    const values = [...file.values].map(([place, value]): [string, string] => {
      const canonical = canonicalPlace(place);
      return [place, names.substituted(value, [canonical], () => unknown.add(place))];
    });
    return { ...file, values: new Map(values), unknown };
  });
}

const NAME = /\$(?:(\$)|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi;

/** What the names in the values of some files stand for. */
class Names {
  #left = MAX_SUBSTITUTED;

  /** @param files the one that counts most first */
  constructor(
    readonly files: readonly FileValues[],
    readonly defaults: ReadonlyMap<string, string | null>,
  ) {}

  /**
   * The text with what its names stand for.
   *
   * @param within places whose values it is a part of, its own last: their names stay, or there would be no end
   * @param onUnknown told of each name that stays
   */
  substituted(text: string, within: readonly string[], onUnknown: () => void): string {
    const place = within.at(-1)!;
    const section = place.slice(0, place.indexOf("."));
    return text.replaceAll("\\$", "$$$$").replace(NAME, (whole, escaped, named, braced) => {
      if (escaped) return "$";
      const name: string = named ?? braced;
      const places = [name.includes(".") ? name : `${section}.${name}`, `DEFAULT.${name}`];
      const found = places.find((one) => this.#valueOf(one) !== undefined);
      const isEndless = within.length > MAX_DEPTH || within.includes(found ?? "");
      const value = found === undefined || isEndless ? undefined : this.#valueOf(found);
      // A name costs something by itself, too: it may stand for nothing.
      if (value !== undefined) this.#left -= value.length + 1;
      if (value !== undefined && this.#left >= 0) {
        return asPython(found!, this.substituted(value, [...within, found!], onUnknown));
      }
      onUnknown();
      return whole;
    });
  }

  /** As some file has it, or by default; undefined: nobody knows the option. */
  #valueOf(place: string): string | undefined {
    for (const values of this.files) {
      const found = placesOf(place).find((one) => values.has(one));
      if (found !== undefined) return values.get(found);
    }
    const value = this.defaults.get(place);
    return value === null ? "" : value;
  }
}

/** The value as Python prints it, which is what a name stands for: that of a boolean or a number is read first. */
function asPython(place: string, text: string): string {
  const like = DEFAULTS[place];
  if (typeof like === "boolean") {
    const value = readBoolean(text);
    return value === null ? text : value ? "True" : "False";
  }
  if (typeof like !== "number") return text;
  const value = readInteger(text);
  return value === null ? text : String(value);
}

/** A boolean as oslo.config reads it (`oslo_config/types.py`); null: it is none. */
export function readBoolean(text: string): boolean | null {
  const word = strip(text).toLowerCase();
  if (["true", "1", "on", "yes"].includes(word)) return true;
  return ["false", "0", "off", "no"].includes(word) ? false : null;
}

/** A whole number as Python's `int` reads it; null: it is none. */
export function readInteger(text: string): number | null {
  const digits = strip(text);
  return /^[+-]?\d+(_\d+)*$/.test(digits) ? Number(digits.replaceAll("_", "")) : null;
}

/** oslo.config finds a section in any case, but for `DEFAULT`. */
export function normalized(section: string): string {
  return section === "DEFAULT" ? section : section.toLowerCase();
}

function unquoted(value: string): string {
  return /^["']/.test(value) && value.at(0) === value.at(-1) ? value.slice(1, -1) : value;
}
