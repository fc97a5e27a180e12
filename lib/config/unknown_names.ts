/**
 * What an operator has written that nobody reads: keys of `[calico]`, names `CONDUCTOR_…` of the
 * environment, lines and whole files that are no oslo INI. Names are told with the nearest right one, and
 * no value is ever shown. Other sections hold hundreds of settings of Neutron's, which are not ours to judge.
 *
 * @module
 */
import { suggest } from "../base/suggest.ts";
import { credentialOf, type Credentials } from "./credentials.ts";
import type { BrokenLine, ConfigFile } from "./oslo_file.ts";
import { flagOf, OPTIONS, OWN_SECTION } from "./options.ts";

/**
 * Keys of `[calico]` that are known to networking-calico's driver and DHCP agent alone (its
 * `common/config.py` and `mech_calico.py`), and those that are read without a row of the table.
 */
const PYTHON_DRIVER = [
  "etcd_host",
  "etcd_port",
  "etcd_scheme",
  "etcd_timeout",
  "project_name_cache_max",
  "resync_interval_secs",
  "resync_max_interval_secs",
  "fairy_gc_diagnostics",
  "startup_resync_inject_per_item_delay_ms",
];
const SECTION = "calico";
const OURS = OPTIONS.flatMap(({ ini }) => ini);
const CALICO_KEYS = [
  ...PYTHON_DRIVER,
  ...OURS.filter((place) => place.startsWith(`${SECTION}.`)).map((place) => keyOf(place)),
];
/** The sections of which all keys are known, with these. */
const KNOWN: ReadonlyMap<string, readonly string[]> = new Map([
  [SECTION, CALICO_KEYS],
  [OWN_SECTION, OPTIONS.map(({ name }) => name)],
]);
const ENVIRONMENT = OPTIONS.map(({ env }) => env[0]);
/** What Kubernetes sets in every container for a service with the name `conductor`. */
const OF_KUBERNETES = /^CONDUCTOR_(SERVICE_(HOST|PORT)|PORT)(_|$)/;
/** Lines that are named of one file. */
const MAX_LINES = 5;

/** A sentence per endpoint of OpenTelemetry that has a user in its URL, when Deno is to send anything. */
export function telemetryUsers(env: Readonly<Record<string, string | undefined>>): string[] {
  if (env.OTEL_DENO === undefined) return [];
  return Object.entries(env)
    .filter(([name, value]) =>
      /^OTEL_EXPORTER_OTLP_(\w+_)?ENDPOINT$/.test(name) && value?.includes("@")
    )
    .map(([name]) =>
      `${name} in the environment: given a URL with a user, allowed a URL without one: a login ` +
      "belongs into OTEL_EXPORTER_OTLP_HEADERS"
    );
}

/** A sentence per name of the environment that looks like an option of ours and is none. */
export function unknownEnvironment(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env)
    .filter(([name, value]) => name.startsWith("CONDUCTOR_") && value)
    .filter(([name]) => !ENVIRONMENT.includes(name) && !OF_KUBERNETES.test(name))
    .map(([name]) => `${name} in the environment is no option${meant(name, ENVIRONMENT)}`);
}

/** What looks like the name of an option. */
const NAME = /^[A-Za-z]+([_-][A-Za-z0-9]+)*$/;
const MAX_NAME_CHARS = 64;

/** A sentence per credential that looks like an option of ours and is no secret of it. */
export function unknownCredentials(credentials: Credentials): string[] {
  const known = OPTIONS.filter(({ secret }) => secret).map(credentialOf);
  return [...credentials.keys()].filter((name) => !known.includes(name))
    .map((name) => `the credential ${name} is no secret of ours${meant(name, known)}`);
}

/** A sentence per key of `[calico]` and `[conductor]` that nobody knows, and per section with nearly such a name. */
export function unknownKeys(
  path: string,
  { values, lines }: Pick<ConfigFile, "values" | "lines">,
): string[] {
  const sections = new Set([...values.keys()].map(sectionOf));
  const misspelt = [...sections].filter((name) => !KNOWN.has(name)).flatMap((name) => {
    const near = suggest(name, [...KNOWN.keys()]);
    return near ? [`${path}: nobody reads the section [${name}]: did you mean [${near}]?`] : [];
  });
  const keys = [...values.keys()]
    .filter((place) => KNOWN.get(sectionOf(place))?.includes(keyOf(place)) === false)
    .map((place) => {
      const [section, key] = [sectionOf(place), keyOf(place)];
      // A part of a secret, torn off at the end of a line, may stand where a name should.
      return NAME.test(key) && key.length <= MAX_NAME_CHARS
        ? `${path}: [${section}] ${key} is not known${whereInstead(section, key)}`
        : `${path}: line ${
          lines.get(place)
        } in [${section}] gives something that is no option's name`;
    });
  return [...misspelt, ...keys];
}

