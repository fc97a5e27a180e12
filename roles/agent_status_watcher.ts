/** The agent status watcher: Felix status in etcd to agent reports, while this node is master. @module */
import { BusReporter } from "../lib/status/bus_reporter.ts";
import { NoBusReporter } from "../lib/status/no_bus_reporter.ts";
import { runRole } from "./bootstrap.ts";
import { watchAgents } from "./watch_agents.ts";

await runRole("agent-status-watcher", async (context) => {
  const { config: { bus }, job } = context;
  await watchAgents(context, () => bus ? new BusReporter(bus, "agents", job) : new NoBusReporter());
});
