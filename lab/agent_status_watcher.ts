/** The agent status watcher of a node in the lab, to which its reports go. @module */
import { runRole } from "../roles/bootstrap.ts";
import { watchAgents } from "../roles/watch_agents.ts";
import { HttpReporter } from "./http_reporter.ts";

await runRole("agent-status-watcher", async (context) => {
  const { config: { lab }, job: { clock } } = context;
  await watchAgents(context, () => new HttpReporter(lab!.reportUrl, clock));
});
