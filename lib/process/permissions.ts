/**
 * What each process may do, and that in the words of Deno. The rows are those of `roles.ts` and
 * `tools.ts`; nothing that is not in a row is granted.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import { grantsOf, KINDS, type PermissionPlaces, type PermissionRow } from "./grants.ts";
import { SUPERVISED, type SupervisedName } from "./roles.ts";
import { type ToolName, TOOLS } from "./tools.ts";

export type { PermissionPlaces, PermissionRow } from "./grants.ts";

/** A process that can be started. */
export type ProcessName = SupervisedName | ToolName;

const PROCESSES = { ...SUPERVISED, ...TOOLS };

/** Whether a process of that name exists. */
export function isProcessName(name: string): name is ProcessName {
  return Object.hasOwn(PROCESSES, name);
}

/** The word after a role's name, as the binary starts itself, where the lab's own entry file is taken. */
export const LAB_WORD = "lab";

/** Path of a process's entry file below the root. */
export function modulePath(name: ProcessName, inLab = false): string {
  const row: { readonly module: string; readonly labModule?: string } = PROCESSES[name];
  return inLab ? row.labModule ?? row.module : row.module;
}

/** The row of one process. */
export function permissionRow(
  name: ProcessName,
  config: Config,
  places: PermissionPlaces,
): PermissionRow {
  return PROCESSES[name].permissions(grantsOf(config, places));
}

/** The row as the permissions of a Worker, all that is not in it refused. */
export function workerPermissions(row: PermissionRow): Deno.PermissionOptionsObject {
  const granted = KINDS.map((kind) => [kind, row[kind].length > 0 ? [...row[kind]] : false]);
  return { ...Object.fromEntries(granted), ffi: false, import: false };
}

/** The row as flags of `deno run`; a kind without entries gets no flag at all. */
export function permissionFlags(row: PermissionRow): string[] {
  const flags = KINDS
    .filter((kind) => row[kind].length > 0)
    .map((kind) =>
      `--allow-${kind}=${row[kind].map((item) => item.replaceAll(",", ",,")).join(",")}`
    );
  return ["--no-prompt", ...flags];
}
