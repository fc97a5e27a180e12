/**
 * From what an operator names to the objects that are looked at: a network includes its subnets and
 * ports, a subnet its ports, a port on request its security groups; what Neutron no longer knows, and
 * what stands in etcd under another host or name, is found by what etcd holds of it.
 *
 * @module
 */
import { policyOrSubnetKey, resourcePrefixes } from "../../calico/keys.ts";
import { NETWORK_ID } from "../../calico/labels.ts";
import { readFenced } from "../../etcd/fenced_write.ts";
import { readSnapshot, snapshotPages } from "../../etcd/snapshot.ts";
import type { ResyncRequest } from "../../state/records.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { newWork, type Scope } from "../index/backlog.ts";
import { COLLECTIONS, type Followed } from "../model/collections.ts";
import { subjectOf } from "../model/kinds.ts";
import { filtersBy } from "../model/naming.ts";

const decoder = new TextDecoder();

/** The lists of a request. */
export type Named = Pick<
  ResyncRequest,
  "networks" | "subnets" | "ports" | "groups" | "includeGroups"
>;

/** What a request means. */
export interface Expanded {
  readonly scope: Scope;
  /** What was named and neither Neutron nor etcd knows, such as `port 7d1f…`. */
  readonly unknown: readonly string[];
}

/** The objects that the request means. */
export async function expand(run: SyncRun, named: Named): Promise<Expanded> {
  const scope: Scope = newWork(named);
  const networksInEtcd = await addNetworks(run, scope, named.networks);
  for (const filter of filtersBy("fixed_ips", named.subnets)) {
    for (const { id } of (await run.revisionsBy("ports", "fixed_ips", filter)).items) {
      scope.ports.add(id);
    }
  }
  if (named.includeGroups) {
    const ports = await run.byId("ports", scope.ports);
    for (const group of ports.items.flatMap((port) => port.security_groups)) {
      scope.groups.add(group);
    }
  }
  const portsInEtcd = await findKeys(run, scope.ports);
  const unknown = [
    ...await unknownTo(run, "networks", named.networks, networksInEtcd),
    ...await unknownTo(
      run,
      "subnets",
      named.subnets,
      await keysThere(run, "Subnet", named.subnets),
    ),
    ...await unknownTo(run, "ports", named.ports, portsInEtcd),
    ...await unknownTo(
      run,
      "security-groups",
      named.groups,
      await keysThere(run, "NetworkPolicy", named.groups),
    ),
  ];
  return { scope, unknown };
}

/** Adds the networks' subnets and ports; resolves to the networks of which etcd holds something. */
async function addNetworks(
  run: SyncRun,
  scope: Scope,
  networks: readonly string[],
): Promise<ReadonlySet<string>> {
  const inEtcd = new Set<string>();
  if (networks.length === 0) return inEtcd;
  const { etcd, region, progress } = run.deps;
  const subnets = await run.revisionsBy("subnets", "network_id", networks);
  const ports = await run.revisionsBy("ports", "network_id", networks);
  for (const { id } of subnets.items) scope.subnets.add(id);
  for (const { id } of ports.items) scope.ports.add(id);
  const prefixes = resourcePrefixes(region);
  for (const kind of ["WorkloadEndpoint", "Subnet"] as const) {
    const field = kind === "Subnet" ? "network_id" : NETWORK_ID;
    // Python prints a space after the colon.
    const marks = networks.flatMap((id) =>
      ["", " "].map((space) => [id, `"${field}":${space}${JSON.stringify(id)}`] as const)
    );
    const onPage = () => progress("reading etcd");
    const options = { signal: run.term.signal, onPage };
    for (const { key, value } of (await readSnapshot(etcd, prefixes[kind], options)).items) {
      const text = decoder.decode(value);
      const [network] = marks.find(([, mark]) => text.includes(mark)) ?? [];
      const id = network && subjectOf(kind, key.slice(prefixes[kind].length))?.id;
      if (!network || !id) continue;
      inEtcd.add(network);
      (kind === "Subnet" ? scope.subnets : scope.ports).add(id);
    }
  }
  return inEtcd;
}

/**
 * Finds the keys that stand for these ports, whatever host or device they name, and tells the index of
 * them; resolves to the ports that have one.
 */
async function findKeys(run: SyncRun, ports: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  if (ports.size === 0) return found;
  const { etcd, region, progress } = run.deps;
  const prefixes = resourcePrefixes(region);
  const options = { signal: run.term.signal, keysOnly: true };
  for (const kind of ["WorkloadEndpoint", "LiveMigration"] as const) {
    for await (const { items } of snapshotPages(etcd, prefixes[kind], options)) {
      progress("reading etcd");
      for (const { key } of items) {
        const owner = subjectOf(kind, key.slice(prefixes[kind].length));
        if (!owner || !ports.has(owner.id)) continue;
        run.index.addKey(owner.id, key);
        found.add(owner.id);
      }
      await run.breathe();
    }
  }
  return found;
}

/** Those of the ids whose key of that kind etcd has. */
async function keysThere(
  { deps, term }: SyncRun,
  kind: "Subnet" | "NetworkPolicy",
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const keyOf = (id: string) => policyOrSubnetKey(resourcePrefixes(deps.region), kind, id);
  const there = await readFenced(deps.etcd, term, ids.map(keyOf));
  return new Set(ids.filter((id) => there.has(keyOf(id))));
}

/** Those of the named that neither Neutron nor etcd knows, with what they would be. */
async function unknownTo(
  run: SyncRun,
  collection: Followed,
  named: readonly string[],
  inEtcd: ReadonlySet<string>,
): Promise<string[]> {
  const { items, refused } = await run.revisionsBy(collection, "id", named);
  const known = new Set([...items, ...refused].map(({ id }) => id)).union(inEtcd);
  return [...new Set(named)].filter((id) => !known.has(id))
    .map((id) => `${COLLECTIONS[collection].words[0]} ${id}`);
}
