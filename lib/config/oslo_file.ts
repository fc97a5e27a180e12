/**
 * Reads oslo INI files (an operator's `neutron.conf`) as oslo.config does (`oslo_config/iniparser.py`),
 * but for what oslo refuses to start with: a line that is no assignment, a key before any section and a
 * byte order mark are passed over or understood here, since such a file holds hundreds of settings that
 * are not ours to judge. Everything that the table of options does not name is ignored.
 *
 * @module
 */

/** Values by `section.key`; keys outside any section belong to `DEFAULT`. */
export type FileValues = ReadonlyMap<string, string>;

/** What a file holds. */
export interface ConfigFile {
  readonly values: FileValues;
  /** Headings of sections. */
  readonly sections: number;
  /** Number of the line at which the value of a place begins, from 1. */
  readonly lines: ReadonlyMap<string, number>;
  /** Numbers of the lines that are neither a heading nor an assignment, from 1. */
  readonly broken: readonly number[];
}

/**
 * The values in the text of one file. The last of several assignments to a key counts, in whichever
 * of several sections of one name it stands. An indented line continues the value before it, up to a blank
 * line. One pair of quotes around a value is taken away, and nothing inside it is an escape or a comment.
 * `$name` and `${section.name}` stand for the value of another option of the file, `$$` and `\$` for a
 * dollar sign; a name that the file does not give stays as it is written.
 */
export function parseConfigFile(text: string): FileValues {
  return readConfigFile(text).values;
}

/** The same, and what of it cannot be read. */
export function readConfigFile(text: string): ConfigFile {
  const values = new Map<string, string>();
  const lines = new Map<string, number>();
  const broken: number[] = [];
  let sections = 0;
  let section = "DEFAULT";
  let continued: string | null = null;
  for (const [index, line] of linesOf(text).entries()) {
    if (/^[ \t]/.test(line)) {
      if (continued) values.set(continued, `${values.get(continued)}\n${line.trimStart()}`);
      continue;
    }
    continued = null;
    if (/^[#;]/.test(line)) continue;
    const heading = /^\[(.+)\]$/.exec(line);
    const assignment = /^([^:=]+)[:=](.*)$/.exec(line);
    if (heading) {
      section = normalized(heading[1]!);
      sections++;
    } else if (assignment && !line.startsWith("[")) {
      continued = `${section}.${assignment[1]!.trimEnd()}`;
      values.set(continued, unquoted(assignment[2]!.trim()));
      lines.set(continued, index + 1);
    } else if (line !== "") broken.push(index + 1);
  }
  const names = new Names(values);
  const substituted = [...values].map(([place, value]): [string, string] => [
    place,
    names.substituted(place, value),
  ]);
  return { values: new Map(substituted), lines, sections, broken };
}

function linesOf(text: string): string[] {
  return text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).map((line) => line.trimEnd());
}

/**
 * Characters that names may stand for in all values of a file together, so that its end is always reached;
 * a name beyond that stays as it is written.
 */
const MAX_SUBSTITUTED = 100_000;

/** What the names in a file's values stand for. */
class Names {
  #left = MAX_SUBSTITUTED;

  constructor(readonly values: FileValues) {}

  /**
   * The text with what its names stand for.
   *
   * @param within places whose values it is a part of: their names stay, or there would be no end
   */
  substituted(place: string, text: string, within: readonly string[] = [place]): string {
    const section = place.slice(0, place.lastIndexOf("."));
    const pattern = /\$(?:(\$)|([_a-z][._a-z0-9]*)|\{([_a-z][._a-z0-9]*)\})/gi;
    return text.replaceAll("\\$", "$$$$").replace(pattern, (whole, escaped, named, braced) => {
      if (escaped) return "$";
      const name: string = named ?? braced;
      const places = [name.includes(".") ? name : `${section}.${name}`, `DEFAULT.${name}`];
      const found = places.find((one) => this.values.has(one));
      if (found === undefined || within.includes(found)) return whole;
      const value = this.values.get(found)!;
      // A name costs something by itself, too: it may stand for nothing.
      this.#left -= value.length + 1;
      return this.#left < 0 ? whole : this.substituted(found, value, [...within, found]);
    });
  }
}

/** oslo.config finds a section in any case, but for `DEFAULT`. */
export function normalized(section: string): string {
  return section === "DEFAULT" ? section : section.toLowerCase();
}

function unquoted(value: string): string {
  return /^["']/.test(value) && value.at(0) === value.at(-1) ? value.slice(1, -1) : value;
}
