/** How this configuration reports status: over the message bus when it names one. @module */
import type { Config } from "../lib/config/config_types.ts";
import type { JobContext } from "../lib/role/master_context.ts";
import { BusReporter } from "../lib/status/bus_reporter.ts";
import type { DataPlaneStatus } from "../lib/status/data_plane_status.ts";
import { MeasuredReporter } from "../lib/status/measured_reporter.ts";
import { HttpReporter, type HttpReporterConfig } from "../lib/status/http_reporter.ts";
import type { StatusReporter } from "../lib/status/reporter.ts";

/** Dispose of it to close its connection. */
export function openReporter(
  config: Pick<Config, "bus"> & HttpReporterConfig,
  job: JobContext,
  reports: "agents" | "ports",
  dataPlane: DataPlaneStatus | null = null,
): StatusReporter {
  const reporter = config.bus === null
    ? new HttpReporter(config, job.clock)
    : new BusReporter(config.bus, reports, job, dataPlane);
  return job.meter ? new MeasuredReporter(reporter, job.meter) : reporter;
}
