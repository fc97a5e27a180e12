/** `permissions`: what each process of this configuration may do, from the table that starts them. @module */
import {
  formatPermissions,
  type PermissionReport,
  reportPermissions,
} from "../lib/process/permission_report.ts";
import { type Command, output } from "./context.ts";
import { located, placesOf } from "./located.ts";
import { RUNNING_NODE, settingsOf } from "./running_node.ts";

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Print what each process may do with this configuration",
  details: [RUNNING_NODE],
  examples: [
    { words: "permissions", does: "Those of the running node's processes" },
  ],
  flags,
  async run(context, { output }) {
    const { launcher, print } = context;
    const { config } = await settingsOf(context, { secrets: true });
    const places = await placesOf(config, context);
    // As `start` does; when Keystone does not tell, without them.
    const { config: whole, trouble } = await located(config, context, places);
    const report: PermissionReport = {
      enforcedBy: launcher.standalone ? "permissions of a Worker" : "flags of deno run",
      processes: reportPermissions(whole, places),
      notes: trouble === null ? [] : [
        "Keystone's catalogue, which tells where Neutron and Nova are, could not be asked: their " +
        `hosts are missing above (${trouble}).`,
      ],
    };
    print(output === "json" ? JSON.stringify(report, null, 2) : formatPermissions(report));
    return 0;
  },
};
