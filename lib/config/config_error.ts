/** What is wrong with a configuration, in words that never show a secret. @module */
import type { EffectiveValue } from "./values.ts";

/** One problem with the configuration. */
export interface ConfigProblem {
  readonly option: string;
  /** Where the value came from, such as `--election-ttl` or `neutron.conf [calico] …`. */
  readonly source: string;
  /** What was given; null for a secret, empty for a missing value. */
  readonly given: string | null;
  readonly allowed: string;
}

/** The configuration cannot be used. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ option, source, given, allowed }) =>
        `${option} (${source}): given ${shown(given)}, allowed ${allowed}`
      ).join("\n"),
    );
  }
}

/** The problem that this value is not `allowed`. */
export function problemOf({ option, value, source }: EffectiveValue, allowed: string) {
  const given = value === null ? "" : option.secret ? null : withoutUserInfo(value);
  return { option: option.name, source, given, allowed } satisfies ConfigProblem;
}

/** A URL may carry a password; what is shown must not. */
export function withoutUserInfo(value: string): string {
  return value.replaceAll(/\/\/[^/@\s,]+@/g, "//(secret)@");
}

function shown(given: string | null): string {
  if (given === null) return "a value";
  return given === "" ? "nothing" : JSON.stringify(given);
}
