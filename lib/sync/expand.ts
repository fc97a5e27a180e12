/**
 * From what an operator names to the objects that are looked at: a network includes its subnets and
 * ports, a subnet its ports, a port on request its security groups; what Neutron no longer knows is
 * found by what etcd still holds of it.
 *
 * @module
 */
import { resourcePrefixes } from "../calico/keys.ts";
import { readSnapshot } from "../etcd/snapshot.ts";
import { portSchema, revisionSchema } from "../openstack/records.ts";
import type { ResyncRequest } from "../state_records.ts";
import { subjectOf } from "./compare.ts";
import type { Memory } from "./memory.ts";
import type { Pass } from "./pass.ts";
import { emptyScope, PORT_FIELDS, type Scope } from "./reconcile.ts";

const decoder = new TextDecoder();

/** The objects that the request means. */
export async function expand(pass: Pass, memory: Memory, request: ResyncRequest): Promise<Scope> {
  const { neutron } = pass.deps;
  const { signal } = pass.term;
  const scope = emptyScope();
  for (const id of request.ports) scope.ports.add(id);
  for (const id of request.subnets) scope.subnets.add(id);
  for (const id of request.groups) scope.groups.add(id);
  if (request.networks.length > 0) {
    const by = [signal, "network_id", request.networks, ["id", "revision_number"]] as const;
    const subnets = await neutron.listBy("subnets", revisionSchema, ...by);
    const ports = await neutron.listBy("ports", revisionSchema, ...by);
    for (const { id } of subnets.items) scope.subnets.add(id);
    for (const { id } of ports.items) scope.ports.add(id);
    await addLeftovers(pass, scope, request.networks);
  }
  for (const id of request.subnets) {
    const filter = [`subnet_id=${id}`];
    const fields = ["id", "revision_number"];
    const ports = await neutron.listBy(
      "ports",
      revisionSchema,
      signal,
      "fixed_ips",
      filter,
      fields,
    );
    for (const port of ports.items) scope.ports.add(port.id);
  }
  if (request.includeGroups) {
    const ids = [...scope.ports];
    const ports = await neutron.listBy("ports", portSchema, signal, "id", ids, PORT_FIELDS);
    for (const group of ports.items.flatMap((port) => port.security_groups)) {
      scope.groups.add(group);
    }
  }
  if (scope.ports.size > 0 && !memory.knowsKeys) await readKeys(pass, memory);
  return scope;
}

/** Objects of these networks in etcd. */
async function addLeftovers(pass: Pass, scope: Scope, networks: readonly string[]): Promise<void> {
  const { etcd, region, progress } = pass.deps;
  const prefixes = resourcePrefixes(region);
  for (const kind of ["WorkloadEndpoint", "Subnet"] as const) {
    const marks = networks.map((id) =>
      kind === "Subnet"
        ? `"network_id":${JSON.stringify(id)}`
        : `"openstack.projectcalico.org/network-id":${JSON.stringify(id)}`
    );
    const onPage = () => progress("resync: reading etcd");
    const options = { signal: pass.term.signal, onPage };
    for (const { key, value } of (await readSnapshot(etcd, prefixes[kind], options)).items) {
      const text = decoder.decode(value);
      if (!marks.some((mark) => text.includes(mark))) continue;
      const id = subjectOf(kind, key.slice(prefixes[kind].length))?.id;
      if (id) (kind === "Subnet" ? scope.subnets : scope.ports).add(id);
    }
  }
}

/** Which keys stand for which port, before any full pass has told. */
async function readKeys(pass: Pass, memory: Memory): Promise<void> {
  const prefixes = resourcePrefixes(pass.deps.region);
  for (const kind of ["WorkloadEndpoint", "LiveMigration"] as const) {
    for (const key of await pass.deps.etcd.getAll().prefix(prefixes[kind]).keys()) {
      const owner = subjectOf(kind, key.slice(prefixes[kind].length));
      if (owner) memory.addKey(owner.id, key);
    }
  }
}
