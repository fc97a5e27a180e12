/** Runs a role's job while this node is master. @module */
import { electionKey } from "../calico/regions.ts";
import type { Config } from "../config/config_types.ts";
import type { Term } from "./master_context.ts";
import { whileMaster } from "../election/while_master.ts";
import type { SupervisedName } from "../process/roles.ts";
import type { RoleContext } from "../../roles/bootstrap.ts";

/** Starts `job` with each term and says "standby" in between; ends with the role's signal. */
export async function runWhileMaster(
  { config, job, signal }: Pick<RoleContext<SupervisedName>, "job" | "signal"> & {
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
