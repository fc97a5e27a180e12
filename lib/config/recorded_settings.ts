/**
 * A running node's settings as another process of this machine may know them: every effective value and its
 * source, and of a secret only where it came from. So a command can speak of the settings that are in
 * force, not of those that its own environment would give. A secret that a command needs is read again
 * from where the node has it, and is never taken from anywhere else.
 *
 * @module
 */
import { z } from "zod";
import { buildConfig } from "./build.ts";
import { readCloud } from "./clouds_yaml.ts";
import { completeDefaults } from "./complete.ts";
import { ConfigError } from "./config_error.ts";
import { OPTIONS } from "./options.ts";
import { type ConfigInput, freeze, readFiles, type ResolvedConfig } from "./resolve.ts";
import { type EffectiveValue, findValue, LEVEL, OptionValues, problemOf } from "./values.ts";

/** What is recorded of one option. */
export const recordedSettingSchema = z.object({
  name: z.string(),
  /** What may be shown of it; null: nothing, or it is unset. */
  value: z.string().nullable(),
  /** Whether it has a value. */
  set: z.boolean(),
  /** Whether that value holds a secret. */
  secret: z.boolean(),
  source: z.string(),
  level: z.number(),
});
/** What is recorded of one option. */
export type RecordedSetting = z.infer<typeof recordedSettingSchema>;

/** A secret of the node's that cannot be read here. */
export interface MissingSecret {
  /** Our own name of it in the environment. */
  readonly env: string;
  /** Where the node has it from. */
  readonly source: string;
}

/** The settings of a running node. */
export interface RecordedConfig extends ResolvedConfig {
  /** Secrets that the configuration lacks; with one of them, nobody may log in anywhere. */
  readonly missing: readonly MissingSecret[];
}

/** All settings, without secrets, in the order of the table. */
export function recordSettings(effective: readonly EffectiveValue[]): RecordedSetting[] {
  return effective.map(({ option, value, source, level }) => {
    const secret = value !== null && option.secret === true;
    const shown = option.secret ? null : value;
    return { name: option.name, value: shown, set: value !== null, secret, source, level };
  });
}

/**
 * The configuration that was recorded. `env` and `files` of the input are the node's own, as far as they can be
 * read; what the operator gives a command in the environment counts as well.
 *
 * @param given the environment of the command
 *
 * @throws {ConfigError} a value is none any more: the node is of another version.
 */
export function resolveRecorded(
  settings: readonly RecordedSetting[],
  input: ConfigInput,
  given: ConfigInput["env"],
): RecordedConfig {
  const recorded = new Map(settings.map((setting) => [setting.name, setting]));
  const secrets = readSecrets(recorded, input);
  const missing: MissingSecret[] = [];
  const shown: EffectiveValue[] = [];
  const found = OPTIONS.map((option): EffectiveValue => {
    const setting = recorded.get(option.name);
    if (!setting) return { option, value: option.fallback, source: "default", level: LEVEL.none };
    const { value, source, level } = setting;
    if (!setting.secret) return { option, value, source, level };
    const whole = given[option.env[0]] || secrets.find((one) => one.option === option)?.value;
    if (!whole) missing.push({ env: option.env[0], source });
    return { option, value: whole || value, source, level };
  });
  for (const entry of found) {
    const set = recorded.get(entry.option.name)?.set ?? entry.value !== null;
    shown.push(set && entry.value === null ? { ...entry, value: "" } : entry);
  }
  const problems = found.filter(({ option, value }) =>
    value !== null ? option.kind.parse(value) === null : !option.unset
  );
  if (problems.length > 0) {
    const said = problems.map((entry) => problemOf(entry, entry.option.kind.allowed));
    throw new ConfigError(`the running node is of another version: ${said.join("; ")}`);
  }
  const config = freeze(buildConfig(new OptionValues(found)));
  return { config, effective: shown, warnings: [], missing };
}

/** The secrets as the node found them: a value counts only if it comes from the same place as the node's. */
function readSecrets(
  recorded: ReadonlyMap<string, RecordedSetting>,
  input: ConfigInput,
): EffectiveValue[] {
  const { env, credentials, readFile = () => null } = input;
  const files = readFiles(input);
  const name = recorded.get("os_cloud")?.value ?? null;
  let cloud = null;
  try {
    cloud = name === null ? null : readCloud(name, env, readFile);
  } catch { /* the node could read it; here its secrets are missing */ }
  // What is known goes in as flags do, so that the lab's own values come out as they did.
  const places = { flags: {}, env, credentials, cloud, files };
  const found = OPTIONS.map((option): EffectiveValue => {
    const setting = recorded.get(option.name);
    if (!setting || setting.secret) return findValue(option, places);
    return { option, value: setting.value, source: setting.source, level: setting.level };
  });
  return completeDefaults(found, input).filter(({ option, source }) =>
    source === recorded.get(option.name)?.source && !source.startsWith("./")
  );
}
