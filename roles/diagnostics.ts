/** Diagnostics: the page, its JSON and its health checks. @module */
import { createApp } from "../lib/diagnostics/app.ts";
import { nodeDetails } from "../lib/diagnostics/details.ts";
import { Fed } from "../lib/diagnostics/fed.ts";
import { Sampler } from "../lib/diagnostics/samples.ts";
import { runDiagnostics } from "../lib/diagnostics/server.ts";
import { readMetrics } from "../lib/diagnostics/metrics.ts";
import { nodeInfo, readStatus } from "../lib/health/read_status.ts";
import { requestRestart } from "../lib/state/restart_request.ts";
import { requestResync } from "../lib/state/resync_request.ts";
import { readAsked } from "../lib/sync/apply/difference_log.ts";
import { requestTrace } from "../lib/state/trace_request.ts";
import { readTraceFile } from "../lib/trace/trace_file.ts";
import { requestStepDown } from "../lib/state/step_down_request.ts";
import { runRole } from "./bootstrap.ts";

await runRole("diagnostics", async ({ config, job, signal, listen }) => {
  const node = { ...nodeInfo(config), startedAt: job.clock.now() };
  const read = () => readStatus(job.store, node, job.clock);
  const fed = new Fed();
  listen((line) => fed.take(line));
  const askTrace = async (query: string, by: string) => {
    const id = await requestTrace(job.store, job.clock, { query, by }, { signal });
    const found = await readTraceFile(config.stateDir, id);
    if (found) return found;
    throw new Error("another trace was asked for meanwhile: ask again");
  };
  const sampler = new Sampler({ readStatus: read, ...job });
  const app = createApp({
    readStatus: read,
    details: nodeDetails(config.stateDir, fed, sampler),
    trace: askTrace,
    readMetrics: () => readMetrics(job.store),
    meter: job.meter,
    now: () => job.clock.now(),
    signal,
    log: job.log,
    actions: {
      token: config.diagnostics.apiToken,
      requestResync: (request) => requestResync(job.store, job.clock, request),
      restart: (role, by) => requestRestart(job.store, job.clock, role, by),
      readResync: () => job.store.readResyncAnswer(),
      readAsked: (id) => readAsked(config.stateDir, id),
      stepDown: (by, pauseSeconds) => requestStepDown(job.store, job.clock, by, pauseSeconds),
    },
    allowedHosts: [
      config.diagnostics.host,
      config.nodeName,
      ...config.diagnostics.allowedHosts,
    ],
    requestRate: config.diagnostics.requestRate,
  });
  await Promise.all([
    sampler.run(signal),
    runDiagnostics(app, config.diagnostics, job, signal),
  ]);
});
