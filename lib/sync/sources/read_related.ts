/**
 * What ports' endpoints and groups' policies show of other objects: it is kept in the index; here it is
 * read, all of it or what is not there.
 *
 * @module
 */
import { joinAll } from "../../base/join_loops.ts";
import {
  floatingIpSchema,
  type Port,
  type SecurityGroup,
  type Subnet,
} from "../../openstack/records.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { newWork, type Scope } from "../index/backlog.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { type Followed, readEach, type Related, relatedIn, shownOf } from "../model/collections.ts";
import { addressGroupsIn, idsIn } from "../model/naming.ts";

/** Projects are read again between full resyncs at most so often, ms. */
const PROJECTS_MS = 60_000;
const POLICIES = "qos/policies";

/** Neutron's collections of which something is shown, by id. */
type Shown = Followed & Related;

/** Objects that were read on the way and have keys of their own. */
export interface News {
  readonly groups: readonly SecurityGroup[];
  readonly subnets: readonly Subnet[];
}

/** Collections that ports name by themselves; which QoS policy a port has may be its network's choice. */
function namedByPorts({ table }: CloudIndex): Shown[] {
  return relatedIn(table).filter((name) =>
    name !== POLICIES && shownOf(table, name).portField !== null
  );
}

/** Ids of a collection's objects that the ports name. */
function namedIn(index: CloudIndex, ports: readonly Port[], name: Related): string[] {
  const { portField } = shownOf(index.table, name);
  const ids = new Set(portField ? ports.flatMap((port) => idsIn(port, portField)) : []);
  for (const { network_id } of name === POLICIES ? ports : []) {
    const policy = index.related.networks.get(network_id)?.qos_policy_id;
    if (policy) ids.add(policy);
  }
  return [...ids];
}

/** Reads all of it. Other ports that show what has changed get into the backlog. */
export async function readFresh(run: SyncRun, ports: readonly Port[]): Promise<News> {
  if (ports.length === 0) return { groups: [], subnets: [] };
  const portIds = ports.map(({ id }) => id);
  const { signal } = run.term;
  const names = namedByPorts(run.index);
  const [fips, others] = await joinAll(signal, [
    (signal) => run.listBy("floatingips", floatingIpSchema, "port_id", portIds, undefined, signal),
    (signal) =>
      joinAll(signal, names.map((name) => (signal) => readShown(run, ports, name, signal))),
  ]);
  for (const take of others) take();
  run.index.addToBacklog(newWork({ ports: run.index.floatingIps.noteOf(portIds, fips.items) }));
  (await readShown(run, ports, POLICIES, signal))();
  await readProjects(run, ports);
  return { groups: [], subnets: [] };
}

/** Reads what is shown of those that the ports name; what it resolves to puts that into the index. */
async function readShown<C extends Shown>(
  run: SyncRun,
  ports: readonly Port[],
  name: C,
  signal: AbortSignal,
): Promise<() => void> {
  const { index } = run;
  const { schema, fields } = shownOf(index.table, name);
  const ids = namedIn(index, ports, name);
  const { items } = await run.listBy(name, schema, "id", ids, fields, signal);
  return () => index.addShowing(name, new Set(index.related.replace(name, ids, items)));
}

/**
 * Reads what the index does not have: an object so new that nothing has told of it yet. One with keys of its
 * own joins the scope: it is known from now on, so that a run that fails has to leave it to a later one.
 */
export async function readMissing(
  run: SyncRun,
  ports: readonly Port[],
  scope: Scope,
): Promise<News> {
  const read = <C extends Shown>(name: C, signal = run.term.signal) => {
    const known = run.index.related.of(name);
    const ids = namedIn(run.index, ports, name).filter((id) => !known.has(id));
    return run.byId(name, ids, signal);
  };
  const found = await readEach(run.term.signal, namedByPorts(run.index), read);
  run.index.noteAll(found);
  const groups = found["security-groups"].items.filter(({ id }) => !scope.groups.has(id));
  const subnets = found.subnets.items.filter(({ id }) => !scope.subnets.has(id));
  for (const { id } of groups) scope.groups.add(id);
  for (const { id } of subnets) scope.subnets.add(id);
  run.index.noteAll({ [POLICIES]: await read(POLICIES) });
  await readProjects(run, ports);
  return { groups, subnets };
}

/**
 * Reads the address groups that these groups' rules name, all or what the index does not have. What is not
 * shown stays there as it is: Neutron deletes none that a rule names.
 */
export async function readAddressGroups(
  run: SyncRun,
  groups: readonly SecurityGroup[],
  fresh: boolean,
): Promise<void> {
  const { index } = run;
  for (const group of groups) index.noteRules(group);
  const named = new Set(groups.flatMap((group) => [...addressGroupsIn(group)]));
  const ids = [...named].filter((id) => fresh || !index.related.addressGroups.has(id));
  const found = await run.byId("address-groups", ids);
  const otherwise = found.items.filter((group) => index.note("address-groups", group));
  const elsewhere = newWork();
  index.addShowing("address-groups", new Set(otherwise.map(({ id }) => id)), elsewhere);
  for (const { id } of groups) elsewhere.groups.delete(id);
  index.addToBacklog(elsewhere);
}

/** When the ports are of a project that is not known, projects are read again, once a minute. */
export async function readProjects(run: SyncRun, ports: readonly Port[]): Promise<void> {
  const { keystone, clock } = run.deps;
  const { signal } = run.term;
  const { projects } = run.index.related;
  const unknown = namedIn(run.index, ports, "projects").filter((id) => !projects.has(id));
  if (unknown.length === 0) return;
  if (projectsAreDue(run)) {
    const all = await keystone.listProjects(signal);
    // Ports of other projects show a new name too.
    const otherwise = run.index.projects(all, clock.monotonic());
    run.index.addShowing("projects", new Set(otherwise));
  }
  if (keystone.projects.truncated) {
    const all = await keystone.projects.including(unknown, signal);
    run.index.projects(all, run.index.projectsReadAt);
  }
}

/** Whether the last list of projects is old enough for another one. */
export function projectsAreDue({ deps, index }: SyncRun): boolean {
  return deps.clock.monotonic() - index.projectsReadAt > PROJECTS_MS;
}
