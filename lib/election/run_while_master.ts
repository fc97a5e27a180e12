/** Runs a role's job while this node is master. @module */
import { electionKey } from "../calico/keys.ts";
import type { JobContext, Term } from "../role/master_context.ts";
import { whileMaster } from "./while_master.ts";

/** What a role that works as master is given. */
export interface MasterRole {
  readonly config: {
    readonly region: string | null;
    readonly election: { readonly name: string };
  };
  readonly job: JobContext;
  readonly signal: AbortSignal;
}

/** Starts `work` with each term and says "standby" in between; ends with the role's signal. */
export async function runWhileMaster(
  { config, job, signal }: MasterRole,
  work: (term: Term) => Promise<void>,
): Promise<void> {
  await whileMaster(job.store, job.clock, signal, electionKey(config.region), work, {
    log: job.log,
    name: config.election.name,
    idle: (problem) => job.alive("standby", problem),
  });
}
