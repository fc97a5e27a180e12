/**
 * The endpoint status watcher: endpoint status in etcd to port status in Neutron, and a live
 * migration's arrival to Nova, while this node is master.
 *
 * @module
 */
import { openEtcd } from "../lib/etcd/client.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { NeutronClient } from "../lib/openstack/neutron.ts";
import { NovaClient } from "../lib/openstack/nova.ts";
import { DataPlaneStatus } from "../lib/status/data_plane_status.ts";
import { type NotifyNova, runEndpointStatusWatcher } from "../lib/status/endpoint_status.ts";
import { runRole } from "./bootstrap.ts";
import { openReporter } from "./reporter.ts";
import { runWhileMaster } from "../lib/election/run_while_master.ts";

await runRole("endpoint-status-watcher", async (context) => {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    using auth = new KeystoneAuth(config.openstack, job.clock);
    const neutron = new NeutronClient(config.openstack, auth);
    const { novaUrl } = config.openstack;
    const nova = novaUrl === null ? null : new NovaClient(novaUrl, auth);
    const notifyNova: NotifyNova | null = nova &&
      ((server, port, signal) => nova.networkVifPlugged(server, port, signal));
    await runWhileMaster(context, async (term) => {
      const dataPlane = new DataPlaneStatus(neutron, auth, job.log);
      await using reporter = openReporter(config, job, "ports", dataPlane);
      await runEndpointStatusWatcher(term, config, etcd, job, reporter, notifyNova);
    });
  } finally {
    etcd.close();
  }
});
