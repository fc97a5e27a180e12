/** `reload`: has the node read its configuration again, and waits until it has. @module */
import { systemClock } from "../lib/base/clock.ts";
import { ConfigError } from "../lib/config/config_error.ts";
import { readSystemUser } from "../lib/process/system_user.ts";
import { onCommandLine } from "../lib/state/asked_by.ts";
import { isLocked, LOCK_FILE } from "../lib/state/directory_lock.ts";
import { requestReload } from "../lib/state/reload_request.ts";
import { lookAt } from "../lib/state/running_nodes.ts";
import type { Command } from "./context.ts";
import { openExisting } from "./existing_state.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

export const command: Command = {
  about: "Have the node read its configuration again",
  details: [
    RUNNING_NODE,
    "Exit code 2: the new configuration is refused, and the one before stays in force.",
  ],
  examples: [
    { words: "reload", does: "After a change in one of its files" },
  ],
  flags: {},
  async run(context) {
    const { config } = await settingsOf(context, { acts: true });
    if (await lookAt(config.stateDir) === null) {
      throw new Error(`no node runs with the state directory ${config.stateDir}`);
    }
    using store = await openExisting(config);
    const by = onCommandLine(await readSystemUser());
    const lock = `${config.stateDir}/${LOCK_FILE}`;
    const supervisorRuns = () => isLocked(lock).catch(() => true);
    const outcome = await requestReload(store, systemClock, { by, supervisorRuns });
    if (outcome.is === "refused") {
      throw new ConfigError(
        `the new configuration is refused, the one before stays in force: ${outcome.reason}`,
      );
    }
    context.print(
      `${config.nodeName} has read its configuration again; it concerns ${outcome.concerns}`,
    );
    return 0;
  },
};
