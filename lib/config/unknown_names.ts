/**
 * What an operator has written that nobody reads: keys of `[calico]`, names `CONDUCTOR_…` of the
 * environment, lines and whole files that are no oslo INI. Names are told with the nearest right one, and
 * no value is ever shown. Other sections hold hundreds of settings of Neutron's, which are not ours to judge.
 *
 * @module
 */
import { suggest } from "../base/suggest.ts";
import type { ConfigFile } from "./oslo_file.ts";
import { flagOf, OPTIONS } from "./options.ts";

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

/** A sentence per key of `[calico]` that nobody knows, and per section whose name is nearly that. */
export function unknownKeys(
  path: string,
  { values, lines }: Pick<ConfigFile, "values" | "lines">,
): string[] {
  const sections = new Set([...values.keys()].map((place) => place.slice(0, place.indexOf("."))));
  const misspelt = [...sections]
    .filter((name) => name !== SECTION && suggest(name, [SECTION]) !== null)
    .map((name) => `${path}: nobody reads the section [${name}]: did you mean [${SECTION}]?`);
  const keys = [...values.keys()]
    .filter((place) => place.startsWith(`${SECTION}.`))
    .filter((place) => !CALICO_KEYS.includes(keyOf(place)))
    .map((place) => {
      const key = keyOf(place);
      // A part of a secret, torn off at the end of a line, may stand where a name should.
      return NAME.test(key) && key.length <= MAX_NAME_CHARS
        ? `${path}: [${SECTION}] ${key} is not known${whereInstead(key)}`
        : `${path}: line ${
          lines.get(place)
        } in [${SECTION}] gives something that is no option's name`;
    });
  return [...misspelt, ...keys];
}

/** A sentence about lines that are neither a section nor an assignment; none: there are none. */
export function brokenLines(path: string, lines: readonly number[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MAX_LINES ? ` and ${lines.length - MAX_LINES} more` : "";
  const named = `${lines.slice(0, MAX_LINES).join(", ")}${more}`;
  return [
    `${path}: line${lines.length === 1 ? "" : "s"} ${named} cannot be read (no [section] and no ` +
    "key = value) and is passed over: oslo.config would refuse the file",
  ];
}

/** What is wrong with a file that is no oslo INI at all; none: it may be one. */
export function notIni(
  path: string,
  { sections, values, broken }: {
    readonly sections: number;
    readonly values: ConfigFile["values"];
    readonly broken: readonly number[];
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

function keyOf(place: string): string {
  return place.slice(place.indexOf(".") + 1);
}

function meant(given: string, right: readonly string[]): string {
  const near = suggest(given, right);
  return near ? `: did you mean ${near}?` : ": calico-conductor --help has them all";
}

/** An option that is read from elsewhere, or the nearest key. */
function whereInstead(key: string): string {
  const option = OPTIONS.find(({ name }) => name === key.replaceAll("-", "_").toLowerCase());
  const here = option?.ini.find((place) => place.startsWith(`${SECTION}.`));
  if (here) return `: did you mean ${keyOf(here)}?`;
  if (!option) return meant(key, CALICO_KEYS);
  const [place] = option.ini;
  const inFile = place ? `, or [${place.slice(0, place.indexOf("."))}] ${keyOf(place)}` : "";
  const flag = option.secret ? "" : `${flagOf(option)} or `;
  return `: that option is ${flag}${option.env[0]}${inFile}`;
}
