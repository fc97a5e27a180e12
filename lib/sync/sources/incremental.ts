/**
 * Between full resyncs: ids and revision numbers of every collection are listed, and what is new, gone
 * or has another revision is looked at, together with the ports whose endpoints show it. What changes
 * in etcd behind our back is left to the full resync. How each port is comes with its revision, which a change of its
 * status does not always raise, for whoever compares that with what Felix says.
 *
 * @module
 */
import { joinAll } from "../../base/join_loops.ts";
import { collect } from "../../openstack/listing.ts";
import { REVISION_FIELDS, revisionSchema, STATE_FIELDS } from "../../openstack/records.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { sizeOf } from "../index/backlog.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import type { Listing, Revisions } from "../index/revisions.ts";
import { type Followed, followedIn, type Related } from "../model/collections.ts";
import { applyChanges, type Changed, noChanges } from "./changes.ts";
import { cutsByIndex } from "./cuts.ts";
import { PassedPorts } from "./passed_ports.ts";
import { projectsAreDue } from "./read_related.ts";

/** What a listing shows. */
interface Listed {
  readonly count: number;
  /** What is new or has another revision than the index has. */
  readonly revisions: ReadonlyMap<string, number>;
  readonly gone: readonly string[];
  /** Those of them that were held back before. */
  readonly lost: readonly string[];
}

/**
 * Finds what has changed since the last run and makes it equal; resolves to how many objects, without those that
 * were held back before and still are.
 */
export async function incrementalResync(run: SyncRun): Promise<number> {
  const { keystone } = run.deps;
  const changed = noChanges(run.index.table);
  const [projects, listed] = await joinAll(run.term.signal, [
    (signal) => projectsAreDue(run) ? keystone.listProjects(signal) : Promise.resolve(null),
    (signal) => findChanged(run, followedIn(run.index.table), changed, "run", signal),
  ]);
  const scope = await applyChanges(run, changed, projects);
  // What cannot be understood is looked at again when it has changed again.
  let stillLost = 0;
  for (const [name, { revisions, lost }] of listed) {
    const known = run.index.revisions[name];
    for (const [id, revision] of revisions) {
      if (known.get(id) === undefined) known.set(id, revision);
    }
    stillLost += lost.filter((id) => changed[name].has(id) && known.isLost(id)).length;
  }
  return sizeOf(scope) - stillLost;
}

/**
 * Lists these collections and adds what is not as the index has it; resolves to what the listings show. `by`: whose
 * listing it is, for others may list the same with the same index meanwhile.
 */
export async function findChanged(
  run: SyncRun,
  collections: Iterable<Followed>,
  changed: Changed,
  by: Listing,
  signal = run.term.signal,
): Promise<ReadonlyMap<Followed, Listed>> {
  const lists = [...collections].map((name) => async (signal: AbortSignal) => {
    const counted = (run.index.table[name].isCounted ?? true) || !isRelated(run.index, name);
    const list = counted ? listRevisions(run, name, by, signal) : listWhole(run, name, by, signal);
    return [name, await list] as const;
  });
  const listed = await joinAll(signal, lists);
  for (const [name, { count, revisions, gone }] of listed) {
    for (const id of revisions.keys()) changed[name].add(id);
    // When so many cannot be gone, nothing of the collection is looked at as gone.
    const held = gone.length > 0 ? run.index.revisions[name].size : 0;
    if (run.believes(name, { held, listed: count }, gone)) {
      for (const id of gone) changed[name].add(id);
    }
    await run.breathe();
  }
  return new Map(listed);
}

function isRelated({ table }: CloudIndex, name: Followed): name is Followed & Related {
  return table[name].shown !== null;
}

/** Lists a collection; nothing is kept of what is as it was. */
async function listRevisions(
  run: SyncRun,
  name: Followed,
  by: Listing,
  signal: AbortSignal,
): Promise<Listed> {
  const { deps, index } = run;
  const known = index.revisions[name];
  const counted = deps.neutron.extensions.has("standard-attr-revisions");
  const revisions = new Map<string, number>();
  let count = 0;
  known.startListing(by);
  const see = (id: string, revision: number) => {
    count++;
    if (!known.listed(id, revision, by) || !counted) revisions.set(id, revision);
  };
  const passed = name === "ports" && deps.onPorts ? new PassedPorts(deps) : null;
  const pages = deps.neutron.pages(name, revisionSchema, signal, {
    fields: [...REVISION_FIELDS, ...passed ? STATE_FIELDS : []],
    optional: passed?.fields,
    cuts: cutsByIndex(run, name),
    // Most records are just as they should; only others are worth a closer look.
    known(record, askedAt) {
      passed?.note(record, askedAt);
      const { id, revision_number } = record as { id?: unknown; revision_number?: unknown };
      if (typeof id !== "string" || typeof revision_number !== "number") return false;
      see(id, revision_number);
      return true;
    },
  });
  const onPage = () => deps.progress("listing revisions");
  const { items, refused } = await collect(passed ? passed.follow(pages) : pages, onPage);
  for (const { id, revision_number } of items) see(id, revision_number);
  // What is not understood is there all the same; its record is asked for by id.
  for (const { id } of refused) if (id !== "") see(id, -1);
  return { count, revisions, ...goneFrom(known, by) };
}

/** Lists a collection whose revisions do not tell all, and compares what is shown of its objects. */
async function listWhole<C extends Followed & Related>(
  { deps, index }: SyncRun,
  name: C,
  by: Listing,
  signal: AbortSignal,
): Promise<Listed> {
  const { schema } = index.table[name];
  const known = index.revisions[name];
  const onPage = () => deps.progress("listing revisions");
  const { items, refused } = await deps.neutron.list(name, schema, signal, { onPage });
  const revisions = new Map<string, number>();
  known.startListing(by);
  for (const object of items) {
    const { id, revision_number } = object;
    const isKnown = known.listed(id, revision_number, by);
    if (!isKnown || !index.related.showsSame(name, object)) revisions.set(id, revision_number);
  }
  for (const { id } of refused) {
    if (id === "") continue;
    known.listed(id, -1, by);
    revisions.set(id, -1);
  }
  return { count: items.length + refused.length, revisions, ...goneFrom(known, by) };
}

function goneFrom(known: Revisions, by: Listing): Pick<Listed, "gone" | "lost"> {
  const gone = known.gone(by);
  return { gone, lost: gone.filter((id) => known.isLost(id)) };
}
