/** `config`: every effective value and where it comes from. @module */
import { formatEffective, reportEffective } from "../lib/config/resolve.ts";
import { type Command, output } from "./context.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Print every effective value and where it comes from",
  details: [RUNNING_NODE],
  examples: [
    { words: "config", does: "What is in force in the running node" },
    {
      words: "config --config-file /etc/neutron/neutron.conf",
      does: "What a node with that file would have",
    },
  ],
  flags,
  async run(context, { output }) {
    const { print, printError } = context;
    const { effective, warnings, node } = await settingsOf(context, {});
    for (const warning of warnings) printError(`warning: ${warning}\n`);
    if (output === "text") print(formatEffective(effective));
    else {
      const running = node && { stateDir: node.stateDir, node: node.record?.node ?? null };
      print(JSON.stringify({ running, options: reportEffective(effective), warnings }, null, 2));
    }
    return 0;
  },
};
