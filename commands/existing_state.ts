/** The state of a node that has run, for commands that read or ask it something. @module */
import type { Config } from "../lib/config/config_types.ts";
import { readSealKeys } from "../lib/state/seal_file.ts";
import { KV_FILE } from "../lib/process/state_files.ts";
import { StateStore } from "../lib/state/store.ts";

/** @throws {Error} nothing has run with that state directory, or this user may not look into it. */
export async function openExisting(config: Config): Promise<StateStore> {
  try {
    await Deno.stat(`${config.stateDir}/${KV_FILE}`);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new Error(
        `the state directory ${config.stateDir} belongs to another user: run this command as that ` +
          "user or as root",
      );
    }
    throw new Error(
      `nothing has run with the state directory ${config.stateDir}: ` +
        "start it, or name the right one with --state-dir",
    );
  }
  return await StateStore.open(config.stateDir, await readSealKeys(config.stateDir));
}
