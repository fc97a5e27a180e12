/**
 * From objects that may have changed to all that this concerns, made equal: a network's name and QoS
 * policy show on its ports, so do a subnet's gateway, a group's name, a floating IP, a QoS policy and
 * a project, none of which raises the ports' own revision. The incremental resync and the events from
 * the bus are both this.
 *
 * What endpoints show of an object is remembered first, and only then are the ports listed that show
 * it: a port that is translated later shows the new, one that was translated before is in the list.
 *
 * @module
 */
import {
  addressGroupSchema,
  floatingIpSchema,
  networkSchema,
  type Project,
  qosPolicySchema,
  revisionSchema,
  securityGroupSchema,
  subnetSchema,
} from "../../openstack/records.ts";
import { certainlyGone } from "../apply/gone.ts";
import { type CloudIndex, FOLLOWED, type Followed } from "../index/cloud_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { reconcile } from "./named.ts";
import { type Scope, SHOWN_BY, sizeOf, type Work } from "../index/backlog.ts";

/** Ids by kind of what may be new, changed or gone. */
export type Changed = Readonly<Record<Followed, Set<string>>>;

/** Nothing yet. */
export function noChanges(): Changed {
  return Object.fromEntries(FOLLOWED.map((kind) => [kind, new Set()])) as unknown as Changed;
}

/**
 * Makes equal what has changed and what an earlier run owes; resolves to what was looked at. `projects` are all projects as just read, or null. When it fails, all that could be lost is owed
 * by the index.
 */
export async function applyChanges(
  run: SyncRun,
  index: CloudIndex,
  changed: Changed,
  projects: readonly Project[] | null = null,
): Promise<Scope> {
  const records = await readRecords(run, changed);
  const work = index.takeBacklog();
  const gone = await goneOf(run, index, changed, records);
  note(index, changed, records, gone, projects, work);
  if (projects) index.projects(projects, run.deps.clock.monotonic());
  let scope: Scope;
  try {
    scope = await expandWork(run, work);
  } catch (error) {
    index.addToBacklog(work);
    throw error;
  }
  if (sizeOf(scope) > 0) await reconcile(run, index, scope, { fresh: false });
  return scope;
}

type Records = Awaited<ReturnType<typeof readRecords>>;

function byCollection({ networks, subnets, groups, fips, policies, addressGroups }: Records) {
  return [
    ["networks", networks],
    ["subnets", subnets],
    ["security-groups", groups],
    ["floatingips", fips],
    ["qos/policies", policies],
    ["address-groups", addressGroups],
  ] as const;
}

/**
 * Ids of what Neutron no longer has, by kind. What endpoints show of a network, subnet, group or policy that
 * is not there stays (see `kept_facets.ts`), so that not finding it harms nothing; a floating IP has to be
 * certainly gone.
 */
async function goneOf(
  run: SyncRun,
  index: CloudIndex,
  changed: Changed,
  records: Records,
): Promise<ReadonlyMap<Exclude<Followed, "ports">, Iterable<string>>> {
  const gone = new Map<Exclude<Followed, "ports">, Iterable<string>>();
  for (const [kind, { items, refused }] of byCollection(records)) {
    const there = new Set([...items, ...refused].map(({ id }) => id));
    const absent = [...changed[kind]].filter((id) => !there.has(id));
    if (kind !== "floatingips") {
      gone.set(kind, absent);
      continue;
    }
    const known = absent.filter((id) => index.addressOf(id) !== undefined);
    const doubt = { held: index.revisions[kind].size, listed: null, hidden: null };
    const certain = await certainlyGone(run, index, kind, known, doubt);
    for (const id of certain) run.goneAddresses.add(index.addressOf(id)!);
    gone.set(kind, certain);
  }
  return gone;
}

async function readRecords(run: SyncRun, changed: Changed) {
  const { neutron } = run.deps;
  const { signal } = run.term;
  const ids = (kind: Followed) => [...changed[kind]];
  const [networks, subnets, groups, fips, policies, addressGroups] = await Promise.all([
    neutron.listBy("networks", networkSchema, signal, "id", ids("networks")),
    neutron.listBy("subnets", subnetSchema, signal, "id", ids("subnets")),
    neutron.listBy("security-groups", securityGroupSchema, signal, "id", ids("security-groups")),
    neutron.listBy("floatingips", floatingIpSchema, signal, "id", ids("floatingips")),
    neutron.listBy("qos/policies", qosPolicySchema, signal, "id", ids("qos/policies")),
    neutron.listBy("address-groups", addressGroupSchema, signal, "id", ids("address-groups")),
  ]);
  const records = { networks, subnets, groups, fips, policies, addressGroups };
  for (const [collection, { refused }] of byCollection(records)) {
    run.leaveRefused(collection, refused);
  }
  return records;
}

/** Remembers the records, and adds what they concern to the work. */
function note(
  index: CloudIndex,
  changed: Changed,
  records: Records,
  gone: Awaited<ReturnType<typeof goneOf>>,
  projects: readonly Project[] | null,
  work: Work,
): void {
  const { ports, groups, subnets, portsOf } = work;
  for (const id of changed.ports) ports.add(id);
  for (const id of changed["security-groups"]) groups.add(id);
  for (const id of changed.subnets) subnets.add(id);
  for (const network of records.networks.items) {
    if (index.network(network)) portsOf.network_id.add(network.id);
  }
  for (const subnet of records.subnets.items) {
    if (index.subnet(subnet)) portsOf.fixed_ips.add(subnet.id);
  }
  for (const group of records.groups.items) {
    if (index.group(group)) portsOf.security_groups.add(group.id);
  }
  for (const group of records.addressGroups.items) {
    if (!index.addressGroup(group)) continue;
    for (const id of index.groupsNaming(group.id)) groups.add(id);
  }
  for (const fip of records.fips.items) {
    for (const port of index.floatingIp(fip)) ports.add(port);
  }
  const policies = new Set<string>();
  for (const policy of records.policies.items) {
    if (index.policy(policy)) policies.add(policy.id);
  }
  for (const [kind, ids] of gone) {
    for (const id of ids) {
      // Neutron deletes no address group that a rule names: it is hidden from us.
      if (kind === "address-groups" && index.groupsNaming(id).length > 0) continue;
      for (const port of index.forget(kind, id)) ports.add(port);
      if (kind === "qos/policies") policies.add(id);
    }
  }
  index.addPortsOfPolicies(policies, work);
  for (const { id, name, parent_id } of projects ?? []) {
    const known = index.related.projects.get(id);
    if (known?.name !== name || known.parent_id !== parent_id) portsOf.project_id.add(id);
  }
}

/** The objects, with the ports listed that show others. */
async function expandWork({ deps, term }: SyncRun, work: Work): Promise<Scope> {
  const ports = new Set(work.ports);
  for (const field of SHOWN_BY) {
    const ids = [...work.portsOf[field]];
    // `fixed_ips` repeated means "and": one request each.
    const sets = field === "fixed_ips" ? ids.map((id) => [`subnet_id=${id}`]) : [ids];
    for (const set of sets) {
      const found = await deps.neutron.listBy("ports", revisionSchema, term.signal, field, set, [
        "id",
        "revision_number",
      ]);
      for (const { id } of found.items) ports.add(id);
    }
  }
  return { ports, groups: work.groups, subnets: work.subnets };
}
