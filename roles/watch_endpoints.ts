/** The endpoint status watcher but for its reporter: the lab has an entry file of its own, with its own. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { KeystoneAuth } from "../lib/openstack/keystone.ts";
import { NeutronClient } from "../lib/openstack/neutron.ts";
import { newShared } from "../lib/openstack/shared.ts";
import { NovaClient } from "../lib/openstack/nova.ts";
import { runWhileMaster } from "../lib/election/while_master.ts";
import { DataPlaneStatus } from "../lib/status/data_plane_status.ts";
import type { NotifyNova } from "../lib/status/arrivals.ts";
import { EndpointStatusWatcher } from "../lib/status/endpoint_status.ts";
import { measured } from "../lib/status/measured_reporter.ts";
import type { StatusReporter } from "../lib/status/reporter.ts";
import { readSeenPorts } from "../lib/status/seen_ports.ts";
import type { RoleContext } from "./bootstrap.ts";

/**
 * Watches endpoints while this node is master; `open` gives a reporter for each term, which disposes of it.
 * `dataPlane` is for one that cannot report ERROR otherwise.
 */
export async function watchEndpoints(
  context: RoleContext<"endpoint-status-watcher">,
  open: (dataPlane: DataPlaneStatus) => StatusReporter,
): Promise<void> {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    using auth = new KeystoneAuth(config.openstack, job.clock);
    const neutron = new NeutronClient(
      config.openstack,
      auth,
      job.log,
      newShared(config.openstack, job.meter),
    );
    const { novaUrl } = config.openstack;
    const nova = novaUrl === null ? null : new NovaClient(novaUrl, auth);
    const notifyNova: NotifyNova | null = nova &&
      ((server, port, signal) => nova.networkVifPlugged(server, port, signal));
    await runWhileMaster(context, async (term) => {
      const dataPlane = new DataPlaneStatus(neutron, auth, job.log);
      await using reporter = measured(open(dataPlane), job.meter);
      using pages = readSeenPorts(config.stateDir);
      const options = { config, etcd, context: job, reporter, notifyNova, pages };
      await new EndpointStatusWatcher(term, options).run();
    });
  } finally {
    etcd.close();
  }
}
