/**
 * `/etc/calico-conductor/calico-conductor.conf` as the package brings it: every option with its meaning, what it
 * may be and its default, and none of them in force.
 *
 * @module
 */
import { credentialOf } from "../../lib/config/credentials.ts";
import { type Option, OPTIONS, OWN_SECTION } from "../../lib/config/options.ts";

/** Where the unit has each secret from. */
export const CREDENTIALS = "/etc/calico-conductor/credentials";
/** Longest line of a comment, characters. */
const COLUMNS = 100;

const HEAD =
  `# calico-conductor's settings, an oslo INI file. Lines that begin with # are not in force; what
# stands after them is the default. "systemctl reload calico-conductor" reads the file again,
# "calico-conductor config" prints what is in force and where it comes from.
#
# Everybody on this machine may read this file. A secret belongs into a file of its own,
# ${CREDENTIALS}/NAME, which only the service is given, when it starts.
`;

/** The file's text. */
export function sampleConfig(): string {
  const groups = [...Map.groupBy(OPTIONS, ({ group }) => group)].map(([group, options]) =>
    [`### ${group}\n`, ...options.map(block)].join("\n")
  );
  return [HEAD, `[${OWN_SECTION}]\n`, ...groups].join("\n");
}

function block(option: Option): string {
  const { name, help, unit, fallback, secret, kind } = option;
  const inUnit = unit ? `, in ${unit}` : "";
  const about = comment(`${help.replaceAll("\n", " ")} (${kind.allowed}${inUnit})`);
  return secret
    ? `${about}\n# Secret: ${CREDENTIALS}/${nameOfFile(option)}\n`
    : `${about}\n#${name} =${fallback === null ? "" : ` ${fallback}`}\n`;
}

/** systemd puts the name of the folder's credential and `_` before it. */
function nameOfFile(option: Option): string {
  return credentialOf(option).slice("conductor_".length);
}

/** The text in lines of a comment. */
function comment(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1)!.length + word.length + 3 > COLUMNS) lines.push("");
    lines.push(`${lines.pop()} ${word}`);
  }
  return lines.map((line) => `#${line}`).join("\n");
}
