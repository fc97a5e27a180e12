/** What is wrong with a configuration, in words that never show a secret. @module */

/** The configuration cannot be used: a line per problem. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
