/** `permissions`: what each process of this configuration may do, from the table that starts them. @module */
import { lookUpEndpoints, withEndpoints } from "../lib/node/catalogue_lookup.ts";
import type { Config } from "../lib/config/config_types.ts";
import { describeError } from "../lib/base/log.ts";
import { machinePlaces } from "../lib/process/machine_places.ts";
import {
  formatPermissions,
  type PermissionReport,
  reportPermissions,
} from "../lib/process/permission_report.ts";
import type { PermissionPlaces } from "../lib/process/permissions.ts";
import { type Command, type CommandContext, output } from "./context.ts";

/** Patience with Keystone, ms. */
const CATALOGUE_MS = 10_000;

const flags = { output };

export const command: Command<typeof flags> = {
  about: "Print what each process may do with this configuration",
  flags,
  async run(context, { output }) {
    const { resolve, launcher, print, printError } = context;
    const { config } = resolve();
    const warn = (message: string, fields: Record<string, unknown> = {}) =>
      printError(`warning: ${message} ${JSON.stringify(fields)}\n`);
    const places = await machinePlaces(config, launcher, { warn });
    const notes: string[] = [];
    const located = await locate(context, config, places, notes);
    const report: PermissionReport = {
      enforcedBy: launcher.standalone ? "permissions of a Worker" : "flags of deno run",
      processes: reportPermissions(located, places),
      notes,
    };
    print(output === "json" ? JSON.stringify(report, null, 2) : formatPermissions(report));
    return 0;
  },
};

/** With the endpoints that Keystone's catalogue tells, as `start` does; without them when it does not. */
async function locate(
  { launcher }: CommandContext,
  config: Config,
  places: PermissionPlaces,
  notes: string[],
): Promise<Config> {
  const { neutron, nova } = config.openstack.fromCatalogue;
  if (!neutron && !nova) return config;
  const signal = AbortSignal.timeout(CATALOGUE_MS);
  try {
    return withEndpoints(config, await lookUpEndpoints(config, { launcher, places, signal }));
  } catch (error) {
    notes.push(
      "Keystone's catalogue, which tells where Neutron and Nova are, could not be asked: their " +
        `hosts are missing above (${describeError(error)}).`,
    );
    return config;
  }
}
