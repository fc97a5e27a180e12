/** The manager: leader election, compaction of etcd, and what the nodes tell each other. @module */
import { getPriority } from "node:os";
import { hostAndPort } from "../lib/host_addresses.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { runCompactor } from "../lib/etcd/compaction.ts";
import { ClusterRegistry } from "../lib/election/cluster.ts";
import { runElector } from "../lib/election/elector.ts";
import { EtcdElectionStore } from "../lib/election/etcd_election_store.ts";
import { electionValue } from "../lib/election/key.ts";
import { ROLE_NAMES } from "../lib/state_records.ts";
import { VERSION } from "../lib/version.ts";
import { type RoleContext, runRole } from "./bootstrap.ts";
import { runWhileMaster } from "./while_master.ts";

/** Whether a process with that id lives; `getPriority` is how Deno tells without running anything. */
function pidAlive(pid: number): boolean {
  try {
    getPriority(pid);
    return true;
  } catch (error) {
    return !String(error).includes("ESRCH");
  }
}

async function manage(context: RoleContext): Promise<void> {
  const { config, job, signal } = context;
  const etcd = openEtcd(config.etcd);
  try {
    const registry = new ClusterRegistry({
      etcd,
      region: config.region,
      id: electionValue(config.election.name, Deno.pid),
      node: {
        name: config.nodeName,
        version: VERSION,
        roles: [...ROLE_NAMES],
        since: job.clock.now(),
        diagnostics: hostAndPort(config.diagnostics.host, config.diagnostics.port),
      },
      ...job,
    });
    const elections = new EtcdElectionStore(etcd, config);
    // The compactor and the registry are silent on purpose: the elector's loop is the role's sign of life.
    const quiet = { ...job, alive: () => {} };
    await Promise.all([
      runElector(
        config,
        elections,
        { ...job, pid: Deno.pid, pidAlive, observer: registry },
        signal,
      ),
      registry.run(signal),
      runWhileMaster(
        { ...context, job: quiet },
        (term) => runCompactor(term, { etcd, pid: Deno.pid, ...job, ...config.compaction }),
      ),
    ]);
  } finally {
    etcd.close();
  }
}

await runRole("manager", manage);
