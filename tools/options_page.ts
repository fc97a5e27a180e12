/**
 * docs/options.md, made from the table of options:
 *
 *     deno task options
 *
 * @module
 */
import { flagOf, type Option, OPTIONS, OWN_SECTION } from "../lib/config/options.ts";

/** Where the page is. */
export const OPTIONS_PAGE = new URL("../docs/options.md", import.meta.url);

const HEAD = ["flag", "environment", "file", "default", "meaning", "allowed"];

const INTRODUCTION = `# Options

Made from the table of options in \`lib/config/options.ts\` by \`deno task options\`.

Flags come before the environment, then \`--config-file\` and \`--config-dir\` (oslo INI, below), then
defaults; [keystone.md](keystone.md) has the whole order for the login to OpenStack. Secrets are
never taken from the command line, where every user of the machine sees them. The state directory
defaults to \`$STATE_DIRECTORY\`, else \`~/.local/state/calico-conductor\`.

In a file, every option also stands by its name in the section \`[conductor]\`, which counts more than
the place that the table names: \`election_ttl = 20\`. The package's
\`/etc/calico-conductor/calico-conductor.conf\` is such a file, with all of them commented out.

Under systemd a secret may be a credential: the file \`conductor_NAME\` of \`$CREDENTIALS_DIRECTORY\`,
such as \`conductor_etcd_password\`, holds its value and at most one line end. It counts like the
environment's \`CONDUCTOR_NAME\`, which goes before it, and is read anew when the configuration is
read again.

\`calico-conductor config\` prints every value and where it comes from. What nobody reads is named
there, by \`doctor\` and at the start, with the nearest right name: keys of \`[calico]\` that neither
this program nor networking-calico knows, keys of \`[conductor]\`, names \`CONDUCTOR_…\` of the
environment and \`conductor_…\` of the credentials. A \`--config-file\` that is missing, cannot be read
or is no INI file is refused, with exit code 2, and so is one with a line that oslo.config refuses:
file and line are named, and nothing that stands there.

## Files as oslo.config reads them

\`--config-file\` and \`--config-dir\` (its \`*.conf\`, sorted) may each be given several times and count
in the order of the command line, the last one most. \`config\` names the file of each value. With
\`--config-file /etc/neutron/neutron.conf\` and no \`--config-dir\`, the directories that oslo.config
reads by itself (\`neutron.conf.d\`, \`neutron-server.conf.d\` and \`neutron-api.conf.d\` beside it) are
read after it. oslo.config reads them there for an API under uWSGI, but before the files of a
\`neutron-server --config-file …\`; where that makes a difference for an option of ours, a warning
says so, and \`--config-dir\` before or after the file says how it is meant.

\`$name\`, \`\${name}\` and \`\${section.name}\` stand for options of all files together, or for Neutron's
defaults of them (\`$state_path\`, \`\${host}\`), \`$$\` and \`\\$\` for a dollar sign. Older names count as
in oslo.messaging and keystoneauth; the table has them. A query of the transport URL (\`?ssl=1\`,
\`ssl_ca_file\`, \`ssl_cert_file\`, \`ssl_key_file\`) is over \`[oslo_messaging_rabbit]\`. An empty value
hides that of an earlier file.

\`deno task test:oslo\` compares 130 sets of such files, odd and drawn ones, with oslo.config under
Neutron of Zed and 2026.2. What differs, and why:

| file                                                         | oslo.config                     | here                                                        |
| ------------------------------------------------------------ | ------------------------------- | ----------------------------------------------------------- |
| a byte order mark; keys before any section                   | refused                         | understood: a file of our own options may have them         |
| \`$name\` of no option, or one that stands for itself          | the option cannot be read       | stays as it is written, with a warning                      |
| \`\${DEFAULT.name}\`                                            | refused                         | understood                                                  |
| \`OS_SECTION__NAME\` in Neutron's environment, \`config_source\` | read                            | not read: give the option here as well                      |
| no \`transport_url\`, or one without a host                    | guest at localhost              | no bus, or refused: nobody means that                       |
| \`#\` in a password of the URL, an encoded \`/\`                 | not usable                      | understood                                                  |
| older names in releases that dropped them (\`kombu_ssl_…\`)    | not read from 2025.1 on         | read: a file does not tell its release                      |
| \`tenant_name\` with \`auth_type = v3password\`                  | not read                        | read, as with \`password\`                                    |
| no \`auth_type\`                                               | \`admin_user\` and the like (Zed) | by what is given; \`admin_…\` and \`identity_uri\` are not read |
| \`auth_section\` without \`auth_url\` and \`auth_type\` in it      | no login                        | what is there is laid over \`[keystone_authtoken]\`           |
| a value that is empty                                        | an empty text                   | not set                                                     |
| an empty topic (\`a,,b\`), the topic \`none\`                    | a topic                         | passed over; \`none\` means not to listen                     |

The flags of each command are in its \`--help\`, in the manual page (\`calico-conductor man\`) and in
the completions of bash, zsh and fish (\`calico-conductor completion SHELL\`).
`;

/** The page as \`deno fmt\` leaves it. */
export function optionsPage(): string {
  const groups = Map.groupBy(OPTIONS, ({ group }) => group);
  const sections = [...groups].map(([group, options]) => `## ${group}\n\n${table(options)}\n`);
  return [INTRODUCTION, ...sections].join("\n");
}

function table(options: readonly Option[]): string {
  const rows = [HEAD, ...options.map(cells)];
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

function cells(option: Option): string[] {
  const { secret, env, ini, fallback, unit, help, kind } = option;
  return [
    secret ? "(environment or file only)" : `\`${flagOf(option)}\``,
    env.map((name) => `\`${name}\``).join(", "),
    ini.filter((place) => !place.startsWith(`${OWN_SECTION}.`)).map((place) => {
      const dot = place.indexOf(".");
      return `\`[${place.slice(0, dot)}] ${place.slice(dot + 1)}\``;
    }).join(", "),
    [fallback, unit].filter(Boolean).join(" "),
    help,
    kind.allowed.replaceAll("|", "\\|"),
  ];
}

if (import.meta.main) await Deno.writeTextFile(OPTIONS_PAGE, optionsPage());
