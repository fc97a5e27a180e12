/** `status`: what the node's processes say of themselves. @module */
import { systemClock } from "../clock.ts";
import { formatStatus } from "../diagnostics/status_text.ts";
import { readStatus } from "../diagnostics/status.ts";
import { VERSION } from "../version.ts";
import type { Command } from "./context.ts";
import { openExisting } from "./existing_state.ts";

export const run: Command = async ({ resolve, command, print }) => {
  const { config } = resolve();
  using store = await openExisting(config);
  const node = { name: config.nodeName, version: VERSION };
  const report = await readStatus(store, node, systemClock);
  print(command.output === "json" ? JSON.stringify(report, null, 2) : formatStatus(report));
  return 0;
};
