/**
 * The operator's files of configuration, as oslo.config finds them: those of `--config-file` and, sorted by
 * name, the `*.conf` of those of `--config-dir`, in the order of the command line; with Neutron's usual file
 * and no `--config-dir`, those of its usual directories after them (`oslo_config/cfg.py`).
 *
 * @module
 */
import { ConfigError } from "./config_error.ts";

/** An oslo INI file. */
export interface ConfigText {
  readonly path: string;
  readonly text: string;
  /** Nobody named it: it is read because oslo.config reads it by itself. */
  readonly implied?: true;
}

/** A word of the command line. */
export interface ConfigPath {
  readonly path: string;
  /** Given with `--config-dir`; else `--config-file`. */
  readonly directory: boolean;
}

/** Access to files; what fails throws, with a message that names the path. */
export interface ConfigReader {
  readFile(path: string): Uint8Array;
  /** Names in a directory, in any order; null: it is not there. */
  list(path: string): readonly string[] | null;
}

const USUAL_FILE = "/etc/neutron/neutron.conf";
/** The project's own, and that of the program which serves the API. */
const USUAL_DIRECTORIES = ["neutron", "neutron-server", "neutron-api"]
  .map((name) => `/etc/neutron/${name}.conf.d`);

/** All files, the one that counts most last. @throws {ConfigError} one cannot be read. */
export function readConfigPaths(
  paths: readonly ConfigPath[],
  reader: ConfigReader,
): ConfigText[] {
  return [...paths.flatMap((path) => readPath(path, reader)), ...readImplied(paths, reader)];
}

/** What a node has recorded of its paths: they may be relative to where it was started. */
export interface RecordedPath extends ConfigPath {
  readonly absolute: string;
}

/** The same of a running node's, under the names that they have there; what cannot be read here is left out. */
export function readRecordedPaths(
  paths: readonly RecordedPath[],
  reader: ConfigReader,
): ConfigText[] {
  const named = paths.flatMap(({ path, absolute, directory }) =>
    orNone(() => readPath({ path: absolute, directory }, reader)).map((text) => ({
      ...text,
      path: (directory ? withoutSlash(path) : path) + text.path.slice(absolute.length),
    }))
  );
  return [...named, ...orNone(() => readImplied(paths, reader))];
}

function orNone(action: () => ConfigText[]): ConfigText[] {
  try {
    return action();
  } catch {
    return [];
  }
}

function readPath({ path, directory }: ConfigPath, reader: ConfigReader): ConfigText[] {
  if (directory) return filesIn(path, "--config-dir", reader);
  return [{ path, text: read(path, "--config-file", reader) }];
}

/** What oslo.config reads by itself. */
function readImplied(paths: readonly ConfigPath[], reader: ConfigReader): ConfigText[] {
  const asUsual = paths.some(({ path }) => path === USUAL_FILE) &&
    !paths.some(({ directory }) => directory);
  if (!asUsual) return [];
  const what = "the directory";
  return USUAL_DIRECTORIES
    .filter((path) => attempt(path, what, () => reader.list(path)) !== null)
    .flatMap((path) => filesIn(path, what, reader))
    .map((text) => ({ ...text, implied: true }));
}

function filesIn(path: string, flag: string, reader: ConfigReader): ConfigText[] {
  const names = attempt(path, flag, () => reader.list(path));
  if (names === null) throw new ConfigError(`cannot read ${flag} ${path}: it is not there`);
  // As Python's glob and sort have it: without hidden files, and by code points.
  return names.filter((name) => /^[^.].*\.conf$/s.test(name)).toSorted(byCodePoints)
    .map((name) => `${withoutSlash(path)}/${name}`)
    .map((file) => ({ path: file, text: read(file, flag, reader) }));
}

function read(path: string, flag: string, reader: ConfigReader): string {
  const bytes = attempt(path, flag, () => reader.readFile(path));
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/);
    const line = lines.findIndex((text) => text.includes("\uFFFD")) + 1;
    throw new ConfigError(`cannot read ${flag} ${path}: line ${line} is not UTF-8`);
  }
}

function attempt<T>(path: string, flag: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new ConfigError(`cannot read ${flag} ${path}: ${reason}`);
  }
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "");
}

function byCodePoints(one: string, other: string): number {
  const [a, b] = [[...one], [...other]].map((chars) => chars.map((char) => char.codePointAt(0)!));
  const at = a!.findIndex((point, i) => point !== b![i]);
  return at === -1 ? a!.length - b!.length : a![at]! - (b![at] ?? -1);
}