/** A sentence about each line that oslo.config refuses, of the first ones of a file. */
export function brokenLines(path: string, lines: readonly BrokenLine[]): string[] {
  const said = lines.slice(0, MAX_LINES).map(({ line, why }) =>
    `${path}, line ${line}, ${why}: oslo.config refuses the file as well`
  );
  return lines.length <= MAX_LINES
    ? said
    : [...said, `${path}: ${lines.length - MAX_LINES} more such lines`];
}

type Substituted = Pick<ConfigFile, "values" | "lines"> & {
  readonly path: string;
  readonly implied?: true;
  readonly unknown: ReadonlySet<string>;
};

/** A sentence per value of ours with a `$name` that nobody knows; the name may be a part of a secret. */
export function unknownReferences({ path, lines, unknown }: Substituted): string[] {
  return [...unknown].filter((place) => OURS.includes(place)).map((place) =>
    `${path}, line ${lines.get(place)}: ${
      shown(place)
    } has a $name that is no option known here: it ` +
    "is left as it is written, and oslo.config would refuse it; a dollar sign is written $$"
  );
}

/**
 * A sentence per option of ours that is given both in a directory that oslo.config reads by itself and in a
 * file that was named. Which of the two counts depends on who reads: oslo.config reads its own directory
 * after its own files, but before those of a `--config-file` (`ConfigOpts._parse_config_files`).
 */
export function twofold(files: readonly Substituted[]): string[] {
  const implied = files.filter((file) => file.implied);
  const others = files.filter((file) => !file.implied);
  return [...new Set(OURS)].flatMap((place) => {
    const one = implied.findLast(({ values }) => values.has(place));
    const other = others.findLast(({ values }) => values.has(place));
    if (!one || !other || one.values.get(place) === other.values.get(place)) return [];
    return [
      `${
        shown(place)
      } is ${one.path}'s, and ${other.path} has another: a neutron-server that was ` +
      "started with --config-file takes the latter; name the directory with --config-dir, before " +
      "or after the file, as Neutron has it",
    ];
  });
}

/** What is wrong with a file that is no oslo INI at all; none: it may be one. */
export function notIni(
  path: string,
  { sections, values, broken }: {
    readonly sections: number;
    readonly values: ConfigFile["values"];
    readonly broken: readonly BrokenLine[];
  },
): string[] {
  const empty = values.size === 0 && broken.length === 0;
  const isKnown = [...values.keys()].some((place) => OURS.includes(place));
  if (sections > 0 || empty || isKnown) return [];
  const hint = /\.(ya?ml|json)$/.test(path)
    ? ": for clouds.yaml, name a cloud with --os-cloud"
    : "";
  return [`--config-file ${path} is no oslo INI file: it has no [section]${hint}`];
}

function shown(place: string): string {
  return `[${sectionOf(place)}] ${keyOf(place)}`;
}

function sectionOf(place: string): string {
  return place.slice(0, place.indexOf("."));
}

function keyOf(place: string): string {
  return place.slice(place.indexOf(".") + 1);
}

function meant(given: string, right: readonly string[]): string {
  const near = suggest(given, right);
  return near ? `: did you mean ${near}?` : ": calico-conductor --help has them all";
}

/** An option that is read from elsewhere, or the nearest key. */
function whereInstead(section: string, key: string): string {
  const option = OPTIONS.find(({ name }) => name === key.replaceAll("-", "_").toLowerCase());
  const here = option?.ini.find((place) => sectionOf(place) === section);
  if (here) return `: did you mean ${keyOf(here)}?`;
  if (!option) return meant(key, KNOWN.get(section)!);
  const flag = option.secret ? "" : `${flagOf(option)} or `;
  return `: that option is ${flag}${option.env[0]}, or ${shown(option.ini[1] ?? option.ini[0]!)}`;
}
