/**
 * Where an option's value comes from: flags over our own environment names over credentials of the service
 * manager over the named cloud of `clouds.yaml` over other environment names (`OS_…`) over files over defaults. Once a cloud is named
 * it stands alone: for what a cloud can say, neither `OS_…` nor files are mixed into it.
 *
 * @module
 */
import { type FileValues, normalized } from "./oslo_file.ts";
import { canonicalPlace } from "./oslo_names.ts";
import { flagOf, type Option, type OptionName, type ValueOf } from "./options.ts";
import { credentialOf, type Credentials } from "./credentials.ts";
import { clip } from "../base/clip.ts";
import { hostAndPort } from "../base/host_and_port.ts";
import { withoutUserInfo } from "../base/user_info.ts";
import type { Cloud } from "./clouds_yaml.ts";

/** Longest value that a message quotes, characters. */
const MAX_VALUE_CHARS = 200;

/** Values of flags by option name. */
export type Flags = Readonly<Partial<Record<OptionName, string | readonly string[]>>>;

/** Places of values; a lower number counts more. */
export const LEVEL = {
  flag: 0,
  own: 1,
  credential: 2,
  cloud: 3,
  environment: 4,
  file: 5,
  none: 6,
} as const;

/** What was found for one option. */
export interface EffectiveValue {
  readonly option: Option;
  /** Null when it is unset. */
  readonly value: string | null;
  /** Where it comes from, such as `--election-ttl` or `neutron.conf [calico] …`. */
  readonly source: string;
  /** One of {@linkcode LEVEL}. */
  readonly level: number;
}

/** What to say of a value that is not as `allowed`: where it came from, such as `--election-ttl`, and what was given. */
export function problemOf({ option, value, source }: EffectiveValue, allowed: string): string {
  return `${option.name} (${source}): given ${givenAs(option, value)}, allowed ${allowed}`;
}

/** A value that was refused, as it may be shown: without a secret, and without a login that it may hold. */
function givenAs(option: Option, value: string | null): string {
  if (!value) return "nothing";
  // With white space in a login, nobody can tell where that begins.
  const isHidden = option.secret || /[^\s,]\s+\S*@/.test(value);
  return isHidden ? "a value" : JSON.stringify(clip(withoutUserInfo(value), MAX_VALUE_CHARS));
}

/** The values of all options, each of the type that the table gives it. */
export class OptionValues {
  readonly #found: ReadonlyMap<OptionName, EffectiveValue>;

  /** @param found every option's value, all of them allowed */
  constructor(found: readonly EffectiveValue[]) {
    this.#found = new Map(found.map((entry) => [entry.option.name, entry]));
  }

  /** The value of an option; null when it is unset. */
  get<Name extends OptionName>(name: Name): ValueOf<Name> {
    const { option, value } = this.entry(name);
    return (value === null ? null : option.kind.parse(value)) as ValueOf<Name>;
  }

  /** Whether it has a value, a default for one. */
  has(name: OptionName): boolean {
    return this.entry(name).value !== null;
  }

  /** Its value as it is written, and where it comes from. */
  entry(name: OptionName): EffectiveValue {
    return this.#found.get(name)!;
  }

  /** A setting of a real cloud that somebody has given, if any. */
  givenOfCloud(): EffectiveValue | null {
    return [...this.#found.values()].find(({ option, source }) =>
      option.cloud && source !== "default" && source !== "lab"
    ) ?? null;
  }
}

/** A parsed `--config-file`. */
export interface ParsedFile {
  readonly path: string;
  readonly values: FileValues;
}

/** All places to look in. */
export interface ValuePlaces {
  readonly flags: Flags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly credentials?: Credentials;
  readonly cloud: Cloud | null;
  /** Later ones count more. */
  readonly files: readonly ParsedFile[];
}

/** The value of an option. */
export function findValue(option: Option, places: ValuePlaces): EffectiveValue {
  for (const [value, source, level] of candidates(option, places)) {
    // An empty flag was given all the same; elsewhere what is empty is not set.
    if (value || (value === "" && level === LEVEL.flag)) return { option, value, source, level };
  }
  return { option, value: option.fallback, source: "default", level: LEVEL.none };
}

