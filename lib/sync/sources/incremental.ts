/**
 * Between full resyncs: ids and revision numbers of every collection are listed, and what is new, gone
 * or has another revision is looked at, together with the ports whose endpoints show it. What changes
 * in etcd behind our back is left to the full resync.
 *
 * @module
 */
import { addressGroupSchema, revisionSchema } from "../../openstack/records.ts";
import { whyHeld } from "../apply/guard.ts";
import { applyChanges, type Changed, noChanges } from "./changes.ts";
import { type CloudIndex, FOLLOWED, type Followed } from "../index/cloud_index.ts";
import type { SyncRun } from "../apply/sync_run.ts";
import { projectsAreDue } from "./read_related.ts";
import { sizeOf } from "../index/backlog.ts";

const REVISION_FIELDS = ["id", "revision_number"];

/** What a listing shows. */
interface Listed {
  readonly count: number;
  /** What is new or has another revision than remembered. */
  readonly revisions: ReadonlyMap<string, number>;
  readonly gone: readonly string[];
}

/** Finds what has changed since the last run and makes it equal; resolves to how many objects. */
export async function incrementalResync(run: SyncRun, index: CloudIndex): Promise<number> {
  const { keystone, clock } = run.deps;
  const changed = noChanges();
  const [projects, listed] = await Promise.all([
    projectsAreDue(index, clock) ? keystone.listProjects(run.term.signal) : null,
    findChanged(run, index, FOLLOWED, changed),
  ]);
  const scope = await applyChanges(run, index, changed, projects);
  // What cannot be understood is looked at again when it has changed again.
  for (const [kind, { revisions }] of listed) {
    const known = index.revisions[kind];
    for (const [id, revision] of revisions) {
      if (known.get(id) === undefined) known.set(id, revision);
    }
  }
  return sizeOf(scope);
}

/** Lists these kinds and adds what is not as remembered; resolves to what the listings show. */
export async function findChanged(
  run: SyncRun,
  index: CloudIndex,
  kinds: Iterable<Followed>,
  changed: Changed,
): Promise<ReadonlyMap<Followed, Listed>> {
  const listed = await Promise.all(
    [...kinds].map(async (kind) => {
      const listed = kind === "address-groups"
        ? await listAddressGroups(run, index)
        : await listChanges(run, index, kind);
      return [kind, listed] as const;
    }),
  );
  for (const [kind, { revisions, gone, ...listing }] of listed) {
    for (const id of revisions.keys()) changed[kind].add(id);
    if (isBelieved(run, index, kind, listing.count, gone)) {
      for (const id of gone) changed[kind].add(id);
    }
    await run.breathe();
  }
  return new Map(listed);
}

/** Whether so many can be gone; else nothing of the kind is looked at as gone. */
function isBelieved(
  run: SyncRun,
  index: CloudIndex,
  collection: Followed,
  listed: number,
  gone: readonly string[],
): boolean {
  if (gone.length === 0 || run.options.allowDeletions) return true;
  const held = index.revisions[collection].size;
  const loss = { held, listed, lost: gone.length };
  const why = whyHeld(loss, run.deps.maxDeletions ?? null);
  if (why !== null) run.hold({ collection, why, held, lost: gone.length, names: [...gone] });
  return why === null;
}

/** Lists a collection; nothing is kept of what is as it was. */
async function listChanges(
  { deps, term }: SyncRun,
  index: CloudIndex,
  kind: Followed,
): Promise<Listed> {
  const known = index.revisions[kind];
  const counted = deps.neutron.extensions.has("standard-attr-revisions");
  const revisions = new Map<string, number>();
  let count = 0;
  known.startListing();
  const see = (id: string, revision: number) => {
    count++;
    if (!known.listed(id, revision) || !counted) revisions.set(id, revision);
  };
  const { items, refused } = await deps.neutron.list(kind, revisionSchema, term.signal, {
    fields: REVISION_FIELDS,
    onPage: () => deps.progress("listing revisions"),
    // Most records are just as they should; only others are worth a closer look.
    known(record) {
      const { id, revision_number } = record as { id?: unknown; revision_number?: unknown };
      if (typeof id !== "string" || typeof revision_number !== "number") return false;
      see(id, revision_number);
      return true;
    },
  });
  for (const { id, revision_number } of items) see(id, revision_number);
  // What is not understood is there all the same; its record is asked for by id.
  for (const { id } of refused) if (id !== "") see(id, -1);
  return { count, revisions, gone: known.gone() };
}

/**
 * Lists the address groups with their addresses: Neutron 29 does not raise the revision when one is taken
 * out, and sends no notification of it.
 */
async function listAddressGroups(
  { deps, term }: SyncRun,
  index: CloudIndex,
): Promise<Listed> {
  const kind = "address-groups";
  const known = index.revisions[kind];
  const before = index.related.addressGroups;
  const onPage = () => deps.progress("listing address groups");
  const { items, refused } = await deps.neutron.list(kind, addressGroupSchema, term.signal, {
    onPage,
  });
  const revisions = new Map<string, number>();
  known.startListing();
  for (const { id, revision_number, addresses } of items) {
    const isSame = JSON.stringify(before.get(id)?.addresses) === JSON.stringify(addresses);
    if (!known.listed(id, revision_number) || !isSame) revisions.set(id, revision_number);
  }
  for (const { id } of refused) {
    if (id === "") continue;
    known.listed(id, -1);
    revisions.set(id, -1);
  }
  return { count: items.length + refused.length, revisions, gone: known.gone() };
}
