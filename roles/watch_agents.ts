/** The agent status watcher but for its reporter: the lab has an entry file of its own, with its own. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { runWhileMaster } from "../lib/election/while_master.ts";
import { AgentStatusWatcher } from "../lib/status/agent_status.ts";
import { measured } from "../lib/status/measured_reporter.ts";
import type { StatusReporter } from "../lib/status/reporter.ts";
import type { RoleContext } from "./bootstrap.ts";

/** Watches agents while this node is master; `open` gives a reporter for each term, which disposes of it. */
export async function watchAgents(
  context: RoleContext<"agent-status-watcher">,
  open: () => StatusReporter,
): Promise<void> {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    await runWhileMaster(context, async (term) => {
      await using reporter = measured(open(), job.meter);
      await new AgentStatusWatcher(term, { config, etcd, context: job, reporter }).run();
    });
  } finally {
    etcd.close();
  }
}
