/** Runs a role's job while this node is master. @module */
import { electionKey } from "../lib/calico/regions.ts";
import type { Config } from "../lib/config_types.ts";
import type { Term } from "../lib/master_context.ts";
import { whileMaster } from "../lib/election/while_master.ts";
import type { SettledName } from "../lib/role_settings.ts";
import type { RoleContext } from "./bootstrap.ts";

/** Starts `job` with each term and says "standby" in between; ends with the role's signal. */
export async function runWhileMaster(
  { config, job, signal }: Pick<RoleContext<SettledName>, "job" | "signal"> & {
    readonly config: Pick<Config, "region"> & { readonly election: { readonly name: string } };
  },
  work: (term: Term) => Promise<void>,
): Promise<void> {
  await whileMaster(job.store, job.clock, signal, electionKey(config.region), work, {
    log: job.log,
    name: config.election.name,
    idle: (problem) => job.alive("standby", problem),
  });
}
