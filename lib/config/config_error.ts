/** What is wrong with a configuration, in words that never show a secret. @module */

/** The configuration cannot be used: a line per problem. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A URL, also one without its scheme, may carry a password, which may hold an `@`; what is shown must not. */
export function withoutUserInfo(value: string): string {
  return value.replaceAll(/(\/\/|(?:^|,)\s*(?=[^/\s,@]+:))[^/\s,]+@/g, "$1(secret)@");
}