/** What the places say, the one that counts most first. */
function* candidates(
  option: Option,
  { flags, env, credentials, cloud, files }: ValuePlaces,
): Generator<[value: string | undefined, source: string, level: number]> {
  const { name, clouds, ini, env: [own, ...others] } = option;
  yield [flags[name]?.toString(), flagOf(option), LEVEL.flag];
  yield [env[own], own, LEVEL.own];
  if (option.secret) {
    const credential = credentialOf(option);
    yield [credentials?.get(credential), `credential ${credential}`, LEVEL.credential];
  }
  if (cloud) {
    for (const key of clouds) yield [cloud.values.get(key), `${cloud.path} ${key}`, LEVEL.cloud];
  }
  if (cloud && clouds.length > 0) return;
  for (const other of others) yield [env[other], other, LEVEL.environment];
  yield* inFiles(ini, files.toReversed());
  if (name !== "etcd") return;
  for (const { path, values } of files.toReversed()) {
    yield [pythonDriverEtcd(values), `${path} [calico] etcd_host`, LEVEL.file];
  }
}

/**
 * What files say, as oslo.config looks: for one of Neutron's options after the other, the file that counts most
 * first, and in it the newest name. A value that is empty there hides those of files that count less.
 */
function* inFiles(
  ini: readonly string[],
  files: readonly ParsedFile[],
): Generator<[value: string | undefined, source: string, level: number]> {
  const login = loginSection(files);
  for (const [, places] of Map.groupBy(ini, canonicalPlace)) {
    const candidates = places.map((place) => redirected(place, login));
    for (const { path, values } of files) {
      const place = candidates.find((one) => values.has(one));
      if (place === undefined) continue;
      yield [values.get(place), `${path} ${shown(place)}`, LEVEL.file];
      break;
    }
  }
}

/** Of `[keystone_authtoken]`, what keystonemiddleware reads there whatever `auth_section` says. */
const NOT_MOVED = ["region_name", "interface", "cafile", "certfile", "keyfile", "insecure"];
const LOGIN = "keystone_authtoken";

/** Where the login is: another section when `auth_section` says so. */
function loginSection(files: readonly ParsedFile[]) {
  const values = (place: string) => files.find((file) => file.values.has(place))?.values.get(place);
  const named = values(`${LOGIN}.auth_section`);
  const section = named ? normalized(named) : LOGIN;
  return {
    section,
    /** Such a section is the whole login. Without these, keystoneauth could not use it: it adds to the usual one. */
    isWhole: values(`${section}.auth_type`) !== undefined ||
      values(`${section}.auth_url`) !== undefined,
    has: (place: string) => values(place) !== undefined,
  };
}

/** keystoneauth's `auth_section` moves what belongs to the login to another section. */
function redirected(
  place: string,
  { section, isWhole, has }: ReturnType<typeof loginSection>,
): string {
  const key = place.slice(place.indexOf(".") + 1);
  if (!place.startsWith(`${LOGIN}.`) || NOT_MOVED.includes(key)) return place;
  const moved = `${section}.${key}`;
  return isWhole || has(moved) ? moved : place;
}

/** Options of the Python driver without effect since May 2026, where 0 is their default. */
const WITHOUT_EFFECT = ["calico.resync_interval_secs", "calico.resync_max_interval_secs"];

/** Says which options of an operator's files are not read, though they look like some of ours. */
export function warnIgnored(files: readonly ParsedFile[]): string[] {
  return files.flatMap(({ path, values }) => {
    const found = WITHOUT_EFFECT.filter((place) => values.has(place)).map(shown);
    if (found.length === 0) return [];
    const these = `${found.join(" and ")} ${found.length === 1 ? "has" : "have"}`;
    return [
      `${path}: ${these} no effect on the Python driver any more, nor here: ` +
      "see resync_interval and resync_max_interval",
    ];
  });
}

function shown(place: string): string {
  const dot = place.indexOf(".");
  return `[${place.slice(0, dot)}] ${place.slice(dot + 1)}`;
}

/** The Python driver names host and port apart, and means TLS when it names a CA. */
function pythonDriverEtcd(values: FileValues): string | undefined {
  const host = values.get("calico.etcd_host");
  if (!host) return undefined;
  const scheme = values.has("calico.etcd_ca_cert_file") ? "https" : "http";
  return `${scheme}://${hostAndPort(host, Number(values.get("calico.etcd_port") ?? 2379))}`;
}
