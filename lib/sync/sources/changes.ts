/**
 * From objects that may have changed to all that this concerns, made equal: a network's name and QoS
 * policy show on its ports, so do a subnet's gateway, a group's name, a floating IP, a QoS policy and
 * a project, none of which raises the ports' own revision. The incremental resync and the events from
 * the bus are both this.
 *
 * What endpoints show of an object is noted first, and only then are the ports listed that show it: a port
 * that is translated later shows the new, one that was translated before is in the list.
 *
 * @module
 */
import type { Project } from "../../openstack/records.ts";
import { certainlyGone } from "../apply/gone.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { type Scope, sizeOf, type Work } from "../index/backlog.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import {
  COLLECTIONS,
  type Followed,
  followedIn,
  type Listings,
  readEach,
  type Related,
  relatedIn,
  shownOf,
} from "../model/collections.ts";
import { filtersBy } from "../model/naming.ts";
import { reconcile } from "./named.ts";

/** Ids by collection of what may be new, changed or gone. */
export type Changed = Readonly<Record<Followed, Set<string>>>;

/** Nothing yet. */
export function noChanges(table = COLLECTIONS): Changed {
  return Object.fromEntries(followedIn(table).map((name) => [name, new Set()])) as Changed;
}

/**
 * Makes equal what has changed and what is in the backlog; resolves to what was looked at. `projects` are
 * all projects as just read, or null. When it fails, all that could be lost is in the index's backlog.
 */
export async function applyChanges(
  run: SyncRun,
  changed: Changed,
  projects: readonly Project[] | null = null,
): Promise<Scope> {
  const work = await readChanged(run, changed);
  if (projects) noteProjects(run, projects, work);
  let scope: Scope;
  try {
    scope = await expandWork(run, work);
  } catch (error) {
    run.index.addToBacklog(work);
    throw error;
  }
  if (sizeOf(scope) > 0) await reconcile(run, scope, { fresh: false });
  return scope;
}

/**
 * Reads what has changed and notes it in the index; what that concerns, as far as the index knows, with the
 * backlog, which is taken.
 */
export async function readChanged(run: SyncRun, changed: Changed): Promise<Work> {
  const found = await read(run, changed);
  const work = run.index.takeBacklog();
  note(run.index, changed, found, work);
  return work;
}

/** Ports are read when they are compared. */
type Read = Exclude<Followed, "ports">;

/** What was read of what has changed. */
interface Found {
  readonly records: Listings<Read>;
  /** Ids by collection of what Neutron no longer has. */
  readonly gone: ReadonlyMap<Read, Iterable<string>>;
}

/**
 * Reads what has changed. What endpoints show of a network, subnet, group or policy that is not there stays
 * (see `kept_facets.ts`), so that not finding it harms nothing; a floating IP has to be certainly gone.
 */
async function read(run: SyncRun, changed: Changed): Promise<Found> {
  const { table, floatingIps, revisions } = run.index;
  const names = followedIn(table).filter((name): name is Read => name !== "ports");
  const records = await readEach(
    run.term.signal,
    names,
    (name, signal) => run.byId(name, changed[name], signal),
  );
  const gone = new Map<Read, Iterable<string>>();
  for (const name of names) {
    const { items, refused } = records[name];
    run.leaveRefused(name, refused);
    const there = new Set([...items, ...refused].map(({ id }) => id));
    gone.set(name, changed[name].difference(there));
  }
  const known = [...gone.get("floatingips")!]
    .filter((id) => floatingIps.addressOf(id) !== undefined);
  const held = revisions.floatingips.size;
  const doubt = { collection: "floatingips", held, listed: null, hidden: null } as const;
  const certain = await certainlyGone(run, known, doubt);
  for (const id of certain) run.goneAddresses.add(floatingIps.addressOf(id)!);
  return { records, gone: gone.set("floatingips", certain) };
}

/** Notes what was read, and adds what it concerns to the work. */
function note(index: CloudIndex, changed: Changed, found: Found, work: Work): void {
  for (const id of changed.ports) work.ports.add(id);
  for (const id of changed["security-groups"]) work.groups.add(id);
  for (const id of changed.subnets) work.subnets.add(id);
  for (const fip of found.records.floatingips.items) {
    for (const port of index.floatingIps.note(fip)) work.ports.add(port);
  }
  for (const id of found.gone.get("floatingips")!) {
    for (const port of index.floatingIps.delete(id)) work.ports.add(port);
  }
  for (const name of relatedIn(index.table)) noteRelated(index, name, found, work);
}

function noteRelated<C extends Read & Related>(
  index: CloudIndex,
  name: C,
  { records, gone }: Found,
  work: Work,
): void {
  const otherwise = new Set<string>();
  for (const object of records[name].items) {
    if (index.note(name, object)) otherwise.add(object.id);
  }
  for (const id of gone.get(name)!) {
    // Neutron deletes no address group that a rule names: it is hidden from us.
    if (name === "address-groups" && index.groupsNaming(id).length > 0) continue;
    index.forget(name, id);
    if (name === "qos/policies") otherwise.add(id);
  }
  index.addShowing(name, otherwise, work);
}

function noteProjects({ deps, index }: SyncRun, projects: readonly Project[], work: Work): void {
  const otherwise = projects.filter((project) => !index.related.showsSame("projects", project));
  index.addShowing("projects", new Set(otherwise.map(({ id }) => id)), work);
  index.projects(projects, deps.clock.monotonic());
}

/** The objects, with the ports listed that show others. */
async function expandWork(run: SyncRun, work: Work): Promise<Scope> {
  const ports = new Set(work.ports);
  for (const [name, ids] of work.portsOf) {
    const field = shownOf(run.index.table, name).portField!;
    for (const values of filtersBy(field, ids)) {
      for (const { id } of (await run.revisionsBy("ports", field, values)).items) ports.add(id);
    }
  }
  return { ports, groups: work.groups, subnets: work.subnets };
}
