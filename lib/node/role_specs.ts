/**
 * The processes of a node as the supervisor starts them: each with its row of the permission table, and
 * with its part of the configuration as its input.
 *
 * @module
 */
import type { Config } from "../config/config_types.ts";
import type { Launcher } from "../process/launcher.ts";
import {
  type PermissionPlaces,
  type PermissionRow,
  permissionRow,
} from "../process/permissions.ts";
import type { ProcessPlace } from "../process/place.ts";
import { settingsOf, SUPERVISED, type SupervisedName, supervisedNames } from "../process/roles.ts";
import type { NodeSeals } from "../state/seal_file.ts";
import type { RoleSpec } from "./supervised_role.ts";

/** What has to be known of this machine to start them. */
export interface NodePlaces extends PermissionPlaces {
  /** Where this process and those that it starts run. */
  readonly process: ProcessPlace;
  /** Keys of this run. */
  readonly seals: NodeSeals;
}

/** What waits for endpoints of Keystone's catalogue, with this configuration. */
export function awaitingEndpoints(config: Config): SupervisedName[] {
  return supervisedNames(config).filter((name) => SUPERVISED[name].awaits(config));
}

/** What each of them may do. */
export function permissionRows(
  config: Config,
  places: PermissionPlaces,
): Record<string, PermissionRow> {
  const names = supervisedNames(config);
  return Object.fromEntries(names.map((name) => [name, permissionRow(name, config, places)]));
}

/**
 * How to start each of them. Those that need endpoints of Keystone's catalogue wait for `located`, the
 * same configuration with the endpoints in it; `search` tells one search for them from another.
 */
export function roleSpecs(
  config: Config,
  places: NodePlaces,
  launcher: Launcher,
  located: Promise<Config> = Promise.resolve(config),
  search = 0,
): RoleSpec[] {
  const awaiting = awaitingEndpoints(config);
  const launch = (name: SupervisedName, config: Config) =>
    launcher.prepare(
      name,
      permissionRow(name, config, places),
      {
        ...settingsOf(name, config, places.process),
        seals: name === "manager" ? places.seals.manager : places.seals.others,
      },
      config.lab.reportUrl !== null,
    );
  const launchLater = (name: SupervisedName) => {
    const later = located.then((config) => launch(name, config));
    later.catch(() => {}); // given up; a role that goes on as it is never waits for it
    return later;
  };
  return supervisedNames(config).map((name) => ({
    name,
    stopGroup: SUPERVISED[name].stopGroup,
    ...launch(name, config),
    files: name === "diagnostics" ? "" : fileStamps(permissionRow(name, config, places).read),
    ...awaiting.includes(name) && { later: launchLater(name), search },
  }));
}

/**
 * Which files a role has read when it starts, certificates and keys, and how new they are. (The page's
 * process follows its own.)
 */
function fileStamps(paths: readonly string[]): string {
  return paths.map((path) => {
    try {
      const { isFile, mtime, size, ino } = Deno.statSync(path);
      return isFile ? `${path} ${mtime?.getTime()} ${size} ${ino}` : "";
    } catch {
      return "";
    }
  }).join("\n");
}
