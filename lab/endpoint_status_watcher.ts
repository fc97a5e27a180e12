/** The endpoint status watcher of a node in the lab, to which its reports go. @module */
import { runRole } from "../roles/bootstrap.ts";
import { watchEndpoints } from "../roles/watch_endpoints.ts";
import { HttpReporter } from "./http_reporter.ts";

await runRole("endpoint-status-watcher", async (context) => {
  const { config: { lab }, job: { clock } } = context;
  await watchEndpoints(context, () => new HttpReporter(lab!.reportUrl, clock));
});
