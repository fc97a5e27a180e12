/**
 * A cloud of `clouds.yaml`, as openstacksdk reads it: the first file of the search path, the first
 * `secure.yaml` laid over it. Vendor profiles are not read.
 *
 * @module
 */
import { parse, YAMLParseError } from "yaml";
import { suggest } from "../base/suggest.ts";
import { ConfigError } from "./config_error.ts";

/** A cloud's settings. */
export interface Cloud {
  /** File that names the cloud. */
  readonly path: string;
  /** Scalars by path, such as `auth.username` and `region_name`; what is in `auth` also without it. */
  readonly values: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

type Env = Readonly<Record<string, string | undefined>>;
type Json = { readonly [name: string]: unknown };

/**
 * How files are read. Everything is text: a password 0123 must not become a number. Without `logLevel` the
 * parser would print warnings of its own, which quote the line.
 */
const READING = { schema: "failsafe", merge: true, stringKeys: true, logLevel: "error" } as const;

const CLOUD_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** Clouds that are named. */
const MAX_NAMES = 20;

/** Where the parser stumbled and over what, in its word for that: its sentences quote the line, which may be a secret. */
function placeOf(error: unknown): string {
  if (!(error instanceof YAMLParseError)) return " (an alias or a merge key leads nowhere)";
  const { code, linePos } = error;
  const what = code.toLowerCase().replaceAll("_", " ");
  return linePos ? ` (at line ${linePos[0].line}: ${what})` : ` (${what})`;
}

/** Where such a file may be, the first that exists counts. */
function searchPath(stem: "clouds" | "secure", env: Env): string[] {
  const given = stem === "clouds" ? env.OS_CLIENT_CONFIG_FILE : env.OS_CLIENT_SECURE_FILE;
  const config = env.XDG_CONFIG_HOME || (env.HOME ? `${env.HOME}/.config` : null);
  const folders = [".", ...(config ? [`${config}/openstack`] : []), "/etc/openstack"];
  const files = folders.flatMap((folder) =>
    ["yaml", "yml", "json"].map((suffix) => `${folder}/${stem}.${suffix}`)
  );
  return given ? [given, ...files] : files;
}

/**
 * The settings of the cloud. `read` gives a file's text, or null where there is none.
 *
 * @throws {ConfigError} there is no file, no such cloud, or a file is no YAML.
 */
export function readCloud(name: string, env: Env, read: (path: string) => string | null): Cloud {
  const found = firstFile("clouds", env, read);
  if (!found) {
    const places = searchPath("clouds", env).filter((path) => path.endsWith(".yaml"));
    throw new ConfigError(
      `cloud ${JSON.stringify(name)} is asked for (os_cloud, OS_CLOUD), but there is no ` +
        `clouds.yaml: looked at ${places.join(", ")}`,
    );
  }
  const clouds = asObject(found.content.clouds);
  const cloud = ownIn(clouds, name);
  if (typeof cloud !== "object" || cloud === null) {
    // In a file that is indented wrongly, anything may stand where names do.
    const names = Object.keys(clouds).filter((name) => CLOUD_NAME.test(name)).slice(0, MAX_NAMES);
    const near = suggest(name, names);
    const hint = near ? `did you mean ${near}?` : `it has ${names.join(", ") || "none"}`;
    throw new ConfigError(`${found.path} has no cloud ${JSON.stringify(name)}: ${hint}`);
  }
  const secure = firstFile("secure", env, read);
  const secrets = asObject(ownIn(asObject(secure?.content.clouds), name));
  const values = new Map<string, string>();
  for (const source of [cloud as Json, secrets]) {
    // Settings of `auth` may stand beside it, and those in it count more.
    flatten(source, (key, value) => values.set(key, value));
    flatten(asObject(source.auth), (key, value) => values.set(key, value));
  }
  if (/^(false|no|off|0)$/i.test(values.get("verify") ?? "")) values.set("insecure", "true");
  if (!values.has("interface")) values.set("interface", values.get("endpoint_type") ?? "public");
  const warnings = values.has("profile") && !values.has("auth_url")
    ? [
      `cloud ${name} in ${found.path} has a profile (${values.get("profile")}): vendor profiles ` +
      "are not read, write its auth_url out",
    ]
    : [];
  return { path: found.path, values, warnings };
}

function firstFile(
  stem: "clouds" | "secure",
  env: Env,
  read: (path: string) => string | null,
): { path: string; content: Json } | null {
  for (const path of searchPath(stem, env)) {
    const text = read(path);
    if (text === null) continue;
    try {
      return { path, content: asObject(parse(text, READING)) };
    } catch (error) {
      throw new ConfigError(`${path} is not YAML${placeOf(error)}`);
    }
  }
  return null;
}

function flatten(source: Json, set: (key: string, value: string) => void): void {
  for (const [key, value] of Object.entries(source)) {
    const empty = value === "" || value === "~" || (value === "null" && key !== "password");
    if (typeof value === "string" && !empty) set(key, value);
  }
}

/** A name such as `constructor` is no cloud because every object has one. */
function ownIn(of: Json, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

function asObject(value: unknown): Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value as Json : {};
}
