/** The resource syncer: Neutron's resources to etcd, while this node is master. @module */
import { openEtcd } from "../lib/etcd/client.ts";
import { runResourceSyncer } from "../lib/sync/resource_syncer.ts";
import { runRole } from "./bootstrap.ts";
import { runWhileMaster } from "./while_master.ts";

await runRole("resource-syncer", async (context) => {
  const { config, job } = context;
  const etcd = openEtcd(config.etcd, job.meter);
  try {
    await runWhileMaster(context, (term) => runResourceSyncer(term, config, etcd, job));
  } finally {
    etcd.close();
  }
});
