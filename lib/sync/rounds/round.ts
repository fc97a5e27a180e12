/**
 * One round of comparing over every followed collection, slice by slice, ports last. What differs is made equal
 * with its slice. Whatever would be deleted and has to be believed waits for the end of the round, where the
 * loss is judged as a whole, just as that of one run: by many small slices a cloud is not lost either.
 *
 * A failure wastes no more than its slice: the next call goes on where it was.
 *
 * @module
 */
import type { Project } from "../../openstack/records.ts";
import type { NeutronClient } from "../../openstack/neutron.ts";
import type { Term } from "../../role/master_context.ts";
import { completeCluster } from "../apply/cluster_config.ts";
import { type ResyncDeps, SyncRun } from "../apply/sync_run.ts";
import type { CloudIndex } from "../index/cloud_index.ts";
import { type Followed, followedIn } from "../model/collections.ts";
import { applyChanges, type Changed, noChanges } from "../sources/changes.ts";
import { projectsAreDue } from "../sources/read_related.ts";
import { CollectionWalk, type Found } from "./collection_walk.ts";
import { lookThroughKeys } from "./key_look.ts";

/** What a round is made of. */
export interface RoundOptions {
  readonly index: CloudIndex;
  /** Asked for lists; what is looked at by name is asked of the client of the slice's deps. */
  readonly neutron: NeutronClient;
  /** Objects are read whole and compared with etcd. */
  readonly whole: boolean;
}

/** One round, from its first slice to its end. */
export class Round {
  /** Whether all has been compared, and what was missing is judged. */
  ended = false;
  /** There was something that only a full resync can deal with; known at the end. */
  needsFull = false;
  /** Objects that are known at the beginning. */
  readonly total: number;
  readonly #walks: readonly CollectionWalk[];
  #at = 0;
  /** What the slice that is under way has found, while that is not made equal; null: nothing is under way. */
  #found: Found | null = null;
  /** The same while its pages are read: what came before one of them failed. */
  #reading: Found | null = null;
  /** What waits for the end. */
  readonly #later: Changed;

  constructor(readonly options: RoundOptions) {
    const { index, neutron, whole } = options;
    const offered = followedIn(index.table).filter((name) => neutron.extensions.offers(name));
    // What ports name comes before them.
    const names = [...offered.filter((name) => name !== "ports"), "ports" as const];
    this.#walks = names.map((name) => new CollectionWalk(name, neutron, index, whole));
    this.#later = noChanges(index.table);
    this.total = names.reduce((sum, name) => sum + index.revisions[name].size, 0);
  }

  /** Objects that were compared so far. */
  get compared(): number {
    return this.#walks.reduce((sum, { listed }) => sum + listed, 0);
  }

  /** Where it is: a collection, or its end. */
  get place(): Followed | "end" {
    return this.#walks[this.#at]?.name ?? "end";
  }

  /**
   * Does the next slice; resolves to the run, with what it has changed and held back.
   *
   * @throws what reading or writing threw; called again it goes on there.
   */
  async slice(deps: ResyncDeps, term: Term): Promise<SyncRun> {
    const { index } = this.options;
    const walk = this.#walks[this.#at];
    if (!walk) {
      const run = new SyncRun(deps, term, index);
      await this.#finish(run);
      this.ended = true;
      return run;
    }
    const run = new SyncRun(deps, term, index, {
      later: (name, ids) => {
        for (const id of ids) this.#later[name].add(id);
      },
    });
    if (!this.#found) {
      const found = this.#reading ??= { changed: new Set(), revisions: new Map() };
      await walk.read(run, found);
      this.#found = found;
      this.#reading = null;
    }
    await this.#apply(run, walk.name, this.#found);
    this.#found = null;
    if (walk.done) this.#at++;
    return run;
  }

  async #apply(run: SyncRun, name: Followed, { changed, revisions }: Found): Promise<void> {
    const projects = await dueProjects(run);
    const all = noChanges(run.index.table);
    for (const id of changed) all[name].add(id);
    if (changed.size > 0 || projects) await applyChanges(run, all, projects);
    // What cannot be understood is looked at again when it has changed again.
    const known = run.index.revisions[name];
    for (const [id, revision] of revisions) {
      if (known.get(id) === undefined) known.set(id, revision);
    }
  }

  /** Judges what is missing, and looks for what others have left in etcd. */
  async #finish(run: SyncRun): Promise<void> {
    const { whole } = this.options;
    const changed = noChanges(run.index.table);
    if (whole) this.needsFull = await lookThroughKeys(run, changed);
    for (const walk of this.#walks) {
      const { name } = walk;
      const gone = walk.gone();
      const held = gone.length > 0 ? run.index.revisions[name].size : 0;
      // When so many cannot be gone, nothing of the collection is looked at as gone.
      if (run.believes(name, { held, listed: walk.listed }, gone)) {
        for (const id of gone) changed[name].add(id);
      }
      for (const id of this.#later[name]) changed[name].add(id);
      await run.breathe();
    }
    await applyChanges(run, changed, await dueProjects(run));
    if (whole) await completeCluster(run);
  }
}

function dueProjects(run: SyncRun): Promise<Project[] | null> {
  const { keystone } = run.deps;
  return projectsAreDue(run) ? keystone.listProjects(run.term.signal) : Promise.resolve(null);
}
