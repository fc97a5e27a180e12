/** `step-down`: gives mastership away; exit code 0 too when this node does not lead. @module */
import { systemClock } from "../lib/base/clock.ts";
import { valued } from "../lib/config/command_line.ts";
import { integer } from "../lib/config/kinds.ts";
import { readSystemUser } from "../lib/process/system_user.ts";
import { onCommandLine } from "../lib/state/asked_by.ts";
import { requestStepDown } from "../lib/state/step_down_request.ts";
import type { Command } from "./context.ts";
import { openExisting } from "./existing_state.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

const flags = {
  pause: valued(integer(0, 86_400), "SECONDS", 60, "do not stand again for so long"),
};

export const command: Command<typeof flags> = {
  about: "Give mastership away, if this node has it",
  details: [RUNNING_NODE],
  examples: [
    { words: "step-down", does: "Before work on this machine" },
    { words: "step-down --pause 3600", does: "The same, and another node leads for an hour" },
  ],
  flags,
  async run(context, { pause }) {
    const { print } = context;
    const { config } = await settingsOf(context, { acts: true });
    using store = await openExisting(config);
    const by = onCommandLine(await readSystemUser());
    const outcome = await requestStepDown(store, systemClock, by, pause);
    print(
      outcome === "stepped down"
        ? `${config.nodeName} has stepped down and does not stand again for ${pause} s`
        : `${config.nodeName} does not lead: nothing to do`,
    );
    return 0;
  },
};
