/**
 * Reads oslo INI files (an operator's `neutron.conf`) through `npm:ini`. Everything that the table of
 * options does not name is ignored: such a file holds hundreds of other services' settings.
 *
 * @module
 */
import { parse } from "ini";

/** Values by `section.key`; keys outside any section belong to `DEFAULT`. */
export type FileValues = ReadonlyMap<string, string>;

/**
 * The values in the text of one file. A key that occurs more than once has its last value. Quotes
 * around a value are taken away; `#` and `;` inside a value belong to it, as in oslo.config, and
 * `key: value` is read like `key = value`.
 */
export function parseConfigFile(text: string): FileValues {
  const values = new Map<string, string>();
  let section = "DEFAULT";
  for (const line of text.split(/\r?\n/)) {
    if (/^\s/.test(line) || /^[#;]/.test(line)) continue; // oslo: an indented line continues a list
    const heading = /^\[([^\]]+)\]\s*$/.exec(line.trim());
    if (heading) {
      section = heading[1]!.trim();
      continue;
    }
    const assignment = /^([^=:\s]+)\s*[=:]\s*(.*)$/.exec(line);
    if (assignment) values.set(`${section}.${assignment[1]}`, unquote(assignment[2]!));
  }
  return values;
}

/** `ini` knows about quotes and escapes; comment beats inside the value are kept from it. */
function unquote(value: string): string {
  const text = value.trim();
  if (!/^(["']).*\1$/.test(text)) return text;
  return String(parse(`v = ${text}`).v ?? text);
}
