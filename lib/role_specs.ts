/**
 * The processes of a node as the supervisor starts them: which module, with which permissions, in
 * which environment. The configuration goes in on standard input, because it holds secrets.
 *
 * @module
 */
import type { Config } from "./config_types.ts";
import {
  permissionFlags,
  type PermissionPlaces,
  permissionRow,
  type ProcessName,
} from "./permissions.ts";
import { ROLE_NAMES } from "./state_records.ts";
import type { RoleSpec } from "./supervised_role.ts";

/** What it takes to start a process from source. */
export interface Launcher {
  /** Path of the Deno executable. */
  readonly executable: string;
  /** Folder of `main.ts`, an absolute path. */
  readonly root: string;
  /** The supervisor's environment, of which children get the few names that they need. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Names a Deno process needs to find its module cache; the lab also finds `etcd` on the PATH. */
const PASSED_ENVIRONMENT = ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"];

/** Path of a process's module below the root. */
export function modulePath(name: ProcessName): string {
  return name === "lab" ? "lab/main.ts" : `roles/${name.replaceAll("-", "_")}.ts`;
}

/** All processes of this configuration. */
export function roleSpecs(
  config: Config,
  places: PermissionPlaces,
  launcher: Launcher,
): RoleSpec[] {
  const names: ProcessName[] = config.lab.enabled ? ["lab", ...ROLE_NAMES] : [...ROLE_NAMES];
  return names.map((name) => ({
    name,
    command: launcher.executable,
    args: [
      "run",
      "--quiet",
      "--no-check",
      `--config=${launcher.root}/deno.json`,
      ...permissionFlags(permissionRow(name, config, places)),
      `${launcher.root}/${modulePath(name)}`,
    ],
    env: childEnvironment(name, launcher.environment),
    input: JSON.stringify(config),
  }));
}

function childEnvironment(
  name: ProcessName,
  environment: Launcher["environment"],
): Record<string, string> {
  const names = name === "lab" ? [...PASSED_ENVIRONMENT, "PATH"] : PASSED_ENVIRONMENT;
  const passed: Record<string, string> = { NO_COLOR: "1" };
  for (const key of names) {
    const value = environment[key];
    if (value !== undefined) passed[key] = value;
  }
  return passed;
}
