/**
 * The endpoint status watcher: endpoint status in etcd to port status in Neutron, and a live
 * migration's arrival to Nova, while this node is master.
 *
 * @module
 */
import { openEtcd } from "../lib/etcd/client.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { NovaClient } from "../lib/openstack/nova.ts";
import { runEndpointStatusWatcher } from "../lib/status/endpoint_status.ts";
import { HttpReporter } from "../lib/status/http_reporter.ts";
import { runRole } from "./bootstrap.ts";
import { runWhileMaster } from "./while_master.ts";

await runRole("endpoint-status-watcher", async (context) => {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd);
  try {
    const reporter = new HttpReporter(config, job.clock);
    const nova = new NovaClient(
      config.openstack.novaUrl,
      new KeystoneAuth(config.openstack, job.clock),
    );
    await runWhileMaster(context, (term) =>
      runEndpointStatusWatcher(
        term,
        config,
        etcd,
        job,
        reporter,
        (server, port, signal) => nova.networkVifPlugged(server, port, signal),
      ));
  } finally {
    etcd.close();
  }
});
