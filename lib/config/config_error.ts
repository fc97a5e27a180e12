/** What is wrong with a configuration, in words that never show a secret. @module */
import type { EffectiveValue } from "./values.ts";

/** The configuration cannot be used: a line per problem. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** What to say of a value that is not as `allowed`: where it came from, such as `--election-ttl`, and what was given. */
export function problemOf({ option, value, source }: EffectiveValue, allowed: string): string {
  const shown = option.secret ? "a value" : JSON.stringify(withoutUserInfo(value ?? ""));
  return `${option.name} (${source}): given ${value ? shown : "nothing"}, allowed ${allowed}`;
}

/** A URL may carry a password; what is shown must not. */
export function withoutUserInfo(value: string): string {
  return value.replaceAll(/\/\/[^/@\s,]+@/g, "//(secret)@");
}
