/**
 * The endpoint status watcher: endpoint status in etcd to port status in Neutron, and a live
 * migration's arrival to Nova, while this node is master.
 *
 * @module
 */
import { BusReporter } from "../lib/status/bus_reporter.ts";
import { NoBusReporter } from "../lib/status/no_bus_reporter.ts";
import { runRole } from "./bootstrap.ts";
import { watchEndpoints } from "./watch_endpoints.ts";

await runRole("endpoint-status-watcher", async (context) => {
  const { config: { bus }, job } = context;
  await watchEndpoints(
    context,
    (dataPlane) => bus ? new BusReporter(bus, "ports", job, dataPlane) : new NoBusReporter(),
  );
});
