/**
 * From what an operator wrote to a complete, frozen {@linkcode Config}. All problems are told at once,
 * each with the option, where the value came from, what was given and what is allowed; a secret is never
 * shown.
 *
 * @module
 */
import { escapeControls } from "../base/escape_controls.ts";
import { buildConfig } from "./build.ts";
import { readCloud } from "./clouds_yaml.ts";
import { completeDefaults, type Machine } from "./complete.ts";
import type { Credentials } from "./credentials.ts";
import { ConfigError } from "./config_error.ts";
import type { ConfigText } from "./config_paths.ts";
import type { Config } from "./config_types.ts";
import { warnOpenstack } from "./openstack_config.ts";
import { shownValue } from "./effective_rows.ts";
import { flagOf, optionOf, OPTIONS } from "./options.ts";
import { readConfigFile, substituteNames } from "./oslo_file.ts";
import { defaultTexts } from "./oslo_names.ts";
import { checkRelations } from "./relations.ts";
import {
  brokenLines,
  notIni,
  telemetryUsers,
  twofold,
  unknownCredentials,
  unknownEnvironment,
  unknownKeys,
  unknownReferences,
} from "./unknown_names.ts";
import {
  type EffectiveValue,
  findValue,
  type Flags,
  OptionValues,
  problemOf,
  warnIgnored,
} from "./values.ts";

/** All that {@linkcode resolveConfig} needs; nothing is read from the process. */
export interface ConfigInput extends Machine {
  readonly flags: Flags;
  /** Later ones count more. */
  readonly files: readonly ConfigText[];
  /** What the service manager has handed over. @default nothing */
  readonly credentials?: Credentials;
  /** Text of a file that may not be there (`clouds.yaml`), or null. */
  readFile?(path: string): string | null;
}

/** The result. */
export interface ResolvedConfig {
  readonly config: Config;
  readonly effective: readonly EffectiveValue[];
  readonly warnings: readonly string[];
}

/** What stands in the files, with what the names in their values stand for. */
export function readFiles({ files, hostname }: Pick<ConfigInput, "files" | "hostname">) {
  const written = files.map(({ text, ...file }) => ({ ...file, ...readConfigFile(text) }));
  return substituteNames(written, defaultTexts(hostname));
}

/**
 * Resolves the configuration.
 *
 * @throws {ConfigError} with every problem that was found, or the named cloud cannot be had.
 */
export function resolveConfig(input: ConfigInput): ResolvedConfig {
  const files = readFiles(input);
  refuseAny(files.flatMap((file) => notIni(file.path, file)));
  refuseAny(files.flatMap(({ path, broken }) => brokenLines(path, broken)));
  const { flags, env, credentials = new Map(), readFile = () => null } = input;
  const named = findValue(optionOf("os_cloud"), { flags, env, cloud: null, files }).value;
  const cloud = named === null ? null : readCloud(named, env, readFile);
  const found = OPTIONS.map((option) =>
    findValue(option, { flags, env, credentials, cloud, files })
  );
  refuseAny(found.flatMap(checkKind));
  const effective = completeDefaults(found, input);
  const values = new OptionValues(effective);
  refuseAny([...checkRelations(values), ...telemetryUsers(env)]);
  const config = buildConfig(values);
  const warnings = [
    ...cloud?.warnings ?? [],
    ...config.lab.reportUrl !== null ? [] : [...warnOpenstack(values), ...warnReports(config)],
    ...warnIgnored(files),
    ...files.flatMap(({ path, ...file }) => unknownKeys(path, file)),
    ...files.flatMap(unknownReferences),
    ...twofold(files),
    ...unknownEnvironment(env),
    ...unknownCredentials(credentials),
  ];
  return { config: freeze(config), effective, warnings };
}

/** What `config` prints: every value, where it comes from, and no secret. */
export function formatEffective(effective: readonly EffectiveValue[]): string {
  const width = Math.max(...effective.map(({ option }) => option.name.length));
  return effective.map((each) => {
    const { option, source } = each;
    const shown = `${option.name.padEnd(width)} = ${shownValue(each) ?? "(not set)"}  (${source})`;
    return escapeControls(shown); // a value may go over several lines
  }).join("\n");
}

/** The same for machines; the value of a secret is null, `set` says whether there is one. */
export function reportEffective(effective: readonly EffectiveValue[]) {
  return effective.map(({ option, value, source }) => ({
    name: option.name,
    value: option.secret ? null : shownValue({ option, value }),
    set: value !== null,
    secret: option.secret ?? false,
    source,
    flag: option.secret ? null : flagOf(option),
    env: option.env[0],
  }));
}

function refuseAny(problems: readonly string[]): void {
  if (problems.length > 0) throw new ConfigError(problems.join("\n"));
}

function checkKind(found: EffectiveValue): string[] {
  const { option: { kind }, value } = found;
  return value === null || kind.parse(value) !== null ? [] : [problemOf(found, kind.allowed)];
}

function warnReports({ bus }: Config): string[] {
  return bus
    ? []
    : ["transport_url is not given: no status of agents and ports is reported to Neutron"];
}

/** The value, which nobody can change any more, nor anything in it. */
export function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) freeze(inner);
  }
  return Object.freeze(value);
}
