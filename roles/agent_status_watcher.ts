/** The agent status watcher: Felix status in etcd to agent reports, while this node is master. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { runAgentStatusWatcher } from "../lib/status/agent_status.ts";
import { HttpReporter } from "../lib/status/http_reporter.ts";
import { runRole } from "./bootstrap.ts";
import { runWhileMaster } from "./while_master.ts";

await runRole("agent-status-watcher", async (context) => {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd);
  try {
    const reporter = new HttpReporter(config, job.clock);
    await runWhileMaster(
      context,
      (term) => runAgentStatusWatcher(term, config, etcd, job, reporter),
    );
  } finally {
    etcd.close();
  }
});
