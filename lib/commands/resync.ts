/** `resync`: asks the running master for one and follows it; exit code 1 when it fails. @module */
import { systemClock } from "../clock.ts";
import { formatReport, ProgressBar, reportOf } from "../resync_report.ts";
import { followResync, requestResync } from "../resync_request.ts";
import type { Command } from "./context.ts";
import { openExisting } from "./existing_state.ts";

export const run: Command = async ({ resolve, command, print, printError, errorIsTerminal }) => {
  const { config } = resolve();
  const { resync, output } = command;
  using store = await openExisting(config);
  const id = await requestResync(store, systemClock, { ...resync, by: "the command line" });
  const bar = new ProgressBar(output === "text" && errorIsTerminal, printError);
  const answer = await followResync(store, systemClock, id, ({ doing }) => bar.show(doing));
  bar.end();
  if (output === "json") print(JSON.stringify(reportOf(answer), null, 2));
  else {
    const differences = answer.differences &&
      await Deno.readTextFile(`${config.stateDir}/${answer.differences}`).catch(() => null);
    if (differences) print(differences);
    print(formatReport(answer, resync.dryRun));
  }
  return answer.state === "done" ? 0 : 1;
};
