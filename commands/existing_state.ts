/** The state of a node that has run, for commands that read or ask it something. @module */
import type { Config } from "../lib/config/config_types.ts";
import { KV_FILE, StateStore } from "../lib/state/store.ts";

/** @throws {Error} nothing has run with that state directory. */
export async function openExisting(config: Config): Promise<StateStore> {
  try {
    await Deno.stat(`${config.stateDir}/${KV_FILE}`);
  } catch {
    throw new Error(
      `nothing has run with the state directory ${config.stateDir}: ` +
        "start it, or name the right one with --state-dir",
    );
  }
  return await StateStore.open(config.stateDir);
}
