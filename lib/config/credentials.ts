/**
 * Secrets that the service manager hands over as files which this service alone can read
 * (systemd's `LoadCredential=`, systemd.exec(5)). Each is named after its option, `conductor_` before it.
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";
import type { ConfigReader } from "./config_paths.ts";
import type { Option } from "./options.ts";

/** Texts by the name of the credential; those of other names than ours are not in it. */
export type Credentials = ReadonlyMap<string, string>;

type Env = Readonly<Record<string, string | undefined>>;

const PREFIX = "conductor_";
/** No secret of ours is longer, bytes. */
const MAX_BYTES = 64 * 1024;

/** The name of an option's credential: its own name of the environment, in lower case. */
export function credentialOf({ name }: Pick<Option, "name">): string {
  return `${PREFIX}${name}`;
}

/**
 * Reads what was handed over, anew each time; without `$CREDENTIALS_DIRECTORY`, nothing.
 *
 * @throws {ConfigError} one cannot be read, is no text, or is longer than 64 KiB.
 */
export function readCredentials(env: Env, reader: ConfigReader): Credentials {
  const directory = env.CREDENTIALS_DIRECTORY;
  if (!directory) return new Map();
  const names = attempt(directory, () => reader.list(directory)) ?? [];
  return new Map(
    names.filter((name) => name.startsWith(PREFIX)).map((name) => {
      const path = `${directory}/${name}`;
      return [name, textOf(path, attempt(path, () => reader.readFile(path)))];
    }),
  );
}

/** The same of another process, whose credentials this one may not be allowed to read: then nothing. */
export function readableCredentials(env: Env, reader: ConfigReader): Credentials {
  try {
    return readCredentials(env, reader);
  } catch {
    return new Map();
  }
}

/** The text of a credential, without the line end that an editor leaves. */
function textOf(path: string, bytes: Uint8Array): string {
  if (bytes.length > MAX_BYTES) {
    throw new ConfigError(`the credential ${path} is longer than ${MAX_BYTES} bytes`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new ConfigError(`the credential ${path} is not UTF-8`);
  }
}

function attempt<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new ConfigError(`cannot read the credential ${path}: ${reason}`);
  }
}
