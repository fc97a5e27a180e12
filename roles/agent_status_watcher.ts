/** The agent status watcher: Felix status in etcd to agent reports, while this node is master. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { runAgentStatusWatcher } from "../lib/status/agent_status.ts";
import { runRole } from "./bootstrap.ts";
import { openReporter } from "./reporter.ts";
import { runWhileMaster } from "../lib/election/run_while_master.ts";

await runRole("agent-status-watcher", async (context) => {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    await runWhileMaster(context, async (term) => {
      await using reporter = openReporter(config, job, "agents");
      await runAgentStatusWatcher(term, config, etcd, job, reporter);
    });
  } finally {
    etcd.close();
  }
});
