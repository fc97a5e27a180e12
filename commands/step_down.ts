/** `step-down`: gives mastership away; exit code 0 too when this node does not lead. @module */
import { systemClock } from "../lib/base/clock.ts";
import { requestStepDown } from "../lib/state/step_down_request.ts";
import type { Command } from "./context.ts";
import { openExisting } from "./existing_state.ts";

export const run: Command = async ({ resolve, command, print }) => {
  const { config } = resolve();
  const { pauseSeconds } = command;
  using store = await openExisting(config);
  const outcome = await requestStepDown(store, systemClock, "the command line", pauseSeconds);
  print(
    outcome === "stepped down"
      ? `${config.nodeName} has stepped down and does not stand again for ${pauseSeconds} s`
      : `${config.nodeName} does not lead: nothing to do`,
  );
  return 0;
};
