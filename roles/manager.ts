/** The manager: leader election, compaction of etcd, and what the nodes tell each other. @module */
import { hostAndPort } from "../lib/base/host_and_port.ts";
import { openEtcd } from "../lib/etcd/client.ts";
import { runCompactor } from "../lib/etcd/compaction.ts";
import { ClusterRegistry } from "../lib/election/cluster.ts";
import { runElector } from "../lib/election/elector.ts";
import { EtcdElectionStore } from "../lib/election/etcd_election_store.ts";
import { measured } from "../lib/election/measured_election_store.ts";
import { electionValue } from "../lib/election/key.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { Watchdog, whileOnTime } from "../lib/role/heartbeat.ts";
import { ROLE_NAMES } from "../lib/state/records.ts";
import { VERSION } from "../lib/base/version.ts";
import { type RoleContext, runRole } from "./bootstrap.ts";
import { runWhileMaster } from "../lib/role/run_while_master.ts";

/** What a turn of the compactor's loop may take beside what it waits for, ms. */
const TURN_MS = 10_000;

async function manage(context: RoleContext<"manager">): Promise<void> {
  const { config, job, signal } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    // The elector's loop gives the heartbeats, as long as the two beside it make progress.
    const registration = new Watchdog("the registry of nodes and terms", job.clock);
    const compaction = new Watchdog("the compactor", job.clock);
    const { callTimeoutMs } = config.etcd;
    const elections = measured(new EtcdElectionStore(etcd, config), job.meter);
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
      watchdog: registration,
      callTimeoutMs,
      watch: (onChange) => elections.watch(onChange),
      ...job,
    });
    const beside: JobContext = {
      ...job,
      alive: (_doing, _problem, withinMs = 0) => compaction.within(withinMs + TURN_MS),
    };
    const alive = whileOnTime(job.alive, [registration, compaction], job.log);
    await Promise.all([
      runElector(
        config,
        elections,
        { ...job, alive, pid: Deno.pid, place: config.place, observer: registry },
        signal,
      ),
      registry.run(signal),
      runWhileMaster(
        { ...context, job: beside },
        (term) => {
          const { compaction } = config;
          return runCompactor(term, {
            etcd,
            pid: Deno.pid,
            callTimeoutMs,
            ...beside,
            ...compaction,
          });
        },
      ),
    ]);
  } finally {
    etcd.close();
  }
}

await runRole("manager", manage);
