/** What a full resync reads before it compares: what endpoints and policies show of other objects. @module */
import {
  addressGroupSchema,
  floatingIpSchema,
  networkSchema,
  qosPolicySchema,
  subnetSchema,
} from "../../openstack/records.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";

/** Reads and remembers what endpoints and policies show of other objects. */
export async function readRelated(run: SyncRun, index: CloudIndex) {
  const { neutron, keystone, clock, progress } = run.deps;
  const { signal } = run.term;
  const onPage = () => progress("reading Neutron");
  index.related.unavailable = neutron.extensions.unavailable;
  return await run.timed("WorkloadEndpoint", "neutronReadMs", async () => {
    const [networks, subnets, floatingips, policies, addressGroups, projects] = await Promise.all([
      neutron.list("networks", networkSchema, signal, { onPage }),
      neutron.list("subnets", subnetSchema, signal, { onPage }),
      neutron.list("floatingips", floatingIpSchema, signal, { onPage }),
      neutron.list("qos/policies", qosPolicySchema, signal, { onPage }),
      neutron.list("address-groups", addressGroupSchema, signal, { onPage }),
      keystone.listProjects(signal),
    ]);
    for (const network of networks.items) index.network(network);
    for (const subnet of subnets.items) index.subnet(subnet);
    for (const policy of policies.items) index.policy(policy);
    for (const group of addressGroups.items) index.addressGroup(group);
    for (const fip of floatingips.items) index.floatingIp(fip);
    index.projects(projects, clock.monotonic());
    const { refused } = keystone.projects;
    return {
      networks,
      subnets,
      floatingips,
      "qos/policies": policies,
      "address-groups": addressGroups,
      projects: { items: projects, refused: [...refused] },
    };
  });
}
