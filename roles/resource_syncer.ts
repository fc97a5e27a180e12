/** The resource syncer: Neutron's resources to etcd, while this node is master; traces, on any node. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { runResourceSyncer } from "../lib/sync/resource_syncer.ts";
import { StandbyAnswers } from "../lib/sync/sources/standby.ts";
import { answerTraces } from "../lib/trace/trace_answers.ts";
import { runRole } from "./bootstrap.ts";
import { runWhileMaster } from "../lib/election/while_master.ts";

await runRole("resource-syncer", async (context) => {
  const { config, job, signal } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  const standby = new StandbyAnswers(config, etcd, job);
  standby.begin();
  const stop = new AbortController();
  const traces = answerTraces({ config, etcd, job }, AbortSignal.any([signal, stop.signal]));
  try {
    await runWhileMaster(
      context,
      (term) => standby.without(() => runResourceSyncer(term, config, etcd, job)),
    );
  } finally {
    stop.abort();
    await standby.end();
    await traces;
    etcd.close();
  }
});
